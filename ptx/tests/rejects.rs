//! What is wrong is named, with its line.

use crossdock_ptx::{Instruction, Operand, parse};

fn body_error(line: &str) -> String {
    let text =
        format!(".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry kernel() {{\n{line}\n}}\n");
    parse(&text).expect_err("the line is wrong").to_string()
}

fn check_errors(header: &str, lines: &str) -> Vec<String> {
    let text = format!("{header}\n.address_size 64\n.visible .entry kernel() {{\n{lines}\n}}\n");
    let module = parse(&text).unwrap_or_else(|error| panic!("{error}"));
    module.check().expect_err("the module is wrong").iter().map(ToString::to_string).collect()
}

#[test]
fn unknown_instructions_and_modifiers_are_named() {
    assert_eq!(body_error("frobnicate.u32 %r0;"), "line 5: unknown instruction `frobnicate`");
    let message = body_error("ret.slowly;");
    assert_eq!(message, "line 5: `ret` has no modifier `.slowly`; its forms are: `ret{.uni}`");
}

#[test]
fn illegal_combinations_do_not_parse() {
    for opcode in [
        "ld.acquire.sys.global.nc.u32",
        "ld.acquire.global.u32",
        "ld.release.sys.global.u32",
        "st.acquire.sys.global.u32",
        "ld.volatile.relaxed.sys.u32",
        "ld.mmio.relaxed.gpu.global.u32",
        "ld.relaxed.sys.const.u32",
        "red.acquire.sys.global.add.u32",
        "atom.global.add.s64",
        "shfl.sync.bfly.b64",
        "mul.u32",
    ] {
        let operands = "%r0, [%rd0]";
        let message = body_error(&format!("{opcode} {operands};"));
        assert!(message.starts_with("line 5: `"), "{message}");
        assert!(message.contains("the forms of") || message.contains("its forms are"), "{opcode}: {message}");
    }
}

#[test]
fn wrong_operands_show_the_pattern() {
    let message = body_error("ld.global.v2.u32 %r0, [%rd0];");
    let expected = "line 5: `ld.global.v2.u32` takes the operands `d=vec(~data), [a]`";
    assert!(message.starts_with(expected), "{message}");
    assert!(message.ends_with("found `%r0, [%rd0]`"), "{message}");
    assert!(body_error("cp.async.ca.shared.global [%r0], [%rd0], 5;").contains("size:const(4;8;16)"));
    assert!(body_error("ld.global.L2::cache_hint.b32 %r0, [%rd0];").contains("cache_policy"));
    assert!(body_error("add.u32 %r0, %r1, 36893488147419103232;").contains("expected a number"));
    let built = Instruction::new("bar.sync", vec![Operand::Sink]).expect_err("`_` is no barrier");
    assert_eq!(built.to_string(), "`bar.sync` takes the operands `a:u32{, b:u32}`, found `_`");
}

#[test]
fn unsupported_constructs_say_so() {
    assert_eq!(body_error(".reg .v4 .f32 v;"), "line 5: a vector register is not supported");
    assert_eq!(
        body_error(".callprototype _ (.param .b32 _);"),
        "line 5: expected a label before `.callprototype`, found `.callprototype`"
    );
    assert!(body_error("call %rd0, (x);").contains("takes the operands"));
    assert_eq!(body_error("mov.u32 %r0, %r1"), "line 6: expected `,` or `;`, found `}`");
    let nested = format!("{}{}", "{".repeat(70), "}".repeat(70));
    assert_eq!(body_error(&nested), "line 5: nesting deeper than 64 is not supported");
}

#[test]
fn undeclared_names_are_found() {
    let lines = "@%p bra nowhere;\nld.global.u32 %r0, [absent];\n{ .reg .b32 %x; }\nmov.u32 %x, 1;\ncall absent_function;";
    let expected = [
        "line 5: register `%p` is not declared",
        "line 5: label `nowhere` is not declared",
        "line 6: register `%r0` is not declared",
        "line 6: symbol `absent` is not declared",
        "line 8: register `%x` is not declared",
        "line 9: function `absent_function` is not declared",
    ];
    assert_eq!(check_errors(".version 8.0\n.target sm_90", lines), expected);
}

#[test]
fn register_classes_are_checked() {
    let lines = ".reg .pred %p; .reg .b16 %h; .reg .b32 %r<4>; .reg .b64 %d<4>; .reg .f32 %f;\n\
                 add.u32 %r0, %d1, %r2;\nadd.u32 %r0, %p, 1;\nadd.s32 %r0, %f, 1;\nsetp.eq.u32 %r0, %r1, %r2;\n\
                 ld.global.u32 %r0, [%r1];\nld.shared.u32 %r0, [%r1];\nld.global.u8 %d0, [%d1];\nld.global.u32 %h, [%d1];\n\
                 mov.b64 %d0, {%r0, %r1};\nmov.b64 %d0, {%h, %h};\nmul.wide.u32 %d0, %r0, %r1;\nmul.wide.u32 %r3, %r0, %r1;\n\
                 mov.u32 %r0, %clock64;\nmov.u32 %r0, %tid.x;";
    let expected = [
        "line 6: operand `%d1` of `add.u32` must be a 32-bit integer register; it is declared .b64",
        "line 7: operand `%p` of `add.u32` must be a 32-bit integer register; it is declared .pred",
        "line 8: operand `%f` of `add.s32` must be a 32-bit integer register; it is declared .f32",
        "line 9: operand `%r0` of `setp.eq.u32` must be a predicate register; it is declared .b32",
        "line 10: operand `%r1` of `ld.global.u32` must be a 64-bit integer register; it is declared .b32",
        "line 13: operand `%h` of `ld.global.u32` must be a 32-bit integer register; it is declared .b16",
        "line 15: operand `%h` of `mov.b64` must be a 32-bit register; it is declared .b16",
        "line 15: operand `%h` of `mov.b64` must be a 32-bit register; it is declared .b16",
        "line 17: operand `%r3` of `mul.wide.u32` must be a 64-bit integer register; it is declared .b32",
        "line 18: operand `%clock64` of `mov.u32` must be a 32-bit integer register; it is declared .u64",
    ];
    assert_eq!(check_errors(".version 8.0\n.target sm_90", lines), expected);
}

#[test]
fn targets_and_versions_are_checked() {
    let lines = "setmaxnreg.inc.sync.aligned.u32 216;";
    let needs = "line 5: `setmaxnreg.inc.sync.aligned.u32` needs";
    assert_eq!(
        check_errors(".version 8.0\n.target sm_80", lines),
        [format!("{needs} sm_90a; the module's target is sm_80")]
    );
    assert_eq!(
        check_errors(".version 8.0\n.target sm_90", lines),
        [format!("{needs} sm_90a; the module's target is sm_90")]
    );
    assert_eq!(
        check_errors(".version 7.8\n.target sm_90a", lines),
        [format!("{needs} PTX 8.0; the module's version is 7.8")]
    );
    let cluster = check_errors(".version 7.0\n.target sm_80", "fence.acq_rel.cluster;");
    assert_eq!(cluster.len(), 2, "{cluster:?}");
}
