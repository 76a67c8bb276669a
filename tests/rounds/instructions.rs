//! What a token costs: warp instructions and bytes of the kernels that move rows, at the shape of DeepSeek-V3 on 8 ranks.
//!
//! Counters are exact, so a kernel that got slower by one instruction changes the snapshot.

use std::fmt::Write;

use crossdock::host::Layout;
use crossdock::{Float8, Fp8, Opaque, ScaleFormat, Wire};

use crate::case::{Case, Choice};
use crate::compare::cost_per_token;

#[test]
fn a_token_costs_what_it_did() {
    let ue8m0 = Wire::Fp8(Fp8 { element: Float8::E5m2, block: 128, scale: ScaleFormat::Ue8m0 });
    let nvfp4 = Wire::Opaque(Opaque { row_bytes: 3584, sides: [448, 0, 0, 0] });
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
        for target in ["sm_80", "sm_90"] {
            let case = Case {
                experts_per_rank: 32,
                top_k: 8,
                hidden: 7168,
                wire,
                quantises,
                layout,
                rounds: vec![vec![8; 8]],
                choice: Choice::Any,
                schedule_seed: 0,
                seed: 7,
            };
            let cost = cost_per_token(&case, target);
            let _ = writeln!(
                table,
                "{name:<24}{target:>7}{:>10}{:>10}{:>14}{:>14}",
                cost.dispatch, cost.combine, cost.dispatch_hbm, cost.dispatch_hbm_bound
            );
        }
    }
    insta::assert_snapshot!(table);
}
