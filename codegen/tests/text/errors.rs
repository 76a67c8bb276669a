//! Errors name the line and what was expected there.

use crossdock_codegen::Error;
use crossdock_codegen::text::parse;

/// The line and message of the error in a module with this after its first line.
#[track_caller]
fn error(rest: &str) -> (u32, String) {
    match parse(&format!("module m;\n{rest}")) {
        Err(Error::Text { line, message }) => (line, message),
        other => panic!("expected an error of the text, found {other:?}"),
    }
}

#[track_caller]
fn expect(rest: &str, line: u32, message: &str) {
    assert_eq!(error(rest), (line, message.to_string()));
}

/// In a function `f` with `a#0: u32`, whose body begins on line 3.
#[track_caller]
fn expect_in_body(body: &str, line: u32, message: &str) {
    expect(&format!("fn f<const N: u32>(a#0: u32) {{\n{body}\n}}"), line, message);
}

#[test]
fn items() {
    assert_eq!(
        parse("").unwrap_err().to_string(),
        "line 1 of the IR text: expected `module`, found the end of the text"
    );
    expect(
        "function f()",
        2,
        "expected an item: `use`, `struct`, `enum`, `const`, `fn`, `#[kernel(..)]` or `line`, found `function`",
    );
    expect("\n\nstruct S { x u32 }", 4, "expected `:`, found `u32`");
    expect("@1:2 use a::b;", 2, "expected `struct`, `enum`, `const` or `fn` after the position, found `use`");
    expect("#[kernel(warps = 8)]\nconst X: u32 = 1u32;", 3, "expected `fn` after `#[kernel(..)]`, found `X`");
    expect("use a::b;\nuse c::b;", 3, "expected `as` and another short name for `c::b`: `b` is taken");
    expect("line 4 \"a\"\nline 4 \"b\"", 3, "expected line 4 once, found it again");
    expect("file \"x.rs\n", 2, "expected `\"` before the end of the line");
}

#[test]
fn types() {
    expect("const X: Place = 1u32;", 2, "expected a type, found `Place`: structs are written `self::Place`");
    expect(
        "const X: other::Place = 1u32;",
        2,
        "expected `self` or an imported module before `::`, found `other`",
    );
    expect("const X: Global<u32 = 1u32;", 2, "expected `>`, found `=`");
    expect(
        "const X: [u32; -1] = 1u32;",
        2,
        "expected an array length: a number below 2^64, a const generic, or `self::CONSTANT`, found `-`",
    );
}

#[test]
fn statements() {
    expect_in_body("a#0 = 1u32", 4, "expected `;`, found `}`");
    expect_in_body("b#1 = 1u32;", 3, "expected a declaration of local #1 above");
    expect_in_body("b#0 = 1u32;", 3, "expected `a#0`, as it is declared, found `b#0`");
    expect_in_body("let a#0 = 1u32;", 3, "expected one declaration of local #0, found another");
    expect_in_body("let c#2 = 1u32;", 2, "expected a declaration of local #1 in `f`");
    expect_in_body("if true {}\nelse return;", 4, "expected `{` or `if` after `else`, found `return`");
    expect_in_body("for i#1 in 0u32..N {}", 3, "expected `:` and the type of the loop variable, found `in`");
    expect_in_body("for i#1: u32 in N {}", 3, "expected `..` or `..=`, found `{`");
    expect_in_body("@:4 return;", 3, "expected a position with its line, `@line:column`, found `@:4`");
    expect_in_body("loop {", 4, "expected a statement or `}`, found the end of the text");
}

#[test]
fn expressions() {
    expect_in_body("_ = 5;", 3, "expected a type after `5`, such as in `5u32`, found `;`");
    expect_in_body("_ = self::X;", 3, "expected `:` and the type of the expression before, found `;`");
    expect_in_body(
        "_ = a#0 + a#0 * a#0;",
        3,
        "expected parentheses around one of the operations `+` and `*`",
    );
    expect_in_body(
        "fly(a#0);",
        3,
        "expected the name of an intrinsic before `(`, found `fly`: calls are written `self::fly(..)`",
    );
    expect_in_body("load::<Soon, Gpu>(a#0);", 3, "expected a memory order, such as `Acquire`, found `Soon`");
    expect_in_body("_ = a#0 + ;", 3, "expected an expression, found `;`");
    expect_in_body("_ = select(true, a#0);", 3, "expected `select(condition, then, otherwise)`");
    expect_in_body("_ = \u{1f980};", 3, "`\u{1f980}` means nothing here");
    expect_in_body(
        "_ = 300000000000000000000000000000000000000000u32;",
        3,
        "expected a number: an integer such as `5u32`, a float such as `1.5f32`, or its bits such as `0x3fc00000_f32`, \
         found `3000000000000000000000000000000000000000`",
    );
}
