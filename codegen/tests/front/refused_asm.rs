//! Mistakes in inline PTX: one sentence each, at the string or operand at fault.

use crate::refused::refused;

refused! {
    an_unknown_instruction: r#"fn f(x: u32) { ptx!("addd.u32 {x}, {x}, 1;", x = inout(x)); }"#, "\"addd",
        "unknown instruction `addd`";
    an_unknown_modifier: r#"fn f(x: u32) { ptx!("brev.b31 {x}, {x};", x = inout(x)); }"#, "\"brev",
        "`brev` has no modifier `.b31`; its forms are: `brev.<bits_32_64>`";
    a_missing_operand_of_an_instruction: r#"fn f(x: u32) { ptx!("brev.b32 {x};", x = inout(x)); }"#, "\"brev",
        "`brev.b32` takes the operands `d=bits_32_64, a:bits_32_64`, found `{x}`";
    an_unknown_placeholder: r#"fn f(x: u32) { ptx!("brev.b32 {x}, {y};", x = inout(x)); }"#, "\"brev",
        "there is no operand `y`: add `y = in(..)`, `y = out(..)` or the like";
    an_unused_operand: r#"fn f(x: u32) { ptx!("nanosleep.u32 5;", x = in(x)); }"#, "x = in(x)",
        "no instruction mentions `{x}`: leave it out, or use it";
    a_wide_operand: r#"fn f(x: u64) -> u32 { ptx!("popc.b32 {d}, {x};", x = in(x), d = out(u32)) }"#, "x = in(x)",
        "`popc.b32` needs a 32-bit register for `{x}`, and it is `u64`";
    an_integer_as_a_float: r#"fn f(x: u32) -> f32 { ptx!("neg.f32 {d}, {x};", x = in(x), d = out(f32)) }"#, "x = in(x)",
        "`neg.f32` needs a 32-bit float register for `{x}`, and it is `u32`";
    a_result_of_another_type: r#"fn f(x: u32) -> f32 { ptx!("popc.b32 {d}, {x};", x = in(x), d = out(f32)) }"#, "d = out",
        "`popc.b32` needs a 32-bit integer register for `{d}`, and it is `f32`";
    a_struct_operand: r#"struct S { a: u32 } fn f(s: S) { ptx!("nanosleep.u32 {s};", s = in(s)); }"#, "s = in(s)",
        "an operand is a scalar or a pointer, and `s` is `S`: write its parts";
    an_input_that_is_written: r#"fn f(x: u32) { ptx!("brev.b32 {x}, {x};", x = in(x)); }"#, "x = in(x)",
        "`brev.b32` writes `{x}`: write `x = out(T)` or `x = inout(..)`";
    a_result_that_is_read_first: r#"fn f() -> u32 { ptx!("brev.b32 {x}, {x};", x = out(u32)) }"#, "x = out",
        "`{x}` is read before an instruction writes it: write `x = in(..)`";
    a_result_under_a_guard: r#"fn f(p: bool) -> u32 { ptx!("@{p} mov.u32 {x}, 1;", p = in(p), x = out(u32)) }"#, "x = out",
        "`{x}` is written only under a guard: give it a value, `x = inout(..)`";
    a_guard_that_is_no_bool: r#"fn f(p: u32) { ptx!("@{p} nanosleep.u32 1;", p = in(p)); }"#, "p = in(p)",
        "a guard needs a predicate register for `{p}`, and it is `u32`";
    a_guarded_warp_operation: r#"fn f(p: bool) { ptx!("@{p} bar.warp.sync -1;", p = in(p)); }"#, "\"@",
        "`bar.warp.sync` waits for other threads: write an `if` in place of its guard";
    a_variable_as_a_constant: r#"fn f(n: u32) { ptx!("cp.async.wait_group {n};", n = in(n)); }"#, "n = in(n)",
        "`cp.async.wait_group` takes a constant for `{n}`: write `n = const(..)`";
    a_constant_for_a_float: r#"fn f(x: f32) -> f32 { ptx!("add.f32 {d}, {x}, {n};", x = in(x), n = const(1u32), d = out(f32)) }"#,
        "n = const", "`add.f32` takes no constant for `{n}`: write `n = in(..)`";
    a_constant_that_varies: r#"fn f(x: u32) { ptx!("nanosleep.u32 {n};", n = const(x)); }"#, "x)); }",
        "there is no `x` here: declare it, or import it from a `#[device]` module with `use`";
    an_address_of_another_space: r#"fn f(p: Global<u32>) -> u32 { ptx!("ld.shared.u32 {d}, [{p}];", p = in(p), d = out(u32)) }"#,
        "p = in(p)", "`ld.shared.u32` takes an address in shared memory for `[{p}]`, and it is `Global<u32>`";
    a_shared_address_as_a_generic_one: r#"fn f(p: Shared<u64>) { ptx!("mbarrier.inval.b64 [{p}];", p = in(p)); }"#,
        "p = in(p)",
        "`mbarrier.inval.b64` takes a generic address for `[{p}]`, and it is `Shared<u64>`: write the instruction with \
         `.shared::cta`";
    a_number_as_an_address: r#"fn f(p: u64) { ptx!("prefetch.L1 [{p}];", p = in(p)); }"#, "p = in(p)",
        "`[{p}]` needs a pointer, and it is `u64`";
    a_register_in_the_text: r#"fn f() { ptx!("nanosleep.u32 %r1;"); }"#, "\"nano",
        "`%r1` in `nanosleep.u32` is no operand: write `{name}` and give it a value";
    a_branch: r#"fn f() { ptx!("bra done;"); }"#, "\"bra",
        "`bra` decides which instruction comes next: write Rust's control flow around the PTX";
    an_exit: r#"fn f() { ptx!("exit;"); }"#, "\"exit",
        "`exit` decides which instruction comes next: write Rust's control flow around the PTX";
    two_operands_of_one_name: r#"fn f(x: u32) { ptx!("nanosleep.u32 {x};", x = in(x), x = in(1)); }"#, "x = in(1)",
        "there are two operands `x`: give them different names";
    an_unknown_role: r#"fn f(x: u32) { ptx!("nanosleep.u32 {x};", x = lateout(x)); }"#, "lateout",
        "inline PTX is `ptx!(\"instruction {name};\", name = in(value), ..)`: an operand is `in(value)`, `inout(value)`, \
         `const(VALUE)`, `order(parameter)`, `scope(parameter)`, `type(T)`, `sum(T)`, `bits(T)`, `out(T)` or `scratch(T)`";
    a_part_of_another_width: r#"fn f(a: u64, b: u32) -> u64 { ptx!("mov.b64 {d}, {a, b};", a = in(a), b = in(b), d = out(u64)) }"#,
        "a = in(a)", "`mov.b64` needs a 32-bit register for `{a}`, and it is `u64`";
    no_instruction: r#"fn f() { ptx!(""); }"#, "\"\"", "there is no instruction here: write one";
}

#[test]
fn every_choice_of_an_order_is_held_against_the_table() {
    let source = "fn f(p: Global<u32>, order: impl Atomic) -> u32 {
        ptx!(\"ld.{order}.gpu.global.u32 {d}, [{p}];\", p = in(p), order = order(order), d = out(u32))
    }";
    let mistakes = crate::modules::lower("code", source).expect_err("a load does not release");
    let found = crate::modules::sentences(&mistakes);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("`ld` has no modifier `.release`"), "{found:?}");
    assert!(found[1].starts_with("`ld` has no modifier `.acq_rel`"), "{found:?}");
}
