//! What is found before any const parameter is known, in the crate that defines a kernel; and what
//! must not be.

use crossdock_codegen::{back, front};

/// Lines and sentences of the mistakes in these items.
fn examined(source: &str) -> Vec<(u32, String)> {
    let file = syn::parse_file(source).expect("the test's source is Rust");
    let place = front::Source { name: "code", file: "code.rs", text: None };
    let module = front::lower(&file.items, &place, &[], &[])
        .unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{source}"));
    let program = back::link(vec![module]).unwrap_or_else(|error| panic!("{error}\n{source}"));
    let mistakes = back::examine(&program, "code");
    mistakes.into_iter().map(|mistake| (mistake.span.line, mistake.message)).collect()
}

#[track_caller]
fn finds(source: &str, lines: &[u32]) {
    let found = examined(source);
    assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), lines, "{found:?}\n{source}");
}

#[test]
fn a_divergent_barrier_of_a_generic_kernel() {
    finds(
        "#[kernel(warps = 2)] fn k<const N: u32>(out: Global<u32>) {\n\
         if lane() == 0 {\n block_barrier();\n }\n out.write(N);\n}",
        &[3],
    );
}

#[test]
fn a_function_that_no_kernel_calls() {
    finds("fn f() {\n if lane() < 3 {\n warp_barrier();\n }\n}", &[3]);
}

#[test]
fn an_arm_that_a_const_parameter_decides() {
    finds(
        "#[kernel(warps = 1)] fn k<const FAST: bool>() {\n\
         if FAST {\n if lane() == 0 {\n warp_barrier();\n }\n }\n}",
        &[4],
    );
}

#[test]
fn everything_that_is_refused_of_a_kernel_without_const_parameters() {
    finds(
        "#[kernel(warps = 1)] fn k(n: u32, out: Global<u32>) {\n\
         let list = [1u32, 2];\n out.write(list[n as usize]);\n\
         #[unroll]\n for i in 0..n { out.write(i); }\n}",
        &[3, 5],
    );
}

#[test]
fn what_a_const_parameter_may_make_right_is_left_to_specialisation() {
    for source in [
        // The bound may be a whole number of warps.
        "#[kernel(warps = 4)] fn k<const N: u32>() { if thread_in_block() < N { warp_barrier(); } }",
        // The mask may be all lanes, or vouched for.
        "fn f(mask: u32) -> u32 { shuffle_among(mask, 1, 0) }",
        // Whoever is apart never gets to the barrier.
        "#[kernel(warps = 2)] fn k<const N: u32>(out: Global<u32>) {
            let mut x = 0;
            if N == 1 { x = lane(); }
            if N != 1 { if x == 0 { block_barrier(); } }
            out.write(x);
        }",
        "#[kernel(warps = 2)] fn k<const N: u32>() {
            if N == 1 { if lane() == 0 { return; } }
            if N > 1 { block_barrier(); }
        }",
        "fn meet<const N: u32>() { if N == 1 { return; } block_barrier(); }
         #[kernel(warps = 2)] fn k<const N: u32>() { if N == 1 { if lane() == 0 { meet::<N>(); } } }",
        "#[kernel(warps = 2)] fn k<const N: u32>(out: Global<u32>) {
            let mut x = 0;
            loop { if N == 1 { x = lane(); break; } else { break; } }
            if N != 1 { if x == 0 { block_barrier(); } }
            out.write(x);
        }",
        "fn pick<const N: u32>() -> u32 { if N == 1 { return lane(); } 0 }
         #[kernel(warps = 2)] fn k<const N: u32>() { if N != 1 { if pick::<N>() == 0 { block_barrier(); } } }",
        "#[kernel(warps = 2)] fn k<const N: u32>() {
            for i in 0..N { if N == 0 { if lane() == i { block_barrier(); } } }
        }",
        // A helper does not know who calls it.
        "fn f(leader: bool) { if leader { block_barrier(); } }",
        "fn f(leader: bool) -> u32 { let mask = ballot(leader); if leader { shuffle_among(mask, 1, 0) } else { 0 } }",
    ] {
        finds(source, &[]);
    }
}

/// Everything that is found early is also found by specialising, for some value.
#[test]
fn there_is_a_value_for_which_specialisation_agrees() {
    for source in [
        "#[kernel(warps = 2)] fn k<const N: u32>() { if N == 3 { if lane() == 0 { block_barrier(); } } }",
        "#[kernel(warps = 2)] fn k<const N: u32>() { let mut i = 0; while i < N { if lane() == i { warp_barrier(); } i += 1; } }",
        "#[kernel(warps = 2)] fn k<const N: u32>() { for i in 0..N { if lane() == 1 { warp_barrier(); } if i == lane() { break; } } }",
    ] {
        assert!(!examined(source).is_empty(), "{source}");
        let file = syn::parse_file(source).unwrap();
        let place = front::Source { name: "code", file: "code.rs", text: None };
        let program = back::link(vec![front::lower(&file.items, &place, &[], &[]).unwrap()]).unwrap();
        let refused =
            (0..5).any(|n| back::specialise(&program, "k", &[("N", n)], &back::Options::default()).is_err());
        assert!(refused, "{source}");
    }
}
