//! Loops and early exits.

use crate::kernels::{refuses, refuses_with, takes, takes_with};

#[test]
fn loops_that_all_run_equally_often_are_taken() {
    takes("for _i in 0..n { block_barrier(); }");
    takes("let mut i = 0; while i < n { block_barrier(); i += 1; }");
    takes("let mut i = thread_in_block() / 32; while i < n { warp_barrier(); i += 4; } block_barrier();");
}

#[test]
fn a_loop_that_lanes_leave_at_different_times_is_refused_inside_and_taken_behind() {
    takes("let mut i = lane(); while i < n { i += 32; } warp_barrier(); block_barrier();");
    refuses(
        "\nlet mut i = lane();\nwhile i < n {\nwarp_barrier(); i += 32; }",
        4,
        "all lanes of the warp must reach this `warp_barrier` together, but some lanes leave the loop on line 3 while \
         others stay in it: `i` differs between lanes because it comes from `lane()` on line 2; move it to where all are, \
         or vouch for the condition with `assume_warp_uniform(..)`",
    );
}

#[test]
fn the_first_turn_is_refused_when_a_later_exit_diverges() {
    refuses(
        "\nloop {\nwarp_barrier();\nif lane() == n {\nbreak; } }",
        3,
        "all lanes of the warp must reach this `warp_barrier` together, but some lanes leave the loop on line 5 while \
         others stay in it: the condition differs between lanes because it comes from `lane()` on line 4; move it to \
         where all are, or vouch for the condition with `assume_warp_uniform(..)`",
    );
}

#[test]
fn a_for_with_different_bounds_is_refused() {
    refuses(
        "\nfor _i in 0..lane() {\nwarp_barrier(); }",
        3,
        "all lanes of the warp must reach this `warp_barrier` together, but lanes run the loop on line 2 a different \
         number of times: its bound differs between lanes because it comes from `lane()` on line 2; move it to where all \
         are, or vouch for the condition with `assume_warp_uniform(..)`",
    );
}

#[test]
fn what_a_loop_leaves_behind_differs_when_lanes_left_it_at_different_times() {
    refuses(
        "\nlet mut turns = 0;\nlet mut i = lane();\nwhile i < n { i += 32;\nturns += 1; }\nif turns == 1 {\nwarp_barrier(); }",
        7,
        "all lanes of the warp must reach this `warp_barrier` together, but the branch on line 6 diverges: `turns` differs \
         between lanes because it is assigned on line 5 after lanes part on line 4; move it to where all are, or vouch \
         for the condition with `assume_warp_uniform(..)`",
    );
}

#[test]
fn a_break_out_of_two_loops_diverges_in_both() {
    let source =
        "\n'outer: for _i in 0..n {\nfor j in 0..n {\nif lane() == j {\nbreak 'outer; } }\nwarp_barrier(); }";
    refuses(
        source,
        6,
        "all lanes of the warp must reach this `warp_barrier` together, but some lanes leave the loop on line 5 while \
         others stay in it: the condition differs between lanes because it comes from `lane()` on line 4; move it to \
         where all are, or vouch for the condition with `assume_warp_uniform(..)`",
    );
    takes(&source.replace("break 'outer", "break"));
}

#[test]
fn continue_matters_until_the_next_turn() {
    takes("for i in 0..n { warp_barrier(); if lane() == i { continue; } out.at(lane()).write(i); }");
    refuses(
        "\nfor i in 0..n {\nif lane() == i {\ncontinue; }\nwarp_barrier(); }",
        5,
        "all lanes of the warp must reach this `warp_barrier` together, but some lanes `continue` on line 4 while others \
         do not: the condition differs between lanes because it comes from `lane()` on line 3; move it to where all are, \
         or vouch for the condition with `assume_warp_uniform(..)`",
    );
}

#[test]
fn a_divergent_return_of_the_kernel_is_for_good() {
    refuses(
        "\nif lane() >= n {\nreturn; }\nblock_barrier();",
        4,
        "all threads of the block must reach this `block_barrier` together, but some lanes `return` on line 3 while others \
         go on: the condition differs between lanes because it comes from `lane()` on line 2; move it to where all are, \
         or vouch for the condition with `assume_block_uniform(..)`",
    );
    takes("if n == 0 { return; } block_barrier();");
}

#[test]
fn a_divergent_return_of_a_function_ends_with_it() {
    let items = "fn first(n: u32) -> u32 {\nif lane() < n {\nreturn 1; }\n2 }";
    takes_with(2, "out.write(first(n)); warp_barrier();", items);
    refuses_with(
        2,
        "\nlet which = first(n);\nif which == 1 {\nwarp_barrier(); }",
        items,
        4,
        "all lanes of the warp must reach this `warp_barrier` together, but the branch on line 3 diverges: `which` differs \
         between lanes because it is assigned on line 7 after lanes part on line 6; move it to where all are, or vouch for \
         the condition with `assume_warp_uniform(..)`",
    );
    let inside = "fn first(n: u32) {\nif lane() < n {\nreturn; }\nwarp_barrier(); }";
    refuses_with(
        2,
        "first(n);",
        inside,
        5,
        "all lanes of the warp must reach this `warp_barrier` together, but some lanes `return` on line 4 while others go \
         on: the condition differs between lanes because it comes from `lane()` on line 3; move it to where all are, or \
         vouch for the condition with `assume_warp_uniform(..)`",
    );
}

#[test]
fn loops_inside_one_another_take_no_time() {
    let open: String =
        (0..40).map(|i| format!("let mut i{i} = lane(); while i{i} < n {{ i{i} += out.read(); ")).collect();
    takes(&format!("{open} out.write(1); {} warp_barrier();", "}".repeat(40)));
}
