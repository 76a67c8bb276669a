//! Warp roles: who has which warps, barriers and registers.

use crossdock_codegen::back::{self, Options};
use crossdock_codegen::{Error, front};

use crate::kernels::{refuses_in, refuses_with, takes_in, takes_with};

/// Compiles a kernel of eight warps and 128 registers for `target`; its PTX.
fn compile(target: &str, body: &str) -> Result<String, Error> {
    let source =
        format!("#[kernel(warps = 8, max_registers = 128)] fn k(n: u32, out: Global<u32>) {{ {body} }}");
    let file = syn::parse_file(&source).expect("the test's source is Rust");
    let place = front::Source { name: "code", file: "code.rs", text: None };
    let module = front::lower(&file.items, &place, &[], &[])
        .unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{source}"));
    let options = Options::new(target, None).expect("a target");
    Ok(back::specialise(&back::link(vec![module])?, "k", &[], &options)?.ptx.to_string())
}

#[track_caller]
fn refuses_registers(body: &str, sentence: &str) {
    let message = compile("sm_90a", body).expect_err(body).to_string();
    assert!(message.starts_with(sentence), "{message}");
}

#[test]
fn a_role_is_together_and_has_a_barrier_of_its_own() {
    takes_with(
        3,
        "#[role(one, warps = 0..1)] { role_barrier(); warp_barrier(); } #[role(two, warps = 1..3)] { for _i in 0..n { role_barrier(); } }",
        "",
    );
    takes_with(3, "#[role(all, warps = 0..3)] { role_barrier(); } block_barrier();", "");
    let ptx = compile(
        "sm_80",
        "#[role(a, warps = 0..1)] { role_barrier(); } #[role(b, warps = 1..8)] { role_barrier(); }",
    )
    .expect("it is right");
    assert!(ptx.contains("bar.sync 15, 32;") && ptx.contains("bar.sync 14, 224;"), "{ptx}");
    assert!(ptx.contains("setp.ge.u32 %p1, %r1, 32;"), "{ptx}");
}

#[test]
fn a_barrier_between_roles_is_reached_by_the_threads_that_it_waits_for() {
    let body = |threads: u32| {
        format!(
            "#[role(a, warps = 0..1)] {{\nnamed_barrier_arrive(1, {threads}); }} #[role(b, warps = 1..2)] {{ named_barrier_sync(1, {threads}); }} #[role(c, warps = 2..3)] {{}}"
        )
    };
    takes_with(3, &body(64), "");
    let sentence = "barrier 1 waits for 96 threads, and 64 reach it, those of the role `a` and the role `b`: write 64, or let the \
                    others come";
    refuses_with(3, &body(96), "", 2, sentence);
}

#[test]
fn a_constant_number_in_an_unrolled_loop_is_one_barrier_for_each_turn() {
    takes_with(2, "#[unroll] for stage in 0..3 { named_barrier_sync(1 + stage, 64); }", "");
    let sentence = "the number and the threads of a named barrier are constants: make a `const` of it";
    refuses_with(2, "for stage in 0..n {\nnamed_barrier_sync(1 + stage, 64); }", "", 2, sentence);
}

#[test]
fn a_block_barrier_in_a_role_is_refused() {
    let sentence = "`block_barrier` waits for all threads of the block, and here are only the 32 of the role `a`: write \
                    `role_barrier()`, or a `NamedBarrier` that other roles reach too";
    refuses_with(
        3,
        "#[role(a, warps = 0..1)] {\nblock_barrier(); } #[role(b, warps = 1..3)] {}",
        "",
        2,
        sentence,
    );
    let asm = sentence.replace("`block_barrier`", "`bar.sync`");
    refuses_with(
        3,
        "#[role(a, warps = 0..1)] {\nptx!(\"bar.sync 0;\"); } #[role(b, warps = 1..3)] {}",
        "",
        2,
        &asm,
    );
    let function = "fn deep() {\nblock_barrier(); }";
    refuses_with(
        3,
        "#[role(a, warps = 0..1)] { deep(); } #[role(b, warps = 1..3)] {}",
        function,
        3,
        sentence,
    );
}

#[test]
fn warps_that_part_inside_a_role_are_refused_at_its_barrier() {
    let sentence = "all threads of the role `b` must reach this `role_barrier` together, but the branch on line 2 diverges: the \
                    condition differs between warps because it comes from `thread_in_block()` on line 2; move it to where all \
                    are, or vouch for the condition with `assume_block_uniform(..)`";
    let body = "#[role(a, warps = 0..1)] {} #[role(b, warps = 1..3)] {\nif thread_in_block() < 64 {\nrole_barrier(); } }";
    refuses_with(3, body, "", 3, sentence);
    takes_with(
        3,
        "#[role(a, warps = 0..2)] {} #[role(b, warps = 2..3)] { if thread_in_block() / 32 < n { role_barrier(); } }",
        "",
    );
}

#[test]
fn what_roles_assign_differs_between_warps_behind_them() {
    let body = "let mut x = 0;\n#[role(a, warps = 0..1)] {\nx = n; }\n#[role(b, warps = 1..3)] { x = 2 * n; }\nif x == 7 {\nblock_barrier(); }";
    let sentence = "all threads of the block must reach this `block_barrier` together, but the branch on line 5 diverges: `x` \
                    differs between warps because it is assigned on line 2 after warps part on line 2; move it to where all \
                    are, or vouch for the condition with `assume_block_uniform(..)`";
    refuses_with(3, body, "", 6, sentence);
    takes_with(3, &body.replace("block_barrier", "warp_barrier"), "");
}

#[test]
fn what_roles_return_differs_between_warps() {
    let function = "fn f(n: u32) -> u32 { #[role(a, warps = 0..1)] { return n; } #[role(b, warps = 1..3)] { return 2 * n; } }";
    let body = "let x = f(n);\nif x == 7 {\nblock_barrier(); }";
    let sentence = "all threads of the block must reach this `block_barrier` together, but the branch on line 2 diverges: `x` \
                    differs between warps because it is assigned on line 5 after warps part on line 5; move it to where all \
                    are, or vouch for the condition with `assume_block_uniform(..)`";
    refuses_with(3, body, &format!("\n{function}"), 3, sentence);
}

#[test]
fn a_return_in_a_role_is_for_good() {
    let body =
        "#[role(a, warps = 0..1)] { if n == 0 {\nreturn; } } #[role(b, warps = 1..3)] {}\nblock_barrier();";
    let sentence = "all threads of the block must reach this `block_barrier` together, but some warps `return` on line 2 while \
                    others go on: the condition differs between warps here; move it to where all are, or vouch for the \
                    condition with `assume_block_uniform(..)`";
    refuses_with(3, body, "", 3, sentence);
}

#[test]
fn a_role_is_left_at_its_end() {
    let sentence = "a role is left at its end: `break` and `continue` are for loops inside it, so put the loop into the roles";
    refuses_with(
        2,
        "loop { #[role(a, warps = 0..1)] {\nbreak; } #[role(b, warps = 1..2)] {} }",
        "",
        2,
        sentence,
    );
    takes_with(
        2,
        "loop { #[role(a, warps = 0..1)] { loop { break; } } #[role(b, warps = 1..2)] {} if n == 1 { break; } }",
        "",
    );
}

#[test]
fn roles_are_for_the_whole_block() {
    let sentence = "all threads of the block must reach these roles together, but the branch on line 1 diverges: the condition \
                    differs between warps because it comes from `thread_in_block()` on line 1; move it to where all are, or \
                    vouch for the condition with `assume_block_uniform(..)`";
    refuses_with(2, "if thread_in_block() / 32 == n {\n#[role(a, warps = 0..2)] { } }", "", 2, sentence);
    let nested = "the role `a` cannot have roles of its own: state all roles side by side";
    refuses_with(2, "#[role(a, warps = 0..2)] {\n#[role(b, warps = 0..2)] {} }", "", 2, nested);
}

#[test]
fn every_warp_has_one_role() {
    let overlap =
        "warp 1 is in the roles `a` and `b`: every warp has one role, so let their ranges follow one another";
    refuses_with(3, "#[role(a, warps = 0..2)] {} #[role(b, warps = 1..3)] {}", "", 1, overlap);
    let behind = "warps 1 to 2 have no role: write `#[role(name, warps = 1..3)] { .. }` beside these roles, with an empty block if \
                  they do nothing";
    refuses_with(3, "#[role(a, warps = 0..1)] {}", "", 1, behind);
    let before = "warp 0 has no role: write `#[role(name, warps = 0..1)] { .. }` beside these roles, with an empty block if they \
                  do nothing";
    refuses_with(3, "#[role(a, warps = 1..3)] {}", "", 1, before);
    let empty = "the role `a` has no warps: 1..1 is empty, so widen it or leave the role out";
    refuses_with(3, "#[role(a, warps = 1..MODE)] {} #[role(b, warps = 0..3)] {}", "", 1, empty);
    let beyond = "the role `a` has warps up to 3, and the kernel has only warps 0 to 2: write `warps = 4` at `#[kernel(..)]` or end \
                  the role earlier";
    refuses_with(3, "#[role(a, warps = 0..4)] {}", "", 1, beyond);
}

#[test]
fn numbers_and_threads_of_named_barriers_exist() {
    let zero = "there is no named barrier 0: write 1 to 15 (barrier 0 is that of `block_barrier`)";
    refuses_with(2, "\nnamed_barrier_sync(0, 64);", "", 2, zero);
    let threads = "barrier 1 cannot wait for 33 threads: write a multiple of 32 from 32 to the block's 64";
    refuses_with(2, "\nnamed_barrier_sync(1, 33);", "", 2, threads);
    let outside = "`role_barrier` waits for the threads of a role, and this is outside of all roles: write `block_barrier()`";
    refuses_with(2, "\nrole_barrier();", "", 2, outside);
    let taken = "barrier 15 is the `role_barrier` of the role `a`: number this one from 1 to 14";
    refuses_with(
        2,
        "#[role(a, warps = 0..2)] { role_barrier();\nnamed_barrier_sync(15, 64); }",
        "",
        2,
        taken,
    );
    let differ =
        "barrier 1 waits for 32 threads here and for 64 elsewhere: use the same `NamedBarrier` everywhere";
    refuses_with(2, "named_barrier_sync(1, 64);\nnamed_barrier_sync(1, 32);", "", 2, differ);
}

#[test]
fn registers_move_between_warpgroups() {
    let body = "#[role(producer, warps = 0..4, registers = 40)] { out.write(1); } #[role(consumer, warps = 4..8, registers = 216)] { out.write(2); }";
    let ptx = compile("sm_90a", body).expect("it adds up");
    assert!(ptx.contains("setmaxnreg.dec.sync.aligned.u32 40;"), "{ptx}");
    assert!(ptx.contains("setmaxnreg.inc.sync.aligned.u32 216;"), "{ptx}");
    let message = compile("sm_90", body).expect_err("sm_90 has no setmaxnreg").to_string();
    let expected =
        "`setmaxnreg.dec.sync.aligned.u32` needs the target sm_90a, and this kernel is made for sm_90";
    assert!(message.starts_with(expected), "{message}");
    let choice = body
        .replace("= 40", "= if target_is_specific() { 40 } else { 0 }")
        .replace("= 216", "= if target_is_specific() { 216 } else { 0 }");
    assert!(!compile("sm_80", &choice).expect("nothing is asked for").contains("setmaxnreg"));
    assert_eq!(compile("sm_90a", &choice).expect("it adds up").matches("setmaxnreg").count(), 2);
}

#[test]
fn registers_that_do_not_add_up_are_refused() {
    let roles = |producer: &str, consumer: &str| {
        format!(
            "#[role(producer, warps = 0..4, registers = {producer})] {{}} #[role(consumer, warps = 4..8, registers = {consumer})] {{}}"
        )
    };
    refuses_registers(
        &roles("40", "224"),
        "the roles ask for 4 x 40 + 4 x 224 = 1056 registers (warps x registers per thread), and the launch gives 8 x 128 = 1024: \
         lower a role's registers or raise `max_registers`",
    );
    let number = "the role `producer` asks for 44 registers: write a multiple of 8 from 24 to 256";
    refuses_registers(&roles("44", "128"), number);
    refuses_registers(&roles("16", "128"), "the role `producer` asks for 16 registers");
    refuses_registers(
        "#[role(a, warps = 0..1, registers = 40)] {} #[role(b, warps = 1..8)] {}",
        "the role `a` changes the registers of warps 0 to 0, and four warps change theirs together: let it begin and end at a \
         multiple of 4",
    );
    let once = "registers are handed out once, outside loops: put the loop into the roles";
    refuses_registers(&format!("for _i in 0..n {{ {} }}", roles("40", "200")), once);
    refuses_registers(&format!("{} block_barrier(); {}", roles("40", "200"), roles("40", "200")), once);
}

#[test]
fn barriers_of_inline_ptx_are_none_of_the_others() {
    let own = "#[role(a, warps = 0..2)] { role_barrier();\n%; } #[role(b, warps = 2..3)] {}";
    let with = |asm: &str| own.replace('%', asm);
    takes_with(
        3,
        &with("ptx!(\"bar.sync 3, 64;\"); ptx!(\"barrier.sync.aligned 3, 64;\"); named_barrier_sync(4, 64)"),
        "",
    );
    // A number that is known only when the kernel runs, where nothing else has a number.
    takes_with(
        3,
        "ptx!(\"bar.sync {b}, 32;\", b = in(1 + warp_index(thread_in_block())));",
        "fn warp_index(t: u32) -> u32 { t / 32 }",
    );
    let refused = [
        (
            "ptx!(\"bar.sync 15, 64;\")",
            "barrier 15 is the `role_barrier` of the role `a`: write another number",
        ),
        (
            "ptx!(\"bar.sync {b}, 64;\", b = in(n));",
            "the number of this barrier is known only when the kernel runs, and the kernel has named barriers or barriers of \
             roles: write a constant",
        ),
        (
            "ptx!(\"bar.arrive 3, 64;\"); named_barrier_sync(3, 64)",
            "barrier 3 is a `NamedBarrier` elsewhere in this kernel: write another number, or use that barrier",
        ),
        (
            "ptx!(\"bar.sync 3, 32;\"); ptx!(\"bar.sync 3, 64;\")",
            "barrier 3 waits for 64 threads here and for 32 elsewhere: write the same number of threads",
        ),
        ("ptx!(\"bar.sync 16, 64;\")", "there is no barrier 16: write 0 to 15"),
        (
            "ptx!(\"bar.sync 0, 64;\")",
            "barrier 0 is that of `block_barrier`, which all threads reach: write another number",
        ),
    ];
    for (asm, sentence) in refused {
        refuses_with(3, &with(asm), "", 2, sentence);
    }
}

#[test]
fn roles_and_named_barriers_know_how_many_warps_there_are() {
    let chosen = "and launches of this kernel choose how many there are: state `warps` or `threads` in place of `max_threads`";
    let roles = "#[role(a, warps = 0..1)] {} #[role(b, warps = 1..2)] {}";
    refuses_in("max_threads = 64", roles, "", 1, &format!("roles divide the warps of a block, {chosen}"));
    let barrier = "named_barrier_sync(1, 64);";
    refuses_in(
        "max_threads = 64",
        barrier,
        "",
        1,
        &format!("a named barrier counts warps of a block, {chosen}"),
    );
    takes_in("threads = (8, 8)", roles, "");
    takes_in("threads = (8, 8)", barrier, "");
}
