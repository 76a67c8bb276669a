//! Every kind of round meets every other kind: ranks, formats, layouts, widths, choices, in
//! covering combinations.
//!
//! A new wire format or layout is one more line of a table here.

use crossdock::host::Layout;
use crossdock::{Float8, Fp8, MOST_SIDES, Opaque, ScaleFormat, Wire};
use crossdock_trial::{Case, Choice};

use super::compare::agrees_with_the_reference;
use super::covering::pairwise;

const RANKS: [usize; 7] = [1, 2, 3, 6, 8, 16, 72];

/// Formats, and whether dispatch makes them of bf16. Opaque rows are as wide as the case says.
const WIRES: [(Wire, bool); 7] = [
    (Wire::Bf16, false),
    (Wire::FP8, false),
    (Wire::FP8, true),
    (Wire::Fp8(Fp8 { block: 7, ..Fp8::DEEPSEEK_V3 }), false),
    (Wire::Fp8(Fp8 { element: Float8::E5m2, block: 32, scale: ScaleFormat::Ue8m0 }), true),
    (Wire::Fp8(Fp8 { block: 16, scale: ScaleFormat::PowerOfTwo, ..Fp8::DEEPSEEK_V3 }), true),
    (Wire::Opaque(Opaque { row_bytes: 16, sides: SIDES }), false),
];

/// Bytes per row of two side tensors.
const SIDES: [u32; MOST_SIDES] = {
    let mut sides = [0; MOST_SIDES];
    sides[0] = 32;
    sides[1] = 7;
    sides
};

/// The room of a masked layout is what the round needs.
const LAYOUTS: [Layout; 5] = [
    Layout::BySource,
    Layout::ByExpert { alignment: 1 },
    Layout::Masked { capacity: 0 },
    Layout::ByExpert { alignment: 3 },
    Layout::ByExpert { alignment: 128 },
];

/// From one piece to the widest row of a published model, and beyond.
const ROW_BYTES: [usize; 6] = [16, 48, 528, 5760, 14336, 32768];

const TOP_K: [usize; 7] = [1, 2, 3, 6, 8, 17, 32];

/// Experts in all, about: no more than needed, DeepSeek-V3's, and many.
const EXPERTS: [usize; 3] = [0, 256, 2048];

const CHOICES: [Choice; 4] = [Choice::None, Choice::Sparse, Choice::Any, Choice::One];

/// Elements of expert outputs in a round, about: what a test machine does in a moment.
const WORK: usize = 1 << 20;

/// Bytes that arrive or leave, slots that nobody takes included.
const ROOM: usize = 48 << 20;

fn case(row: &[usize], number: u64) -> Case {
    let &[ranks, wire, layout, row_bytes, top_k, experts, choice] = row else { panic!("seven factors") };
    let (ranks, (mut wire, quantises), top_k) = (RANKS[ranks], WIRES[wire], TOP_K[top_k]);
    let row_bytes = ROW_BYTES[row_bytes];
    if let Wire::Opaque(opaque) = &mut wire {
        opaque.row_bytes = row_bytes as u32;
    }
    let hidden = row_bytes / if let Wire::Fp8(_) = wire { 1 } else { 2 };
    // Some tokens in all, one by one to every rank but the second.
    let total = (WORK / (hidden * top_k)).clamp(3, 6 * ranks);
    let mut tokens = vec![0; ranks];
    for rank in (0..ranks).filter(|&rank| rank != 1).cycle().take(total) {
        tokens[rank] += 1;
    }
    let mut case = Case {
        experts_per_rank: (EXPERTS[experts] / ranks).max(top_k.div_ceil(ranks)),
        top_k,
        hidden,
        wire,
        quantises,
        layout: LAYOUTS[layout],
        rounds: vec![tokens],
        choice: CHOICES[choice],
        schedule_seed: number,
        seed: number,
    };
    if let Layout::Masked { .. } = case.layout {
        case.layout = Layout::Masked { capacity: heaviest(&case).max(1) as u32 };
    }
    case
}

/// The most selections of one expert.
fn heaviest(case: &Case) -> usize {
    let mut counts = vec![0; case.experts_per_rank * case.ranks()];
    let trial = &case.trials()[0];
    for &expert in trial.ranks.iter().flat_map(|rank| &rank.routes.experts) {
        if let Ok(expert) = usize::try_from(expert) {
            counts[expert] += 1;
        }
    }
    counts.into_iter().max().unwrap_or(0)
}

fn fits(row: &[usize]) -> bool {
    let case = case(row, 0);
    let tokens: usize = case.rounds[0].iter().sum();
    let experts = case.experts_per_rank * case.ranks();
    let slots = match case.layout {
        Layout::BySource => tokens * case.top_k,
        Layout::ByExpert { alignment } => tokens * case.top_k + experts * (alignment as usize - 1),
        Layout::Masked { capacity } => experts * capacity as usize,
    };
    slots * case.hidden * 4 <= ROOM
}

fn part(number: usize, parts: usize) {
    let sizes =
        [RANKS.len(), WIRES.len(), LAYOUTS.len(), ROW_BYTES.len(), TOP_K.len(), EXPERTS.len(), CHOICES.len()];
    let rows = pairwise(&sizes, fits);
    for (index, row) in rows.iter().enumerate().skip(number).step_by(parts) {
        agrees_with_the_reference(&case(row, index as u64));
    }
}

#[test]
fn covering_combinations_first_part() {
    part(0, 3);
}

#[test]
fn covering_combinations_second_part() {
    part(1, 3);
}

#[test]
fn covering_combinations_third_part() {
    part(2, 3);
}

#[test]
fn fifty_schedules_give_the_same_bits() {
    for (number, layout) in
        [Layout::BySource, Layout::ByExpert { alignment: 4 }, Layout::Masked { capacity: 40 }]
            .into_iter()
            .enumerate()
    {
        for schedule_seed in 0..50 {
            // Every round is compared with the one reference.
            agrees_with_the_reference(&Case {
                experts_per_rank: 2,
                top_k: 4,
                hidden: 528,
                wire: WIRES[number % 3].0,
                quantises: WIRES[number % 3].1,
                layout,
                rounds: vec![vec![7, 0, 9], vec![1, 12, 3]],
                choice: Choice::Sparse,
                schedule_seed,
                seed: 9,
            });
        }
    }
}
