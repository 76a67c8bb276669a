//! Type parameters: what they may be, what can be done with them, and what linking makes of them.

use crossdock_codegen::{Error, back, text};

use crate::modules::{lower_with, lowered};
use crate::refused::refused;

refused! {
    two_sets: "fn f<T: Float + Word>(x: T) {}", "Word>",
        "a type parameter stands for one set of types: write `T: Word` alone";
    a_lifetime_as_a_bound: "fn f<T: 'static>(x: T) {}", "'static",
        "this is no set of device types: bound `T` by one of `Copy`, `Number`, `Integer`, `Unsigned`, `Signed`, `Float`, `Word`, `IntegerWord`";
    a_default: "struct A<T = u32> { x: T }", "u32>", "a type parameter has no default in device code: leave it out";
    a_type_as_a_name: "fn f<u32: Number>(x: u32) {}", "u32: Number", "`u32` is a type: call the parameter `T`";
    a_type_after_a_constant: "fn f<const N: u32, T: Number>(x: T) {}", "T: Number",
        "type parameters stand before const parameters";
    a_generic_enum: "enum Mode<T> { Fast }", "T", "a device enum has no generics: it has no payload that could need them";
    a_generic_kernel: "#[kernel(warps = 1)] fn f<T: Number>(x: Global<T>) {}", "T: Number",
        "a kernel is made for types that are known: write one for each type, which calls a generic function";
    an_impl_under_other_names: "struct A<T: Number> { x: T } impl<U: Number> A<U> {}", "A<U>",
        "an `impl` names the type parameters as `A` does: write `impl<T> A<T>`, each with a bound";
    an_impl_for_one_type: "struct A<T: Number> { x: T } impl A<u32> {}", "A<u32>",
        "an `impl` names the type parameters as `A` does: write `impl<T> A<T>`, each with a bound";
    an_impl_of_more_types: "struct A { x: u32 } impl<T: Number> A {}", "A {}",
        "`A` takes no type arguments: write `impl A`";
    a_constant_of_a_generic_impl: "struct A<T: Number> { x: T } impl<T: Number> A<T> { const N: u32 = 1; }", "N",
        "a generic `impl` holds functions only: write the constant outside of it";

    a_struct_without_its_types: "struct A<T: Number> { x: T } fn f(x: A) {}", "A)", "`A` is generic: write `A<T>`";
    a_struct_with_too_many_types: "struct A<T: Number> { x: T } fn f(x: A<u32, u32>) {}", "A<u32, u32>",
        "`A` is generic: write `A<T>`";
    a_constant_as_a_type: "struct A<T: Number> { x: T } fn f(x: A<3>) {}", "3", "`T` of `A` is a type";
    a_type_outside_of_the_set: "struct A<T: Number> { x: T } fn f(x: A<bool>) {}", "bool",
        "`A` takes `T: Number`, and `bool` is none";
    a_call_outside_of_the_set: "fn g<T: Float>(x: T) -> T { x } fn f(x: u32) -> u32 { g(x) }", "g(x) }",
        "`g` takes `T: Float`, and `u32` is none";
    a_call_with_a_smaller_set: "fn g<T: Float>(x: T) -> T { x } fn f<T: Number>(x: T) -> T { g(x) }", "g(x) }",
        "`g` takes `T: Float`, and `T` is none";
    a_type_that_nothing_states: "fn g<T: Number>() -> u32 { 1 } fn f() -> u32 { g() }", "g()",
        "the type `T` of `g` is not known: state it, `g::<T>`";
    too_many_types_in_a_call: "fn g<T: Number>(x: T) {} fn f() { g::<u32, u32>(1) }", "g::",
        "`g` has one type for each of `T`: write `g::<T>(..)`";

    an_operator_of_any_type: "fn f<T: Copy>(x: T) -> T { x + x }", "x + x",
        "operators take scalars, and this is `T`: bound it by a set that has them, such as `Number`";
    a_method_of_any_type: "fn f<T>(x: T) -> T { x.abs() }", "abs",
        "`T` may be any type: bound it, such as `T: Number`, for methods and operators";
    a_constant_of_any_type: "fn f<T>() -> T { T::ZERO }", "T::ZERO", "`T` may be any type: bound it, such as `T: Number`";
    an_unknown_constant: "fn f<T: Number>() -> T { T::MAX }", "T::MAX",
        "`T` has the constants `ZERO` and `ONE`: write `T::of(value)` for others";
    bits_of_numbers: "fn f<T: Number>(x: T) -> T { x & x }", "x & x",
        "bitwise operators take integers or `bool`s: write `to_bits()`";
    a_shift_by_a_float: "fn f<T: Integer, U: Word>(x: T, y: U) -> T { x << y }", "x << y", "a shift takes integers";
    a_negative_of_numbers: "fn f<T: Number>(x: T) -> T { -x }", "-x",
        "`-` takes a signed integer or a float: write `wrapping_neg()` for an unsigned integer, this is `u8`";
    a_method_of_some_numbers: "fn f<T: Number>(x: T) -> T { x.min(x) }", "min",
        "`T: Number` has no method `min`; it has `smaller`, `larger`";
    an_atomic_of_small_numbers: "fn f<T: Number>(x: Global<T>, y: T) { x.fetch_add(y, Relaxed, Gpu); }", "fetch_add",
        "this operation takes a 32- or 64-bit scalar, not `u8`: use a word such as `u32`";
    a_literal_of_the_type: "fn f<T: Number>(x: T) -> T { x + 1 }", "1", "expected `T`, found `integer`";
    another_parameter: "fn f<T: Number, U: Number>(x: T, y: U) -> T { x + y }", "y }", "expected `T`, found `U`";
}

const SOURCE: &str = "
    pub struct Pair<T: Word> { pub first: T, pub second: T }
    impl<T: Word> Pair<T> {
        pub fn new(first: T, second: T) -> Self { Self { first, second } }
        pub fn sum(self) -> T { self.first + self.second }
    }
    pub fn larger<T: Number>(a: T, b: T) -> T { if a > b { a } else { b } }
    pub fn swap<T: Copy, const N: u32>(from: Global<T>) { let x = from.read(); from.at(N).write(x); }
";

#[test]
fn the_text_carries_type_parameters() {
    let module = lowered(SOURCE);
    let written = text::print(&module);
    assert_eq!(text::parse(&written).expect("its own text"), module);
    for part in [
        "struct Pair<T: Word> {",
        "fn Pair::new<T: Word>(first#0: T",
        "new self::Pair<T>(first#0",
        "fn larger<T: Number>(a#0: T, b#1: T) -> T {",
        "fn swap<T: Copy, const N: u32>(from#0: Global<T>) {",
    ] {
        assert!(written.contains(part), "{part}\n{written}");
    }
}

/// The PTX of `k` of a module that imports the items of `SOURCE`.
fn specialised(source: &str) -> String {
    let library = lowered(SOURCE);
    let library = crossdock_codegen::ir::Module { name: "library".into(), ..library };
    let written = text::print(&renamed(&library));
    let library = text::parse(&written).expect("its own text");
    let source = format!("use crate::library::{{larger, swap, Pair}};\n{source}");
    let module = lower_with("code", &source, &[&library]).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let module = text::parse(&text::print(&module)).expect("its own text");
    let program = back::define(vec![library, module], "code").unwrap_or_else(|error| panic!("{error}"));
    let made = back::specialise(&program, "k", &[], &back::Options::default());
    made.unwrap_or_else(|error| panic!("{error}")).ptx.to_string()
}

/// A module whose own items are those of `library`.
fn renamed(library: &crossdock_codegen::ir::Module) -> crossdock_codegen::ir::Module {
    let written = text::print(&crossdock_codegen::ir::Module { name: "code".into(), ..library.clone() });
    text::parse(&written.replace("module code;", "module library;")).expect("its own text")
}

/// Instructions alone.
fn instructions(ptx: &str) -> Vec<String> {
    let lines = ptx.lines().map(str::trim).filter(|line| line.ends_with(';') && !line.starts_with('.'));
    lines.map(String::from).collect()
}

#[test]
fn generic_code_makes_the_instructions_of_plain_code() {
    let generic = specialised(
        "#[kernel(warps = 1)] fn k(x: Global<f32>, y: Global<u64>) {\
         x.write(larger(x.read(), Pair::new(x.at(1u32).read(), 2.0).sum()));\
         y.write(Pair::<u64>::new(y.read(), 5).sum()); swap::<f32, 3>(x); swap::<_, 4>(y); }",
    );
    let plain = specialised(
        "fn larger_f32(a: f32, b: f32) -> f32 { if a > b { a } else { b } }\
         struct Floats { first: f32, second: f32 }\
         fn sum(floats: Floats) -> f32 { floats.first + floats.second }\
         #[kernel(warps = 1)] fn k(x: Global<f32>, y: Global<u64>) {\
         x.write(larger_f32(x.read(), sum(Floats { first: x.at(1u32).read(), second: 2.0 })));\
         y.write(y.read() + 5); let a = x.read(); x.at(3u32).write(a); let b = y.read(); y.at(4u32).write(b); }",
    );
    let (generic, plain) = (instructions(&generic), instructions(&plain));
    assert_eq!(generic.len(), plain.len(), "{generic:#?}\n{plain:#?}");
}

/// What is wrong with one of the types is found where the function is defined, and told once.
#[test]
fn every_type_is_checked_where_a_function_is_defined() {
    let text = "module code;\nfile \"code.rs\";\n\
                @3:4 fn f<T: Number>(x#0: T) -> T {\n  @4:8 return (x#0 & x#0);\n}\n";
    let module = text::parse(text).expect("it is IR");
    back::link(vec![module.clone()]).expect("nobody uses it");
    let Err(Error::Invalid(mistakes)) = back::define(vec![module], "code") else {
        panic!("floats have no bits")
    };
    let [mistake] = mistakes.as_slice() else { panic!("{mistakes:?}") };
    assert_eq!(mistake.message, "this operator does not work on f32");
    assert_eq!(mistake.span.line, 4);
}

#[test]
fn a_function_that_calls_itself_with_larger_types_comes_to_an_end() {
    let text = "module code;\nfile \"code.rs\";\n\
                @1:1 struct Pair<T: Copy> { a: T, b: T }\n\
                @3:4 fn f<T: Copy>(x#0: T) {\n  self::f::<type self::Pair<T>>(new self::Pair<T>(x#0, x#0));\n}\n\
                @7:4 fn g(x#0: u32) {\n  self::f::<type u32>(x#0);\n}\n";
    let module = text::parse(text).expect("it is IR");
    assert!(matches!(back::link(vec![module]), Err(Error::Invalid(_))));
}

#[test]
fn wrong_type_arguments_in_text_are_mistakes() {
    for (call, sentence) in [
        ("self::f::<type u32, type u32>(x#0)", "the function `f` takes 1 type argument(s), 2 given"),
        ("self::f(x#0)", "the function `f` takes 1 type argument(s), 0 given"),
        ("self::f::<type bool>(true)", "`f` takes `T: Number`, and `bool` is none"),
        ("self::f::<type \"U\">(x#0)", "there is no type parameter `U` here"),
    ] {
        let text = format!(
            "module code;\nfile \"code.rs\";\n@3:4 fn f<T: Number>(x#0: T) {{\n}}\n@7:4 fn g(x#0: u32) {{\n  @8:2 {call};\n}}\n"
        );
        let module = text::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let Err(Error::Invalid(mistakes)) = back::link(vec![module]) else { panic!("accepted: {call}") };
        assert_eq!(mistakes[0].message, sentence, "{call}");
    }
}

/// The name of a type stands in inline PTX for what the type parameter is.
#[test]
fn inline_ptx_names_the_type() {
    let text = specialised(
        "fn mix<T: IntegerWord>(x: T, y: T) -> T {\
         ptx!(\"xor.{b} {z}, {x}, {y};\", \"add.{t} {d}, {z}, {y};\", \"max.{u} {e}, {d}, {x};\",\
         b = bits(T), t = type(T), u = sum(T), x = in(x), y = in(y), z = scratch(T), d = scratch(T), e = out(T)) }\
         #[kernel(warps = 1)] fn k(y: Global<i64>, z: Global<i32>) {\
         y.write(mix(y.read(), 3)); z.write(mix(z.read(), 4)); }",
    );
    for instruction in ["xor.b64", "xor.b32", "add.s64", "add.s32", "max.u64", "max.s32"] {
        assert!(text.contains(instruction), "{instruction}\n{text}");
    }
}

refused! {
    an_instruction_that_one_type_lacks:
        r#"fn f<T: Word>(x: T) -> T { ptx!("and.{b} {d}, {x}, {x};", "sad.{t} {d}, {x}, {x}, {x};", b = bits(T), t = type(T), x = in(x), d = out(T)) }"#,
        "\"sad", "`sad` has no modifier `.f32`; its forms are: `sad.<integer>`";
    a_type_that_is_not_used:
        r#"fn f(x: u32) -> u32 { ptx!("mov.b32 {d}, {x};", t = type(u32), x = in(x), d = out(u32)) }"#,
        "ptx", "the operand `t` is not used: leave it out";
}
