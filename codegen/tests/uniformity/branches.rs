//! Branches: who is inside, and who is behind.

use crate::kernels::{refuses, refuses_with, takes, takes_with};

#[test]
fn operations_outside_of_branches_are_taken() {
    takes(
        "block_barrier(); warp_barrier(); out.write(ballot(lane() < n) + match_any(lane()) + shuffle_xor(n, 1));",
    );
}

#[test]
fn every_operation_is_refused_inside_a_divergent_branch() {
    let operations = [
        ("warp_barrier();", "warp_barrier"),
        ("out.write(shuffle(n, 0));", "shuffle"),
        ("out.write(shuffle_up(n, 1));", "shuffle_up"),
        ("out.write(shuffle_down(n, 1));", "shuffle_down"),
        ("out.write(shuffle_xor(n, 1));", "shuffle_xor"),
        ("out.write(any(n == 1) as u32);", "any"),
        ("out.write(all(n == 1) as u32);", "all"),
        ("out.write(ballot(n == 1));", "ballot"),
        ("out.write(match_any(n));", "match_any"),
    ];
    for (operation, name) in operations {
        refuses(
            &format!("\nlet token = lane();\nif token == n {{\n{operation} }}"),
            4,
            &format!(
                "all lanes of the warp must reach this `{name}` together, but the branch on line 3 diverges: `token` \
                 differs between lanes because it comes from `lane()` on line 2; move it to where all are, or vouch \
                 for the condition with `assume_warp_uniform(..)`"
            ),
        );
    }
}

#[test]
fn the_other_arm_diverges_as_well() {
    refuses(
        "\nif lane() == n { out.write(1); } else {\nwarp_barrier(); }",
        3,
        "all lanes of the warp must reach this `warp_barrier` together, but the branch on line 2 diverges: the condition \
         differs between lanes because it comes from `lane()` on line 2; move it to where all are, or vouch for the \
         condition with `assume_warp_uniform(..)`",
    );
}

#[test]
fn warps_may_part_for_warp_operations_but_not_for_block_barriers() {
    takes("let warp = thread_in_block() / 32; if warp == 0 { warp_barrier(); }");
    refuses(
        "\nlet warp = thread_in_block() / 32;\nif warp == 0 {\nblock_barrier(); }",
        4,
        "all threads of the block must reach this `block_barrier` together, but the branch on line 3 diverges: `warp` \
         differs between warps because it comes from `thread_in_block()` on line 2; move it to where all are, or vouch \
         for the condition with `assume_block_uniform(..)`",
    );
}

#[test]
fn a_block_of_one_warp_is_together_when_its_warp_is() {
    takes_with(1, "if any(lane() == n) { block_barrier(); }", "");
    refuses_with(
        1,
        "if lane() == n { block_barrier(); }",
        "",
        1,
        "all threads of the block must reach this `block_barrier` together, but the branch on line 1 diverges: the \
         condition differs between lanes because it comes from `lane()` on line 1; move it to where all are, or vouch \
         for the condition with `assume_warp_uniform(..)`",
    );
}

#[test]
fn behind_a_divergent_branch_all_are_together() {
    takes(
        "if lane() == 0 { out.write(1); } warp_barrier(); if lane() == 1 { out.write(2); } block_barrier();",
    );
}

#[test]
fn arms_that_are_dead_for_these_parameters_are_not_looked_at() {
    takes("if MODE == 1 { warp_barrier(); } else if lane() == 0 { warp_barrier(); }");
}

#[test]
fn inlined_functions_are_checked_with_their_arguments() {
    let items = "fn sum(on: bool) -> u32 {\nlet mut all = 0;\nif on {\nall = ballot(true);\n} all }";
    takes_with(2, "out.write(sum(n == 1));", items);
    refuses_with(
        2,
        "out.write(sum(lane() == 1));",
        items,
        5,
        "all lanes of the warp must reach this `ballot` together, but the branch on line 4 diverges: `on` differs between \
         lanes because it comes from `lane()` on line 1; move it to where all are, or vouch for the condition with \
         `assume_warp_uniform(..)`",
    );
    refuses_with(
        2,
        "if lane() == 1 { out.write(sum(true)); }",
        items,
        5,
        "all lanes of the warp must reach this `ballot` together, but the branch on line 1 diverges: the condition differs \
         between lanes because it comes from `lane()` on line 1; move it to where all are, or vouch for the condition \
         with `assume_warp_uniform(..)`",
    );
}

#[test]
fn what_you_vouch_for_is_believed() {
    takes("if assume_warp_uniform(flag.load(Relaxed, Gpu)) == 1 { warp_barrier(); }");
    takes("if assume_block_uniform(flag.load(Relaxed, Gpu) == 1) { block_barrier(); }");
    refuses(
        "\nif assume_warp_uniform(flag.load(Relaxed, Gpu)) == 1 {\nblock_barrier(); }",
        3,
        "all threads of the block must reach this `block_barrier` together, but the branch on line 2 diverges: the \
         condition differs between warps because it comes from a strong `load` on line 2; move it to where all are, or \
         vouch for the condition with `assume_block_uniform(..)`",
    );
}
