//! Values: which are the same for whom.

use crate::kernels::{refuses, refuses_in, takes, takes_in};

/// Takes and refuses a warp barrier or block barrier behind `if <condition>`.
fn warp(condition: &str) -> String {
    format!("if {condition} {{ warp_barrier(); }}")
}

fn block(condition: &str) -> String {
    format!("if {condition} {{ block_barrier(); }}")
}

#[track_caller]
fn differs(body: &str, who: &str, escape: &str, because: &str) {
    refuses(body, 1, &sentence(who, escape, because));
}

/// What a barrier behind a condition that differs is refused with.
fn sentence(who: &str, escape: &str, because: &str) -> String {
    let (threads, barrier) = match escape {
        "assume_block_uniform" => ("threads of the block", "block_barrier"),
        _ => ("lanes of the warp", "warp_barrier"),
    };
    format!(
        "all {threads} must reach this `{barrier}` together, but the branch on line 1 diverges: the condition differs \
         between {who} because it comes from {because} on line 1; move it to where all are, or vouch for the condition \
         with `{escape}(..)`"
    )
}

#[test]
fn parameters_constants_and_indices_of_the_block_are_the_same_for_the_block() {
    for condition in [
        "n == 1",
        "block_in_grid() == n",
        "blocks_in_grid() == n",
        "threads_in_block() == n",
        "MODE + n == 2",
    ] {
        takes(&block(condition));
    }
}

#[test]
fn indices_of_the_thread_differ() {
    differs(&warp("lane() == n"), "lanes", "assume_warp_uniform", "`lane()`");
    differs(&warp("thread_in_block() == n"), "lanes", "assume_warp_uniform", "`thread_in_block()`");
    differs(&warp("global_timer() == 1"), "lanes", "assume_warp_uniform", "`global_timer()`");
}

#[test]
fn indices_and_sizes_along_dimensions_of_the_grid_are_the_same_for_the_block() {
    for axis in ["x", "y", "z"] {
        takes(&block(&format!("block_{axis}() == n")));
        takes(&block(&format!("blocks_{axis}() == n")));
        takes(&block(&format!("threads_{axis}() == n")));
        let grid = "threads = (4, 8, 2), grid_dimensions = 3";
        takes_in(grid, &block(&format!("block_{axis}() == blocks_{axis}()")), "");
    }
    takes(&block("dynamic_shared::<u32>().len() == 8"));
}

/// Along a dimension, an index is the same for the warp where a step along it is whole warps, and
/// for the block where there is no step.
#[test]
fn indices_along_dimensions_of_the_block_differ_as_its_shape_says() {
    let lanes = |axis| sentence("lanes", "assume_warp_uniform", &format!("`thread_{axis}()`"));
    let warps = |axis| sentence("warps", "assume_block_uniform", &format!("`thread_{axis}()`"));
    let on = |axis: &str| format!("thread_{axis}() == n");
    for (shape, along) in [
        ("warps = 2", ["lane", "block", "block"]),
        ("threads = (32, 4)", ["lane", "warp", "block"]),
        ("threads = (64, 2, 2)", ["lane", "warp", "warp"]),
        ("threads = (16, 4)", ["lane", "lane", "block"]),
        ("threads = (8, 8, 2)", ["lane", "lane", "warp"]),
        ("threads = (8, 2, 4)", ["lane", "lane", "lane"]),
        ("max_threads = 64", ["lane", "block", "block"]),
        ("max_threads = (32, 8)", ["lane", "lane", "block"]),
        ("max_threads = (32, 2, 4)", ["lane", "lane", "lane"]),
        ("threads = (1, 64)", ["block", "lane", "block"]),
        ("threads = (1, 1, 64)", ["block", "block", "lane"]),
    ] {
        for (axis, same) in ["x", "y", "z"].into_iter().zip(along) {
            match same {
                "block" => takes_in(shape, &block(&on(axis)), ""),
                "warp" => {
                    takes_in(shape, &warp(&on(axis)), "");
                    refuses_in(shape, &block(&on(axis)), "", 1, &warps(axis));
                }
                _ => refuses_in(shape, &warp(&on(axis)), "", 1, &lanes(axis)),
            }
        }
    }
}

#[test]
fn an_index_along_x_cut_at_warps_is_the_same_for_a_warp_if_rows_are_whole_warps() {
    for condition in ["thread_x() < 32", "thread_x() / 32 == n", "thread_x() & !31 == n"] {
        takes_in("threads = (64, 4)", &warp(condition), "");
        takes_in("warps = 4", &warp(condition), "");
        takes_in("max_threads = 128", &warp(condition), "");
        let refused = sentence("lanes", "assume_warp_uniform", "`thread_x()`");
        refuses_in("threads = (48, 4)", &warp(condition), "", 1, &refused);
    }
    let sentence = sentence("lanes", "assume_warp_uniform", "`thread_x()`");
    refuses_in("max_threads = (64, 4)", &warp("thread_x() < 32"), "", 1, &sentence);
    // The index through all dimensions counts warps whatever the shape is.
    takes_in("threads = (48, 4)", &warp("thread_in_block() < 32"), "");
    takes_in("threads = (8, 8, 2)", &warp("thread_in_block() / 32 == n"), "");
    takes_in("max_threads = (48, 4)", &warp("thread_in_block() / 32 == n"), "");
    takes_in("max_threads = (48, 4)", &block("threads_in_block() + threads_x() == n"), "");
}

#[test]
fn a_function_is_judged_by_the_block_of_the_kernel_that_calls_it() {
    let items = "fn of_row(n: u32) { if thread_y() == n { warp_barrier(); } }";
    takes_in("threads = (32, 4)", "of_row(n);", items);
    let sentence = sentence("lanes", "assume_warp_uniform", "`thread_y()`").replace("line 1", "line 2");
    refuses_in("threads = (16, 4)", "of_row(n);", items, 2, &sentence);
}

#[test]
fn the_thread_index_cut_at_warps_is_the_same_for_a_warp() {
    for condition in [
        "thread_in_block() / 32 == n",
        "thread_in_block() / 64 == n",
        "thread_in_block() >> 5 == n",
        "thread_in_block() & !31 == n",
        "thread_in_block() < 32",
        "32 > thread_in_block()",
        "thread_in_block() >= 32",
        "thread_in_block() <= 31",
        "thread_in_block() as u64 / 32 == 1",
    ] {
        takes(&warp(condition));
        differs(&block(condition), "warps", "assume_block_uniform", "`thread_in_block()`");
    }
    for condition in [
        "thread_in_block() / 33 == n",
        "thread_in_block() / 16 == n",
        "thread_in_block() >> 4 == n",
        "thread_in_block() & 31 == n",
        "thread_in_block() < 16",
        "thread_in_block() <= 32",
        "(thread_in_block() + 1) / 32 == n",
        "thread_in_block() as u8 / 32 == 1",
    ] {
        differs(&warp(condition), "lanes", "assume_warp_uniform", "`thread_in_block()`");
    }
}

#[test]
fn weak_reads_are_as_uniform_as_their_address() {
    takes(&block("out.at(n).read() == 1"));
    takes(
        "let s = shared::<u32>(1); if thread_in_block() == 0 { s.write(n); } block_barrier(); if s.read() == 1 { block_barrier(); }",
    );
    takes(&warp("out.at(thread_in_block() / 32).read() == 1"));
    differs(
        &block("out.at(thread_in_block() / 32).read() == 1"),
        "warps",
        "assume_block_uniform",
        "`thread_in_block()`",
    );
    differs(&warp("out.at(lane()).read() == 1"), "lanes", "assume_warp_uniform", "`lane()`");
}

#[test]
fn strong_loads_and_atomics_differ() {
    differs(&warp("flag.load(Acquire, System) == 1"), "lanes", "assume_warp_uniform", "a strong `load`");
    differs(
        &warp("flag.fetch_add(1, Relaxed, Gpu) == 1"),
        "lanes",
        "assume_warp_uniform",
        "an atomic operation",
    );
}

#[test]
fn votes_of_all_lanes_are_the_same_for_the_warp() {
    for vote in ["any(lane() == n)", "all(lane() == n)", "ballot(lane() == n) == 1"] {
        takes(&warp(vote));
    }
    differs(&block("any(lane() == n)"), "warps", "assume_block_uniform", "`any`");
    takes(&block("all(n == 1)"));
}

#[test]
fn shuffles_are_the_same_when_all_read_one_lane() {
    takes(&warp("shuffle(lane(), n) == 1"));
    takes(&warp("shuffle_up(n, 1) == 1"));
    differs(&warp("shuffle(lane(), lane()) == 1"), "lanes", "assume_warp_uniform", "`shuffle`");
    differs(&warp("shuffle_xor(lane(), 1) == 1"), "lanes", "assume_warp_uniform", "`shuffle_xor`");
    differs(&block("shuffle(lane(), 0) == 1"), "warps", "assume_block_uniform", "`shuffle`");
    differs(&warp("match_any(lane()) == 1"), "lanes", "assume_warp_uniform", "`match_any`");
    takes(&warp("match_any(n) == 1"));
}

#[test]
fn what_only_some_lanes_assign_differs() {
    refuses(
        "\nlet mut x = 0;\nif lane() == 0 {\nx = n; }\nif x == 1 {\nwarp_barrier(); }",
        6,
        "all lanes of the warp must reach this `warp_barrier` together, but the branch on line 5 diverges: `x` differs \
         between lanes because it is assigned on line 4 after lanes part on line 3; move it to where all are, or vouch for \
         the condition with `assume_warp_uniform(..)`",
    );
    takes("let mut x = 0; if n == 0 { x = 1; } if x == 1 { warp_barrier(); }");
}

#[test]
fn a_choice_differs_with_its_condition() {
    differs(&warp("(if lane() == n { 1 } else { 2 }) == n"), "lanes", "assume_warp_uniform", "`lane()`");
    takes(&warp("(if n == 1 { 1 } else { 2 }) == n"));
}

#[test]
fn fields_are_told_apart() {
    takes("let pair = (lane(), n); if pair.1 == 1 { warp_barrier(); }");
    takes("let mut pair = (n, lane()); pair.1 = 7; if pair.1 == n { warp_barrier(); }");
    refuses(
        "\nlet pair = (lane(), n);\nif pair.0 == 1 {\nwarp_barrier(); }",
        4,
        "all lanes of the warp must reach this `warp_barrier` together, but the branch on line 3 diverges: `pair` differs \
         between lanes because it comes from `lane()` on line 2; move it to where all are, or vouch for the \
         condition with `assume_warp_uniform(..)`",
    );
}
