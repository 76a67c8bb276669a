//! Items that a device module cannot hold: one sentence each, at the tokens at fault.

use crate::modules::{lower, lowered, sentences};

/// Checks the only mistake of `source`: its sentence, and the text that stands where it points.
#[track_caller]
pub(crate) fn refuses(source: &str, at: &str, sentence: &str) {
    let mistakes = match lower("code", source) {
        Err(mistakes) => mistakes,
        Ok(_) => panic!("accepted: {source}"),
    };
    assert_eq!(sentences(&mistakes), [sentence], "{source}");
    let start = mistakes[0].span.start();
    let line = source.lines().nth(start.line - 1).unwrap_or_default();
    let found: String = line.chars().skip(start.column).collect();
    assert!(found.starts_with(at), "the sentence points at `{found}` instead of `{at}`");
}

/// A test for each rule: its name, the source, where the sentence points, the sentence.
macro_rules! refused {
    ($($name:ident: $source:expr, $at:expr, $sentence:expr;)+) => {
        $(
            #[test]
            fn $name() {
                crate::refused::refuses($source, $at, $sentence);
            }
        )+
    };
}
pub(crate) use refused;

refused! {
    an_enum_with_a_payload: "enum Mode { Fast(u32) }", "Fast",
        "variants of a device enum hold no values: keep the values in a struct beside the enum";
    an_enum_without_variants: "enum Mode {}", "Mode", "a device enum has at least one variant";
    an_enum_laid_out_as_in_c: "#[repr(C)] enum Mode { Fast }", "#[repr",
        "a device enum is held by an integer: write `#[repr(u32)]` or another integer type";
    a_discriminant_out_of_range: "#[repr(u8)] enum Mode { Fast = 300 }", "Mode",
        "the discriminants do not fit: write `#[repr(i64)]` or another type that holds them all";
    an_enum_in_memory: "enum Mode { Fast } fn f(x: Global<Mode>) {}", "Mode>",
        "`Mode` lies in memory here: write `#[repr(u32)]` or its like on `enum Mode`";
    an_enum_in_a_struct: "enum Mode { Fast } struct A { mode: (Mode, u32) }", "(Mode",
        "`Mode` lies in a struct here: write `#[repr(u32)]` or its like on `enum Mode`";
    an_enum_as_a_value: "enum Mode { Fast } fn f() { let x = Mode; }", "Mode;",
        "`Mode` is an enum: write a variant of it, `Mode::..`";
    a_sum_of_enums: "enum Mode { Fast } fn f() { let x = Mode::Fast + Mode::Fast; }", "Mode::Fast +",
        "an enum is compared and cast only: write `value as u32`";
    a_cast_to_an_enum: "enum Mode { Fast } fn f() { let x = 0u32 as Mode; }", "0u32",
        "a number does not cast to an enum: write a `match` that gives its variants";
    a_union: "union Bits { a: u32, b: f32 }", "union",
        "device code has no unions: use a struct, or `to_bits` and `from_bits`";
    a_trait: "trait Copies {}", "trait", "device code has no traits: write functions, or an `impl` of a struct";
    a_static: "static COUNT: u32 = 0;", "static",
        "device code has no statics: use `const`, or memory that a kernel parameter points to";
    a_type_alias: "type Row = u32;", "type", "device code has no type aliases: write the type itself, or a struct";
    a_module: "mod inner {}", "mod",
        "a device module holds no modules: make it a `#[device]` module of its own and import its items";
    a_macro: "thread_local! {}", "thread_local", "device code has no macros: write a function or a constant";
    an_extern_block: "extern \"C\" {}", "extern", "device code has no `extern`: import device items with `use`";

    a_trait_impl: "struct A; impl Clone for A {}", "Clone",
        "device code has no traits: write the functions in an `impl` of the struct itself";
    an_impl_elsewhere: "impl u32 {}", "u32",
        "an `impl` stands in the module that defines its type: move it there, or write a function";
    an_associated_type: "struct A; impl A { type B = u32; }", "type",
        "a device `impl` holds functions and constants only";
    a_struct_with_a_const_parameter: "struct Row<const N: u32> { first: u32 }", "const N",
        "device structs are generic over types only: state array lengths by constants";

    a_lifetime: "fn f<'a>(x: u32) {}", "'a", "device code has no references, so it has no lifetimes: leave it out";
    a_where_clause: "fn f(x: u32) where u32: Copy {}", "where",
        "device code has no `where` clauses: bound a type where it is declared, and check relations with `const { assert!(..) }`";
    a_float_const_parameter: "fn f<const X: f32>() {}", "f32", "a const parameter is an integer or a `bool`";
    an_unsafe_function: "unsafe fn f() {}", "unsafe",
        "device code has no `unsafe`: its memory operations are safe to write, leave it out";
    an_async_function: "async fn f() {}", "async", "device code has no `async`: leave it out";
    an_extern_function: "extern \"C\" fn f() {}", "extern", "device functions have no ABI: leave out `extern`";
    a_pattern_parameter: "fn f((a, b): (u32, u32)) {}", "(a, b)",
        "a parameter is a name: take the value apart with `let`";
    a_mutable_receiver: "struct A; impl A { fn f(&mut self) {} }", "&mut self",
        "a method takes a copy: write `self`, and return the changed value instead of changing it in place";
    a_never_result: "fn f() -> ! { loop {} }", "!",
        "device functions return: leave out `-> !` and call `trap()` where control must end";

    a_reference_type: "fn f(x: &u32) {}", "&u32",
        "device code has no references: pass the value itself, all device types are `Copy`";
    a_raw_pointer: "fn f(x: *mut u32) {}", "*mut",
        "device code has no raw pointers: use `Global<T>`, `Shared<T>` or `Peer<T>`";
    a_slice_type: "fn f(x: [u32]) {}", "[u32]",
        "device code has no slices without a state space: use `GlobalSlice<T>`, `SharedSlice<T>`, `PeerSlice<T>` or an array `[T; N]`";
    a_trait_object: "fn f(x: dyn Copy) {}", "dyn",
        "device code has no traits: name a scalar, struct, tuple, array or pointer type";
    a_function_pointer: "fn f(x: fn(u32)) {}", "fn(u32)",
        "device code has no function pointers: call the function by its name";
    a_wide_integer: "fn f(x: u128) {}", "u128", "`u128` is not available in device code: use two `u64`";
    an_option: "fn f(x: Option<u32>) {}", "Option",
        "`Option` is not available in device code: return a `bool` beside the value";
    an_unknown_type: "fn f(x: Place) {}", "Place",
        "there is no device type `Place` here: define it in this module or import it from a `#[device]` module";
    a_type_by_path: "fn f(x: layout::Place) {}", "layout",
        "a type is named without a path: import it with `use ..::Place;`";
    a_hole_in_a_signature: "fn f(x: Global<_>) {}", "Global",
        "a signature states its types: write the type in place of `_`";
    a_length_that_is_computed_by_a_call: "const fn n() -> usize { 4 } fn f(x: [u32; n()]) {}", "n()",
        "an array length is a literal, a constant or a const parameter: name this length with `const`";
    a_struct_in_memory_without_layout: "struct Row { a: u32 } fn f(x: Global<Row>) {}", "Row",
        "`Row` lies in memory here: write `#[repr(C)]` on `struct Row`";

    a_kernel_without_warps: "#[kernel] fn f() {}", "#[kernel]",
        "a kernel states its block size: write `#[kernel(warps = 8)]`";
    a_kernel_with_too_many_warps: "#[kernel(warps = 33)] fn f() {}", "33", "`warps` is a literal from 1 to 32";
    a_kernel_with_too_few_registers: "#[kernel(warps = 1, max_registers = 8)] fn f() {}", "8",
        "`max_registers` is a literal from 16 to 255";
    an_unknown_kernel_attribute: "#[kernel(warps = 1, blocks = 8)] fn f() {}", "blocks",
        "`blocks` is not a kernel attribute: `warps`, `threads`, `max_threads`, `grid_dimensions` and `max_registers` are";
    a_kernel_with_two_block_sizes: "#[kernel(warps = 1, threads = 32)] fn f() {}", "threads",
        "a kernel states its block size once: leave one of the two out";
    a_kernel_of_at_most_a_part_of_a_warp: "#[kernel(max_threads = 16)] fn f() {}", "#[kernel",
        "a block is whole warps of 32 threads: 16 = 16 is no multiple of 32, so enlarge a dimension and let the threads beyond the data do nothing";
    a_kernel_of_at_most_four_dimensions: "#[kernel(max_threads = (8, 2, 2, 2))] fn f() {}", "(8, 2, 2, 2)",
        "a block has up to three dimensions: write `max_threads = (16, 16)` or `max_threads = (8, 8, 4)`";
    a_kernel_of_no_threads: "#[kernel(threads = (32, 0))] fn f() {}", "0", "`threads` is a literal from 1 to 1024";
    a_kernel_of_four_dimensions: "#[kernel(threads = (8, 2, 2, 2))] fn f() {}", "(8, 2, 2, 2)",
        "a block has up to three dimensions: write `threads = (16, 16)` or `threads = (8, 8, 4)`";
    a_kernel_with_a_part_of_a_warp: "#[kernel(threads = (10, 5))] fn f() {}", "#[kernel",
        "a block is whole warps of 32 threads: 10x5 = 50 is no multiple of 32, so enlarge a dimension and let the threads beyond the data do nothing";
    a_kernel_with_too_many_threads: "#[kernel(threads = (64, 32))] fn f() {}", "#[kernel",
        "a block has at most 1024 threads: 64x32 = 2048 is not allowed";
    a_kernel_with_too_many_threads_along_z: "#[kernel(threads = (1, 1, 96))] fn f() {}", "#[kernel",
        "a block has at most 64 threads along z: 96 is not allowed";
    a_grid_of_four_dimensions: "#[kernel(warps = 1, grid_dimensions = 4)] fn f() {}", "4",
        "`grid_dimensions` is a literal from 1 to 3";
    a_kernel_that_returns: "#[kernel(warps = 1)] fn f() -> u32 { 1 }", "u32",
        "a kernel returns nothing: write results through a pointer parameter";
    a_kernel_that_takes_an_array: "#[kernel(warps = 1)] fn f(x: [u32; 2]) {}", "x",
        "a kernel parameter is a scalar, a `Global`, a `Peer`, a `Peers`, a `GlobalSlice`, a `PeerSlice` or a struct of these: pass more through memory";
    a_kernel_that_takes_shared_memory: "#[kernel(warps = 1)] fn f(x: Shared<u32>) {}", "x",
        "a kernel parameter is a scalar, a `Global`, a `Peer`, a `Peers`, a `GlobalSlice`, a `PeerSlice` or a struct of these: pass more through memory";
    a_kernel_that_takes_a_struct_with_an_array:
        "struct Inner { x: [u32; 2] } struct Outer { first: u32, inner: Inner } #[kernel(warps = 1)] fn f(outer: Outer) {}",
        "outer: Outer",
        "a kernel parameter is a scalar, a `Global`, a `Peer`, a `Peers`, a `GlobalSlice`, a `PeerSlice` or a struct of these: pass more through memory";
    a_kernel_in_an_impl: "struct A; impl A { #[kernel(warps = 1)] fn f() {} }", "#[kernel",
        "`#[kernel]` belongs on a function of the module: move it there";

    conditional_code: "#[cfg(test)] fn f() {}", "#[cfg",
        "`#[cfg]` is not available in device code: use a `const` parameter and `if`";
    an_unknown_attribute: "#[no_mangle] fn f() {}", "#[no_mangle]",
        "`#[no_mangle]` is not available in device code: leave it out";
    a_transparent_struct: "#[repr(transparent)] struct A(u32);", "transparent",
        "device structs are laid out as C does: write `#[repr(C)]` or `#[repr(C, align(16))]`";
    an_odd_alignment: "#[repr(C, align(24))] struct A(u32);", "#[repr",
        "an alignment is a power of two up to 4096: 24 is not";
}

#[test]
fn all_mistakes_come_at_once_in_source_order() {
    let source = "enum A {}\nfn f(x: &u32) -> u32 {\n    if x? { 1 } else { 2 }\n}\nconst B: u32 = 1u64;\nfn g() { h() }\n";
    let mistakes = lower("code", source).expect_err("four mistakes");
    let lines: Vec<usize> = mistakes.iter().map(|mistake| mistake.span.start().line).collect();
    assert_eq!(lines, [1, 2, 3, 5, 6], "{:?}", sentences(&mistakes));
}

#[test]
fn harmless_attributes_are_accepted() {
    let module = lowered(
        "#[doc = \"x\"] #[allow(dead_code)] #[expect(unused)] #[must_use] #[inline(always)] #[rustfmt::skip]
        fn f(#[allow(unused)] x: u32) -> u32 { #[allow(unused)] let y = x; y }
        /// A row.
        #[derive(Clone, Copy)] #[repr(C)] struct Row { /** first */ a: u32 }",
    );
    assert_eq!((module.functions.len(), module.structs.len()), (1, 1));
}
