//! Any small case, drawn by `proptest`.

use crossdock::host::Layout;
use crossdock::{Float8, Fp8, MOST_SIDES, Opaque, ScaleFormat, Wire};
use crossdock_trial::{Case, Choice};
use proptest::prelude::*;

/// Cases that a test machine can run in a moment.
pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let element = prop_oneof![Just(Float8::E4m3), Just(Float8::E5m2)];
    let scale = prop_oneof![Just(ScaleFormat::F32), Just(ScaleFormat::PowerOfTwo), Just(ScaleFormat::Ue8m0)];
    let block = prop_oneof![Just(128), Just(64), Just(32), Just(16), Just(96), Just(7)];
    let fp8 = (element, scale, block, any::<bool>()).prop_map(|(element, scale, block, quantises)| {
        let fp8 = Fp8 { element, block, scale };
        (Wire::Fp8(fp8), quantises && fp8.is_made_by_dispatch())
    });
    let sides = prop::collection::vec(1u32..=40, 0..=MOST_SIDES);
    let opaque = (1u32..=40, sides).prop_map(|(pieces, given)| {
        let mut sides = [0; MOST_SIDES];
        sides[..given.len()].copy_from_slice(&given);
        (Wire::Opaque(Opaque { row_bytes: 16 * pieces, sides }), false)
    });
    let wire = prop_oneof![2 => Just((Wire::Bf16, false)), 5 => fp8, 2 => opaque];
    let layout = prop_oneof![
        Just(Layout::BySource),
        prop_oneof![Just(1u32), Just(3), Just(8)].prop_map(|alignment| Layout::ByExpert { alignment }),
        // As many slots as one expert can need.
        Just(Layout::Masked { capacity: 9 * 12 * 13 }),
    ];
    let choice = prop_oneof![4 => Just(Choice::Any), 3 => Just(Choice::Sparse), 1 => Just(Choice::One), 1 => Just(Choice::None)];
    (
        1usize..=9,
        1usize..=7,
        1usize..=13,
        1usize..=40,
        (wire, layout),
        1usize..=2,
        choice,
        0u64..4,
        any::<u64>(),
    )
        .prop_flat_map(
            |(
                ranks,
                experts_per_rank,
                top_k,
                units,
                ((wire, quantises), layout),
                rounds,
                choice,
                schedule_seed,
                seed,
            )| {
                // Rows are multiples of 16 bytes, and few of these widths are powers of two.
                let hidden = units * if let Wire::Fp8(_) = wire { 16 } else { 8 };
                let top_k = top_k.min(ranks * experts_per_rank);
                let tokens = prop_oneof![1 => Just(0usize), 4 => 1usize..=12];
                prop::collection::vec(prop::collection::vec(tokens, ranks), rounds).prop_map(move |rounds| {
                    Case {
                        experts_per_rank,
                        top_k,
                        hidden,
                        wire,
                        quantises,
                        layout,
                        rounds,
                        choice,
                        schedule_seed,
                        seed,
                    }
                })
            },
        )
}
