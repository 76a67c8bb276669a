//! What a token costs: warp instructions and bytes of the kernels that move rows, at a small shape
//! whose rows are longer than a warp moves at once.
//!
//! Counters are exact, so a kernel that got slower by one instruction changes the snapshot.

use std::fmt::Write;

use crossdock::host::Layout;
use crossdock::host::report::{RoundReport, StageReport};
use crossdock::{Float8, Fp8, Opaque, ScaleFormat, Wire};
use crossdock_oracle::dispatch_bounds;
use crossdock_trial::{Case, Reference};

use super::compare::TARGETS;

/// Warp instructions of a kernel.
fn instructions(stage: &StageReport, kernel: &str) -> u64 {
    let launches = stage.launches.iter().filter(|launch| launch.kernel == kernel);
    launches.map(|launch| launch.counters.as_ref().expect("virtual GPUs count").warp_instructions).sum()
}

#[test]
fn a_token_costs_what_it_did() {
    let ue8m0 = Wire::Fp8(Fp8 { element: Float8::E5m2, block: 128, scale: ScaleFormat::Ue8m0 });
    let nvfp4 = Wire::Opaque(Opaque { row_bytes: 512, sides: [64, 0, 0, 0] });
    let by_expert = Layout::ByExpert { alignment: 1 };
    let rows = [
        ("bf16", Wire::Bf16, false, Layout::BySource),
        ("bf16 by expert", Wire::Bf16, false, by_expert),
        ("fp8", Wire::FP8, false, Layout::BySource),
        ("fp8 from bf16", Wire::FP8, true, Layout::BySource),
        ("fp8 from bf16 by expert", Wire::FP8, true, by_expert),
        ("fp8 from bf16 masked", Wire::FP8, true, Layout::Masked { capacity: 32 }),
        ("e5m2 ue8m0 from bf16", ue8m0, true, Layout::BySource),
        ("opaque nvfp4", nvfp4, false, Layout::BySource),
    ];
    let mut table = format!(
        "{:<24}{:>7}{:>10}{:>10}{:>14}{:>14}\n",
        "wire and layout", "target", "dispatch", "combine", "dispatch HBM", "at least"
    );
    for (name, wire, quantises, layout) in rows {
        let rounds = vec![vec![4; 2]];
        let case = Case { top_k: 3, hidden: 1024, wire, quantises, layout, rounds, ..Case::default() };
        let reference = Reference::new(&case.trials()[0]);
        let bound = dispatch_bounds(&reference.round, &reference.arrivals).hbm / 8;
        for target in TARGETS {
            let outcomes = case.run(target).expect("a possible case").remove(0);
            // The average of eight tokens, rounded down.
            let each = |count: &dyn Fn(&RoundReport) -> u64| {
                outcomes.iter().map(|rank| count(&rank.report)).sum::<u64>() / 8
            };
            let dispatch = each(&|report| instructions(&report.dispatch, "dispatch"));
            let combine = each(&|report| instructions(&report.combine, "combine"));
            let hbm =
                each(&|report| report.dispatch.counters().expect("virtual GPUs count").traffic.hbm_total());
            let _ = writeln!(table, "{name:<24}{target:>7}{dispatch:>10}{combine:>10}{hbm:>14}{bound:>14}");
        }
    }
    insta::assert_snapshot!(table);
}
