//! Constructs that a body cannot hold: one sentence each, at the tokens at fault.

use crate::refused::refused;

refused! {
    a_match_of_guards_only: "fn f(x: u32) -> u32 { match x { _ if x > 1 => 1 } }", "match",
        "some arm of a `match` has no guard: add `_ => ..` at the end";
    a_match_without_arms: "fn f(x: u32) { match x {} }", "match",
        "a `match` has arms: write at least `_ => ..`";
    a_pattern_of_a_reference: "fn f(a: u32) -> u32 { match a { &1 => 2, _ => 3 } }", "&1",
        "a pattern is a literal, a range, a constant, a variant, a name, `_`, or a tuple, struct or array of them: test the \
         rest in a guard, `_ if ..`";
    alternatives_that_bind_different_parts: "fn f(a: (u32, u32)) -> u32 { match a { (x, 1) | (1, x) => x, _ => 3 } }", "(x, 1)",
        "a name stands at one place in all alternatives of a pattern: write an arm for each of them";
    a_pattern_of_an_unknown_field: "struct A { x: u32 } fn f(a: A) -> u32 { let A { y, .. } = a; y }", "y, ..",
        "`A` has no field `y`";
    a_pattern_of_an_unknown_struct: "fn f(a: u32) { let B { y } = a; }", "B",
        "there is no struct `B` here: define it, or import it from a `#[device]` module with `use`";
    a_pattern_of_another_struct: "struct A { x: u32 } fn f(a: u32) { let A { x } = a; }", "A { x } =", "expected `A`, found `u32`";
    a_pattern_with_too_few_parts: "struct A(u32, u32); fn f(a: A) { let A(x) = a; }", "A(x)",
        "this pattern has 1 parts, and the value has 2";
    an_array_pattern_of_a_number: "fn f(a: u32) { let [x, ..] = a; }", "[x", "`u32` is not an array";
    a_rest_of_unknown_length: "fn f<const N: usize>(a: [u32; N]) -> u32 { let [.., x] = a; x }", "[.., x]",
        "how many parts `..` stands for is not known here: name the parts, or drop them with `_`";
    a_role_without_warps: "fn f() { #[role(producer)] {} }", "producer",
        "a role states its warps: write `warps = 0..4`";
    a_role_of_one_number: "fn f() { #[role(producer, warps = 4)] {} }", "4",
        "the warps of a role are a range: write `warps = 0..4`";
    a_role_with_something_else: "fn f() { #[role(producer, warps = 0..4, threads = 4)] {} }", "threads",
        "a role states `warps` and `registers`";
    a_role_that_is_no_block: "fn f(x: bool) { #[role(producer, warps = 0..4)] if x {} }", "#[role(producer, warps = 0..4)]",
        "`#[role]` belongs on a block: write `#[role(name, warps = 0..1)] { .. }`";
    a_role_of_a_variable: "fn f(x: u32) { #[role(producer, warps = 0..x)] {} }", "x)",
        "there is no `x` here: declare it, or import it from a `#[device]` module with `use`";
    a_read_only_peer: "fn f(x: Peer<u32>) -> u32 { x.read_only() }", "read_only",
        "`read_only` is for memory that nobody writes while the kernel runs, which a `Global` may be: write `read`";
    a_hint_for_shared_memory: "fn f(x: Shared<u32>) -> u32 { x.read_hinted(NoAllocate) }", "read_hinted",
        "shared memory has no caches: write `read` or `write`";
    a_hint_of_the_other_kind: "fn f(x: Global<u32>) { x.write_hinted(1, LastUse); }", "LastUse",
        "this is no hint that `write_hinted` may have: write one such as `NoAllocate`";
    a_chain_of_lets: "fn f(x: u32) { if let 1 = x && x > 0 {} }", "let",
        "a `let` stands alone in the condition of an `if` or `while`: nest a second `if`";
    a_closure: "fn f(x: u32) { let g = |y: u32| y; }", "|y",
        "device code has no closures: write a device function and call it by name";
    a_question_mark: "fn f(x: u32) { x?; }", "x?",
        "device code has no `?`: return a `bool` beside the value and test it with `if`";
    a_range_value: "fn f(x: u32) { let r = 0..x; }", "0..x",
        "a range stands only in `for i in a..b`: keep start and end in two variables";
    a_loop_over_values: "fn f(x: [u32; 2]) { for y in x {} }", "x {",
        "`for` runs over a range: write `for i in a..b`, `(a..b).rev()` or `(a..b).step_by(n)`";
    a_mapped_range: "fn f(x: u32) { for y in (0..x).map(f) {} }", "map",
        "a range in `for` has `rev()` or `step_by(n)`: write a `while` loop for the rest";
    a_mutable_loop_variable: "fn f() { for mut i in 0..4 { } }", "mut i",
        "a loop variable is fixed: write `let mut i = i;` in the body";
    a_reference: "fn f(x: u32) { let y = &x; }", "&x",
        "device code has no references: pass the value itself, it is copied";
    a_dereference: "fn f(x: u32) { let y = *x; }", "*x",
        "device code has no references: read memory with `pointer.read()`";
    an_assignment_through_a_pointer: "fn f(x: Global<u32>) { *x = 1; }", "*x",
        "device memory is written with `pointer.write(value)`";
    an_index_of_memory: "fn f(x: Global<u32>) -> u32 { x[3] }", "x[3]",
        "memory is reached through a pointer to it: write `.at(index).read()`";
    a_slice_of_an_array: "fn f(x: [u32; 4]) { let y = x[1..2]; }", "1..2",
        "device code has no range as an index: write `slice.subslice(start, end)`, or read the elements one by one";
    an_unsafe_block: "fn f() { unsafe {} }", "unsafe",
        "device code has no `unsafe`: its memory operations are safe to write, leave it out";
    an_async_block: "fn f() { let x = async {}; }", "async", "device code has no `async`: wait in a loop with a deadline";
    a_string: "fn f() { let s = \"x\"; }", "\"x\"",
        "device code has no strings: report a number and give it words on the host";
    a_character: "fn f() { let c = 'x'; }", "'x'", "device code has no characters: write a byte such as `b'a'`";
    a_wide_literal: "fn f() { let c = 1u128; }", "1u128",
        "integers have at most 64 bits in device code: use two `u64`";
    an_item_in_a_body: "fn f() { struct X; }", "struct",
        "items other than `const` stand in the module, not in a function: move this one out of the body";
    a_while_with_a_value: "fn f() { while true { break 1; } }", "1",
        "`while` and `for` have no value: assign a variable before the loop ends, or write `loop`";
    two_constants_of_one_name: "fn f() { { const X: u32 = 1; } const X: u32 = 2; }", "X: u32 = 2",
        "this function has two constants `X`: give them different names";
    a_constant_that_hides_another: "const X: u32 = 1; fn f() { const X: u32 = 2; }", "X: u32 = 2",
        "the module has a `X` too: give the constant in the function another name";
    a_break_outside: "fn f() { break; }", "break", "`break` stands only inside a loop";
    an_unknown_label: "fn f() { loop { continue 'a; } }", "continue", "there is no enclosing loop `'a`";
    a_reference_pattern: "fn f(a: u32) { let ref b = a; }", "ref b",
        "device code has no references: bind a plain name, without `ref`";
    an_operator_that_assigns_a_tuple: "fn f(mut a: u32, mut b: u32) { (a, b) += (b, a); }", "(a, b)",
        "an assignment names one place, or a tuple of places: assign the parts one by one";
    an_assignment_to_a_value: "fn g() -> u32 { 1 } fn f() { g() = 3; }", "g()",
        "only a local, its fields and its elements are assigned: write memory with `pointer.write(value)`";
    conditional_statements: "fn f() { #[cfg(test)] let x = 1; }", "#[cfg",
        "`#[cfg]` is not available in device code: use a `const` parameter and `if`";
    an_unrolled_while: "fn f() { #[unroll] while true {} }", "#[unroll]",
        "`#[unroll]` belongs on a `for` loop: write `#[unroll] for i in 0..N`";

    an_assertion_at_run_time: "fn f(x: u32) { assert!(x > 1); }", "assert",
        "`assert!` is checked when PTX is made: write `const { assert!(..) }`, or `if !condition { trap() }` for a check \
         at run time";
    an_equality_assertion: "fn f() { const { assert_eq!(1, 1); } }", "assert_eq",
        "`assert_eq!` is not available in device code: write `const { assert!(a == b, \"..\") }`, or `if` and `trap()`";
    a_panic: "fn f() { panic!(\"x\"); }", "panic", "`panic!` is not available in device code: write `trap()`";
    printing: "fn f() { println!(\"x\"); }", "println",
        "`println!` is not available in device code: write a number to memory and print it on the host";
    another_macro: "fn f() { shout!(); }", "shout",
        "`shout!` is not available in device code: write a function and call it";
    a_const_block_with_variables: "fn f() { const { let x = 1; } }", "let",
        "a `const` block holds `assert!`s and a value: compute more in a `const fn`";
    an_assertion_on_a_local: "fn f(x: u32) { const { assert!(x > 1) } }", "x",
        "there is no `x` here: declare it, or import it from a `#[device]` module with `use`";
    a_message_without_its_argument: "fn f() { const { assert!(true, \"{} x\") } }", "\"{}",
        "each `{}` of a message takes one argument: add it after the message";
    a_message_with_an_argument_too_many: "fn f() { const { assert!(true, \"x\", 1) } }", "\"x\"",
        "each argument of a message needs its `{}`";
    a_message_with_a_format: "fn f() { const { assert!(true, \"{:?}\", 1) } }", "\"{:?}\"",
        "a message formats with `{}` and `{name}`: write these for `{:?}`";
    a_constant_with_a_loop: "const X: u32 = { let mut i = 0; while i < 3 { i += 1; } i };", "{ let",
        "a constant is one expression, without variables, loops and memory: compute more in a `const fn`";
    a_constant_from_memory: "const X: u32 = shared::<u32>(1).read() + { return 1 };", "return",
        "a constant has no `return`: write the value itself";

    a_function_value: "fn g() {} fn f() { let h = g; }", "g;",
        "a function is not a value in device code: call it, `g(..)`";
    a_call_of_a_variable: "fn f(x: u32) { x(1); }", "x(1)", "`x` is a variable here: device code calls functions only";
    a_call_by_path: "fn f() { crate::module::g(); }", "crate",
        "a function is called without its module: import `g` with `use`";
    an_unknown_function: "fn f() { g(); }", "g",
        "there is no device function `g` here: define it in this module, or import it from a `#[device]` module with `use`";
    a_call_of_a_kernel: "#[kernel(warps = 1)] fn k() {} fn f() { k(); }", "k()",
        "`k` is a kernel, which the host launches: move its body into a function";
    missing_const_arguments: "fn g<const A: u32, const B: bool>() {} fn f() { g(); }", "g()",
        "`g` needs its const parameters: write `g::<A, B>(..)`";
    const_arguments_for_nothing: "fn g() {} fn f() { g::<3>(); }", "g::<3>",
        "`g` has no const parameters: write `g(..)`";
    a_wrong_number_of_arguments: "fn g(x: u32) {} fn f() { g(1, 2); }", "g(1",
        "`g` takes 1 argument, and 2 are given";
    an_unknown_method: "struct A; fn f(a: A) { a.b(); }", "b()",
        "`A` has no method `b`: write one in its `impl`, without traits";
    an_unknown_pointer_method: "fn f(p: Global<u32>) { p.add(1); }", "add",
        "pointers have no method `add`; they have `at`, `cast`, `slice`, `read`, `write`, `load`, `store`, `read_only`, `read_hinted` and \
         `write_hinted`, `read_volatile`, `read_mmio` and their likes, `fetch_add` and its kind, \
         `exchange` and `compare_exchange`";
    a_method_of_peers: "fn f(p: Peers<u32>) { p.read(); }", "read",
        "`Peers` has no method `read`: choose a rank first, `peers.rank(rank).read(..)`";
    a_conversion_trait: "fn f(x: u32) { let y: u64 = x.into(); }", "into",
        "device code has no conversion traits: write `value as T`";
    a_conversion_function: "fn f(x: u32) { let y = u64::from(x); }", "u64",
        "device code has no conversion traits: write `value as u64`";
    a_float_method_of_an_integer: "fn f(x: i32) { x.sqrt(); }", "sqrt",
        "`i32` has no method `sqrt` in device code; it has `abs`, `abs_diff`, `clamp`, `count_ones`, \
         `count_zeros`, `div_euclid`, `ilog2`, `is_negative`, `is_positive`, `leading_ones`, \
         `leading_zeros`, `max`, `min`, `overflowing_add`, `overflowing_mul`, `overflowing_sub`, `pow`, \
         `rem_euclid`, `reverse_bits`, `rotate_left`, `rotate_right`, `saturating_add`, \
         `saturating_mul`, `saturating_sub`, `signum`, `swap_bytes`, `to_be`, `trailing_ones`, \
         `trailing_zeros`, `unsigned_abs`, `wrapping_abs`, `wrapping_add`, `wrapping_div`, \
         `wrapping_mul`, `wrapping_neg`, `wrapping_pow`, `wrapping_rem`, `wrapping_shl`, \
         `wrapping_shr`, `wrapping_sub`";
    a_method_of_an_array: "fn f(x: [u32; 2]) { x.first(); }", "first",
        "arrays have no method `first` in device code: write a `for` loop over the indices";
    a_method_of_an_open_literal: "fn f() { let x = 1; let y = x.count_ones(); }", "x",
        "the type of this number is not known yet: give the literal a suffix, such as `1u32`";

    a_load_that_releases: "fn f(p: Global<u32>) { p.load(Release, Gpu); }", "Release",
        "a load cannot be `Release`: write `Relaxed` or `Acquire`";
    a_store_that_acquires: "fn f(p: Global<u32>) { p.store(1, Acquire, Gpu); }", "Acquire",
        "a store cannot be `Acquire`: write `Relaxed` or `Release`";
    a_relaxed_fence: "fn f() { fence(Relaxed, Gpu); }", "Relaxed",
        "a fence cannot be `Relaxed`: write `Acquire`, `Release`, `AcquireRelease` or `SequentiallyConsistent`";
    a_sequentially_consistent_atomic: "fn f(p: Global<u32>) { p.fetch_add(1, SequentiallyConsistent, Gpu); }",
        "SequentiallyConsistent",
        "`fetch_add` cannot be `SequentiallyConsistent`: write `Relaxed`, `Acquire`, `Release` or `AcquireRelease`";
    a_computed_order: "fn f(p: Global<u32>, x: u32) { p.load(x, Gpu); }", "x",
        "the memory order of a load is written out: `Relaxed` or `Acquire`";
    a_computed_scope: "fn f(p: Global<u32>, x: u32) { p.load(Relaxed, x); }", "x",
        "the scope of a memory operation is written out: `Block`, `Cluster`, `Gpu` or `System`";
    an_atomic_without_order: "fn f(p: Global<u32>) { p.fetch_add(1); }", "fetch_add",
        "`fetch_add` states order and scope last: write `.., Relaxed, Gpu)`";
    an_atomic_on_a_byte: "fn f(p: Global<u8>) { p.fetch_add(1, Relaxed, Gpu); }", "fetch_add",
        "this operation takes a 32- or 64-bit scalar, not `u8`: use a word such as `u32`";
    an_atomic_minimum_of_floats: "fn f(p: Global<f32>) { p.fetch_min(1.0, Relaxed, Gpu); }", "fetch_min",
        "floats have `fetch_add` and `exchange` only, not this operation on `f32`: use integers";

    a_type_mismatch: "fn f(x: u32, y: u64) -> u64 { x + y }", "y", "expected `u32`, found `u64`: write `as u32`";
    a_number_as_bool: "fn f(x: u32) -> bool { x as bool }", "x as bool",
        "a number does not cast to `bool`: compare it, `value != 0`";
    a_pointer_cast: "fn f(x: Global<u32>) { let y = x as u64; }", "x as",
        "a pointer is cast with `pointer.cast::<T>()`";
    a_comparison_of_structs: "struct A { x: u32 } fn f(a: A, b: A) -> bool { a == b }", "a == b",
        "operators take scalars, and this is `A`: write it for each part";
    pointer_arithmetic: "fn f(a: Global<u32>) { let b = a + a; }", "a + a",
        "operators take scalars, and this is `Global<u32>`: use `at` to move a pointer";
    checked_arithmetic: "fn f(a: u32) -> bool { a.checked_add(2).is_some() }", "checked_add",
        "device code has no `Option`: write `overflowing_add`, which gives the result and whether it overflows";
    an_overflowing_negative: "fn f(a: i32) -> i32 { a.overflowing_neg().0 }", "overflowing_neg",
        "`overflowing_neg` is not there: write `wrapping_neg`, and compare with `i32::MIN` for whether it overflows";
    an_overflowing_negative_without_sign: "fn f(a: u8) -> u8 { a.overflowing_neg().0 }", "overflowing_neg",
        "`overflowing_neg` is not there: write `wrapping_neg`, and compare with `0` for whether it overflows";
    an_overflowing_shift: "fn f(a: u8) -> u8 { a.overflowing_shl(3).0 }", "overflowing_shl",
        "`overflowing_shl` is not there: write `wrapping_shl`, and compare the amount with `u8::BITS` for whether it overflows";
    a_saturating_negative: "fn f(a: i64) -> i64 { a.saturating_neg() }", "saturating_neg",
        "`i64` has no method `saturating_neg` in device code: test for what overflows with `if`, and write `wrapping_`, `overflowing_` or `saturating_` with `add`, `sub` or `mul`";
    a_checked_quotient: "fn f(a: u32) -> bool { let x = a.checked_div(2); x.is_none() }", "checked_div",
        "device code has no `Option`: test for what `checked_div` refuses with `if`";
    an_approximated_function: "fn f(a: f32) -> f32 { a.exp2() }", "exp2",
        "`exp2` is only approximated by hardware: write `approximate_exp2(x)` or `approximate_reciprocal(x)` of \
         `crossdock::library::approximate`, `ptx!`, or the formula";
    an_order_that_a_load_cannot_have: "fn f(p: Global<u32>, order: impl Atomic) -> u32 { p.load(order, Gpu) }", "order,",
        "a load cannot be `Release`: write `Relaxed` or `Acquire`";
    a_trait_that_is_no_order: "fn f(x: impl Copy) {}", "impl Copy",
        "`impl` of a trait is the type of a parameter that is a memory order or scope, `impl Load`, `impl Store`, \
         `impl Atomic`, `impl Fence`, `impl Scope` or `impl BarrierScope`: name another type";
    a_kernel_with_an_order: "#[kernel(warps = 1)] fn k(order: impl Load) {}", "impl Load",
        "a kernel states its orders and scopes itself: write them where they are used";
    an_order_operand_that_is_none: "fn f(p: Global<u32>, x: u32) { ptx!(\"fence.{o}.gpu;\", o = order(x)); }", "x)",
        "`order(..)` takes a parameter of this function that is an order, such as `order: impl Load`: name one, or write \
         the modifier into the text";
    mmio_of_shared_memory: "fn f(p: Shared<u32>) -> u32 { p.read_mmio() }", "read_mmio",
        "shared memory is of no other device: write `read_volatile`";
    small_floats_in_a_long_word: "fn f(p: Global<u64>) { p.fetch_add_f16(1, Relaxed, Gpu); }", "fetch_add_f16",
        "16-bit floats lie two in a `u32`, or in a struct of such words, or alone in a `u16`, and this is `u64`";    a_negated_unsigned: "fn f(a: u32) -> u32 { -a }", "-a",
        "`-` takes a signed integer or a float: write `wrapping_neg()` for an unsigned integer, this is `u32`";
    a_literal_out_of_range: "fn f() -> u8 { 256 }", "256", "256 is out of the range of `u8`";
    a_signed_index: "fn f(p: Global<u32>, i: i32) -> u32 { p.at(i).read() }", "i)",
        "an index is `u32`, `u64` or `usize`, not `i32`";
    an_unknown_field: "struct A { x: u32 } fn f(a: A) -> u32 { a.y }", "y", "`A` has no field `y`";
    a_missing_field: "struct A { x: u32, y: u32 } fn f() -> A { A { x: 1 } }", "A { x: 1",
        "`A` lacks `y`: give every field a value";
    an_unknown_type_of_a_local: "fn f() { let x; }", "x", "the type of `x` is not known: write `let x: T`";
    an_unknown_constant_of_a_scalar: "fn f() -> u32 { u32::ZERO }", "u32::ZERO",
        "`u32` has the constants `MIN`, `MAX` and `BITS` here";
}
