//! Whole rounds through the library, compared bit by bit with the reference, over shapes of every
//! kind.

mod compare;
mod covering;
mod drawn;
mod graphs;
mod instructions;
mod quantising;
mod sweep;
mod variants;

use std::sync::Arc;

use crossdock::host::Layout;
use crossdock::{Float8, Fp8, KernelSet, Opaque, ScaleFormat, Wire};
use crossdock_trial::{Case, Choice};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use compare::{TARGETS, agrees_for, agrees_with_the_reference};
use drawn::cases;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_round_is_as_the_reference_says(case in cases()) {
        agrees_for(&case, TARGETS[case.seed as usize % 2]);
    }
}

#[test]
fn no_rank_has_tokens() {
    agrees_with_the_reference(&Case { rounds: vec![vec![0; 3]], ..Case::default() });
}

#[test]
fn one_rank_alone() {
    agrees_with_the_reference(&Case { experts_per_rank: 8, rounds: vec![vec![7]], ..Case::default() });
}

#[test]
fn no_token_has_a_route() {
    agrees_with_the_reference(&Case { choice: Choice::None, ..Case::default() });
}

#[test]
fn every_selection_names_one_expert() {
    agrees_with_the_reference(&Case { choice: Choice::One, rounds: vec![vec![9, 0, 20]], ..Case::default() });
}

#[test]
fn a_dock_serves_rounds_of_different_sizes() {
    agrees_with_the_reference(&Case {
        rounds: vec![vec![20, 0, 1], vec![0, 0, 0], vec![1, 20, 3]],
        ..Case::default()
    });
}

#[test]
fn the_widest_choice_takes_a_whole_warp() {
    agrees_with_the_reference(&Case { top_k: 32, experts_per_rank: 16, ..Case::default() });
}

#[test]
fn rows_longer_than_a_warp_moves_at_once() {
    for (hidden, wire) in [(2880, Wire::Bf16), (2880, Wire::FP8), (7168, Wire::Bf16), (7168, Wire::FP8)] {
        agrees_with_the_reference(&Case { hidden, wire, ..Case::default() });
    }
}

#[test]
fn dispatch_quantises_rows_of_every_format_in_every_layout() {
    let layouts = [Layout::BySource, Layout::ByExpert { alignment: 4 }, Layout::Masked { capacity: 31 * 6 }];
    for (index, scale) in
        [ScaleFormat::F32, ScaleFormat::PowerOfTwo, ScaleFormat::Ue8m0].into_iter().enumerate()
    {
        for (element, block, hidden) in [
            (Float8::E4m3, 128, 2880),
            (Float8::E5m2, 128, 1024),
            (Float8::E4m3, 32, 528),
            (Float8::E5m2, 16, 16),
        ] {
            let wire = Wire::Fp8(Fp8 { element, block, scale });
            let layout = layouts[(index + block as usize / 32) % 3];
            agrees_with_the_reference(&Case { wire, quantises: true, hidden, layout, ..Case::default() });
        }
    }
}

#[test]
fn opaque_rows_and_their_side_tensors_arrive_untouched() {
    // NVFP4 of 7168: two elements in a byte, and an e4m3 scale per 16 of them. MXFP8 of 96: a byte
    // per element and per 32 of them.
    for (row_bytes, sides, layout) in [
        (3584, [448, 0, 0, 0], Layout::BySource),
        (96, [3, 0, 0, 0], Layout::ByExpert { alignment: 8 }),
        (16, [0; 4], Layout::Masked { capacity: 31 * 6 }),
        (48, [1, 2, 3, 5], Layout::ByExpert { alignment: 1 }),
    ] {
        let wire = Wire::Opaque(Opaque { row_bytes, sides });
        let rounds = vec![vec![20, 0, 1], vec![2, 9, 20]];
        agrees_with_the_reference(&Case { wire, layout, rounds, ..Case::default() });
    }
}

#[test]
fn more_tokens_than_one_block_counts() {
    agrees_with_the_reference(&Case { hidden: 8, rounds: vec![vec![200, 33, 8]], ..Case::default() });
}

#[test]
fn seventy_two_ranks() {
    agrees_with_the_reference(&Case {
        experts_per_rank: 2,
        top_k: 8,
        hidden: 16,
        rounds: vec![vec![2; 72]],
        ..Case::default()
    });
}

#[test]
fn rows_lie_by_expert() {
    for layout in [
        Layout::ByExpert { alignment: 1 },
        Layout::ByExpert { alignment: 128 },
        Layout::Masked { capacity: 31 * 6 },
    ] {
        for (choice, wire) in
            [(Choice::Any, Wire::Bf16), (Choice::Sparse, Wire::FP8), (Choice::One, Wire::Bf16)]
        {
            let rounds = vec![vec![20, 0, 1], vec![2, 9, 20]];
            agrees_with_the_reference(&Case { layout, choice, wire, rounds, ..Case::default() });
        }
    }
}

#[test]
fn one_kernel_image_serves_all_token_counts() {
    let case = Case { top_k: 2, hidden: 8, ..Case::default() };
    let made = KernelSet::jit(case.shape()).expect("the shape is legal");
    let text = made.ptx().map(|(name, ptx)| (name, ptx.to_owned()));
    for most in [0, 1, 17, 4096] {
        // A dock of this capacity, and rounds of every size that it has room for.
        let counts = [0, 1, 17, 4096].into_iter().filter(|&count| count <= most);
        let rounds: Vec<Vec<usize>> = counts.map(|count| vec![count, count / 2, count.min(3)]).collect();
        agrees_with_the_reference(&Case { rounds, ..case.clone() });
        let again = KernelSet::jit(case.shape()).expect("the shape is legal");
        assert!(Arc::ptr_eq(&made, &again), "made again for {most} tokens");
    }
    assert_eq!(made.ptx().map(|(name, ptx)| (name, ptx.to_owned())), text);
}
