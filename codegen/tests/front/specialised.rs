//! Mistakes of generic kernels that only their parameters show: one sentence each, that says what,
//! where and what to write instead. What is a mistake for no parameter at hand compiles.

use crossdock_codegen::{Error, back};

use crate::modules::lower;

/// A kernel `k` that is specialised for `parameters`: the lines and sentences of all its mistakes,
/// if it has any.
fn mistakes(items: &str, target: &str, parameters: &[(&str, i128)]) -> Vec<(u32, String)> {
    let module = match lower("code", items) {
        Ok(module) => module,
        Err(found) => {
            return found.iter().map(|one| (one.span.start().line as u32, one.message.clone())).collect();
        }
    };
    let options = back::Options::new(target, None).expect("the test names a target");
    let made =
        back::link(vec![module]).and_then(|program| back::specialise(&program, "k", parameters, &options));
    let listed = |mistakes: Vec<crossdock_codegen::Mistake>| {
        mistakes.into_iter().map(|mistake| (mistake.span.line, mistake.message)).collect()
    };
    match made {
        Ok(_) => Vec::new(),
        Err(Error::Invalid(mistakes) | Error::Specialise(mistakes)) => listed(mistakes),
        Err(Error::Relation { mistake, .. }) => listed(vec![mistake]),
        Err(other) => vec![(0, other.to_string())],
    }
}

/// A test for each mistake: the generics, other items, the body, the parameters, the line of the
/// body, from 1, and the beginning of the sentence.
macro_rules! refused_for {
    ($($test:ident: <$generics:literal> { $items:expr } $body:expr, $parameters:expr, $line:literal, $sentence:literal;)+) => {$(
        #[test]
        fn $test() {
            let source = kernel($generics, $body, $items);
            let found = mistakes(&source, "sm_80", &$parameters);
            let [(line, sentence)] = found.as_slice() else { panic!("one mistake: {found:?}\n{source}") };
            assert!(sentence.starts_with($sentence), "{sentence}");
            assert_eq!(*line, $line + 1, "{source}");
        }
    )+};
}

/// The body begins on line 2; the other items follow it.
fn kernel(generics: &str, body: &str, items: &str) -> String {
    format!("#[kernel(warps = 2)] pub fn k<{generics}>(out: Global<u32>) {{\n{body}\n}}\n{items}")
}

const IDENTITY: &str = "fn id<const M: u32>() -> u32 { M }";

/// Each function calls the next one twice: more calls than anything can write down.
fn doubling(keyword: &str) -> String {
    let functions = (0..24).map(|n| {
        format!("{keyword} fn f{n}(x: u32) -> u32 {{ f{next}(x) ^ f{next}(x ^ {n}) }}\n", next = n + 1)
    });
    functions.chain([format!("{keyword} fn f24(x: u32) -> u32 {{ x }}\n")]).collect()
}

refused_for! {
    an_index_outside: <"const N: usize"> { "" }
        "let list = [1u32; 4];\nout.write(list[N]);", [("N", 4)], 2,
        "index 4 is out of bounds: the array has 4 elements";
    an_index_below_zero: <"const N: usize"> { "" }
        "let list = [1u32; 4];\nout.write(list[N - 1]);", [("N", 0)], 2,
        "index 18446744073709551615 is out of bounds";
    an_index_that_stays_unknown: <"const N: u32"> { "" }
        "let list = [1u32; 4];\nlet i = if N > 3 { lane() } else { 0 };\nout.write(list[i as usize]);", [("N", 4)], 3,
        "the index of an array in registers must be constant: add #[unroll]";
    an_index_that_a_loop_changes: <"const N: u32"> { "" }
        "let mut list = [1u32; 4];\nfor i in 0..N { list[i as usize] = i; }\nout.write(list[0]);", [("N", 4)], 2,
        "the index of an array in registers must be constant: add #[unroll]";
    unrolling_without_end: <"const N: u64"> { "" }
        "#[unroll]\nfor i in 0..N { out.write(i as u32); }", [("N", u64::MAX as i128)], 2,
        "this kernel unrolls to more code than fits: unroll fewer or shorter loops";
    unrolling_nothing_without_end: <"const N: u64"> { "" }
        "#[unroll]\nfor i in 0..N {}\nout.write(1);", [("N", u64::MAX as i128)], 2,
        "this kernel unrolls to more code than fits";
    unrolling_within_unrolling: <"const N: u32"> { "" }
        "let mut x = 0;\n#[unroll]\nfor i in 0..N {\n#[unroll]\nfor j in 0..N { x += i * j ^ lane(); } }\nout.write(x);",
        [("N", 60_000)], 5, "this kernel unrolls to more code than fits";
    unrolling_of_an_unknown_number: <"const N: u32"> { "" }
        "#[unroll]\nfor i in 0..N + lane() { out.write(i); }", [("N", 3)], 2,
        "#[unroll] needs constant bounds: make the bounds of `i` constant";
    too_much_shared_memory: <"const N: u32"> { "" }
        "let a = shared::<u32>(N);\nout.write(a.read());", [("N", 20_000)], 1,
        "the block's shared arrays take 80000 bytes: at most 49152 bytes can be static";
    far_too_much_shared_memory: <"const N: u32"> { "" }
        "let a = shared::<u64>(N);\nout.write(a.read() as u32);", [("N", u32::MAX as i128)], 1,
        "the block's shared arrays take 34359738360 bytes";
    shared_memory_of_an_unknown_length: <"const N: u32"> { "" }
        "let a = shared::<u32>(N + lane());\nout.write(a.read());", [("N", 1)], 1,
        "the length of a shared array must be constant";
    a_shift_in_an_assertion: <"const N: u32"> { "" }
        "const { assert!(1u32 << N > 0, \"\") };\nout.write(1);", [("N", 32)], 1,
        "this constant expression shifts by more bits than its type has: use a wider type";
    a_shift_in_a_const_argument: <"const N: u32"> { IDENTITY }
        "out.write(id::<{ 1 << N }>());", [("N", 40)], 1, "this constant expression shifts by more bits";
    a_quotient_of_zero: <"const N: u32"> { "" }
        "out.write(1);\nout.write(lane() / N);", [("N", 0)], 2,
        "this divides by the constant zero: exclude that divisor with `if`";
    a_remainder_of_zero: <"const N: i64"> { "" }
        "out.write((lane() as i64 % N) as u32);", [("N", 0)], 1, "this divides by the constant zero";
    a_rounded_up_quotient_of_zero: <"const N: u32"> { "" }
        "out.write(lane().div_ceil(N));", [("N", 0)], 1, "this divides by the constant zero";
    a_wrapping_quotient_of_zero: <"const N: i32"> { "" }
        "out.write(5i32.wrapping_div(N) as u32);", [("N", 0)], 1, "this constant expression divides by zero: exclude";
    a_euclidean_quotient_of_zero: <"const N: u32"> { "" }
        "out.write(lane().div_euclid(N));", [("N", 0)], 1, "this divides by the constant zero";
    a_quotient_in_an_assertion: <"const N: u32"> { "" }
        "const { assert!(16 % N == 0, \"\") };\nout.write(1);", [("N", 0)], 1,
        "this constant expression divides by zero: exclude that divisor with `if`";
    a_quotient_that_overflows: <"const N: i32"> { "" }
        "out.write((i32::MIN / N) as u32);", [("N", -1)], 1, "this constant expression overflows its type";
    a_product_in_a_const_argument: <"const N: u32"> { IDENTITY }
        "out.write(id::<{ N * 2 }>());", [("N", 1 << 31)], 1,
        "this constant expression overflows its type: use a wider type, or a `wrapping_` method";
    a_difference_in_a_const_argument: <"const N: u32"> { IDENTITY }
        "out.write(id::<{ N - 4 }>());", [("N", 3)], 1, "this constant expression overflows its type";
    a_difference_in_a_const_function: <"const N: u32"> { "fn id<const M: u32>() -> u32 { M }\nconst fn less(x: u32) -> u32 {\nx - 1\n}" }
        "out.write(id::<{ less(N) }>());", [("N", 0)], 5, "this constant expression overflows its type";
    a_negative_of_the_smallest: <"const N: i32"> { "fn id<const M: i32>() -> i32 { M }" }
        "out.write(id::<{ -N }>() as u32);", [("N", i32::MIN as i128)], 1, "this constant expression overflows its type";
    a_size_of_the_smallest: <"const N: i32"> { "fn id<const M: i32>() -> i32 { M }" }
        "out.write(id::<{ N.abs() }>() as u32);", [("N", i32::MIN as i128)], 1,
        "this constant expression overflows its type";
    a_power_of_two_beyond_the_type: <"const N: u32"> { IDENTITY }
        "out.write(id::<{ N.next_power_of_two() }>());", [("N", (1 << 31) + 1)], 1,
        "this constant expression overflows its type";
    a_logarithm_of_zero: <"const N: u32"> { IDENTITY }
        "out.write(id::<{ N.ilog2() }>());", [("N", 0)], 1, "this constant expression overflows its type";
    recursion_downwards: <"const N: u32"> { "fn g<const M: u32>() -> u32 { if M == 0 { 0 } else { g::<{ M - 1 }>() } }" }
        "out.write(g::<N>());", [("N", 5)], 3, "everything is inlined, so a function cannot call itself: write a loop";
    recursion_without_end: <"const N: u32"> { "fn g<const M: u32>() -> u32 { h::<{ M + 1 }>() }\nfn h<const M: u32>() -> u32 { g::<M>() }" }
        "out.write(g::<N>());", [("N", 5)], 3, "everything is inlined, so a function cannot call itself: write a loop (`g` -> `h` -> `g`)";
    a_constant_without_end: <"const N: u32"> { "fn id<const M: u32>() -> u32 { M }\nconst fn h(x: u32) -> u32 {\nlet mut y = x; while y != 0 { y ^= 2; } y\n}" }
        "out.write(id::<{ h(N) }>());", [("N", 5)], 5, "this constant expression takes more than 4000000 steps: make it shorter";
    a_broken_relation: <"const N: u32, const W: u32"> { "" }
        "const { assert!(N % W == 0, \"{N} rows do not divide among {} warps\", W) };\nout.write(1);",
        [("N", 3), ("W", 4)], 1, "3 rows do not divide among 4 warps";
    a_pointer_of_another_space: <"const N: u32"> { "" }
        "let a = shared::<u32>(N);\nlet b: Global<u32> = a;\nb.write(1);", [("N", 1)], 2,
        "expected `Global<u32>`, found `Shared<u32>`";
    a_pointer_cast_to_another_space: <"const N: u32"> { "" }
        "let a = shared::<u32>(N);\nlet b = a as Global<u32>;\nb.write(1);", [("N", 1)], 2,
        "a pointer is cast with `pointer.cast::<T>()`";
    a_function_over_spaces: <"const N: u32"> { "fn f(p: impl Pointer, n: u32) { p.write(n); }" }
        "f(out, N);", [("N", 1)], 3, "`impl` of a trait is the type of a parameter that is a memory order or scope";
    an_element_of_an_empty_array: <"const N: usize"> { "" }
        "let list = [7u32; N];\nout.write(list[0]);", [("N", 0)], 2, "index 0 is out of bounds: the array has 0 elements";
    an_enormous_array: <"const N: usize"> { "" }
        "let list = [lane(); N];\nout.write(list[1]);", [("N", u64::MAX as i128)], 1,
        "a value of 18446744073709551615 registers does not fit: keep it in memory and use a pointer";
    enormous_arrays_in_arrays: <"const N: usize"> { "" }
        "let list = [[[lane(); N]; N]; N];\nout.write(list[1][2][3]);", [("N", 60_000)], 1, "a value of 60000 registers does not fit";
    an_enormous_table: <"const N: usize"> { "const TABLE: [u32; 1 << 40] = [7; 1 << 40];\nfn id<const M: u32>() -> u32 { M }" }
        "out.write(id::<{ TABLE[N] }>());", [("N", 1)], 3, "a value of 1099511627776 registers does not fit";
    an_enormous_argument: <"const N: usize"> { "fn f<const M: usize>(a: [u32; M]) -> u32 { a.len() as u32 }" }
        "out.write(f::<N>([1; N]));", [("N", 1 << 33)], 1, "a value of 8589934592 registers does not fit";
    arrays_of_two_lengths: <"const N: usize, const M: usize"> { "" }
        "let mut a = [1u32; N];\na = [2; M];\nout.write(a[0]);", [("N", 4), ("M", 4)], 2, "expected `[u32; N]`, found `[integer; M]`";
    a_newer_instruction_in_a_live_arm: <"const N: u32"> { "" }
        "if N == 1 {\nout.write(pack_e4m3(lane() as f32, 2.0) as u32);\n}", [("N", 1)], 2,
        "`cvt.rn.satfinite.e4m3x2.f32` needs the target sm_89, and this kernel is made for sm_80: raise the target";
    a_newer_inline_instruction_in_a_live_arm: <"const N: u32"> { "" }
        "if N == 1 {\nptx!(\"griddepcontrol.wait;\");\n}", [("N", 1)], 2,
        "`griddepcontrol.wait` needs the target sm_90, and this kernel is made for sm_80: raise the target";
    a_division_in_the_arm_that_is_taken: <"const N: u32"> { "" }
        "let x = match N {\n1 => 5,\n_ => 1 / (N - 7),\n};\nout.write(x);", [("N", 7)], 3,
        "this constant expression divides by zero";
}

/// Each call doubles the code, so that it could go on for longer than anybody waits.
#[test]
fn calls_that_double_end() {
    for keyword in ["", "const"] {
        let found = mistakes(
            &kernel("const N: u32", "out.write(f0(N) ^ f0(lane()));", &doubling(keyword)),
            "sm_80",
            &[("N", 5)],
        );
        let [(_, sentence)] = found.as_slice() else { panic!("one mistake: {found:?}") };
        assert!(sentence.starts_with("this kernel unrolls to more code than fits"), "{sentence}");
    }
    let items = format!("{}\n{IDENTITY}", doubling("const"));
    let found =
        mistakes(&kernel("const N: u32", "out.write(id::<{ f0(N) }>());", &items), "sm_80", &[("N", 5)]);
    assert!(found[0].1.starts_with("this constant expression takes more than"), "{found:?}");
}

#[test]
fn parameters_are_of_their_types() {
    for (ty, value, sentence) in [
        ("u64", 1i128 << 64, "N must be a u64 from 0 to 18446744073709551615: 18446744073709551616 is not"),
        ("i8", -129, "N must be a i8 from -128 to 127: -129 is not"),
        ("bool", 2, "N must be a bool from 0 to 1: 2 is not"),
    ] {
        let found = mistakes(
            &kernel(&format!("const N: {ty}"), "out.write(N as u32);", ""),
            "sm_80",
            &[("N", value)],
        );
        assert_eq!(found, [(0, sentence.to_string())]);
    }
}

#[test]
fn a_block_has_65536_registers() {
    let source = |warps: u32, most: u32| {
        format!(
            "#[kernel(warps = {warps}, max_registers = {most})]\npub fn k(out: Global<u32>) {{ out.write(1); }}"
        )
    };
    for (warps, most) in [(32, 64), (16, 128), (8, 255), (12, 168), (1, 255)] {
        assert_eq!(mistakes(&source(warps, most), "sm_80", &[]), []);
    }
    let sentence = "32 warps with 65 registers per thread need 73728 registers, and a block has at most 65536: \
                    write `max_registers = 64` or fewer warps";
    assert_eq!(mistakes(&source(32, 65), "sm_80", &[]), [(1, sentence.to_string())]);
    assert!(mistakes(&source(9, 255), "sm_80", &[])[0].1.contains("write `max_registers = 224`"));
}

/// What is legal for these parameters, though not for others.
#[test]
fn what_no_parameter_at_hand_breaks_compiles() {
    for (generics, body, items, n) in [
        ("const N: u32", "out.write(if N == 0 { 0 } else { lane() / N });", "", 0),
        ("const N: u32", "out.write(lane() << N);", "", 40),
        ("const N: u32", "if N == 1 { ptx!(\"griddepcontrol.wait;\"); }", "", 0),
        ("const N: u32", "if N == 1 { out.write(pack_e4m3(lane() as f32, 2.0) as u32); }", "", 0),
        // Folded, it needs no instruction.
        ("const N: u32", "if N == 1 { out.write(pack_e4m3(1.0, 2.0) as u32); }", "", 1),
        ("const N: usize", "let list = [7u32; N];\nout.write(list.len() as u32);", "", 0),
        ("const N: u32", "#[unroll]\nfor i in N..=4294967295 { out.write(i); }", "", i128::from(u32::MAX)),
        ("const N: u32", "#[unroll]\nfor i in 0..1000u32 { if i > N { break; } out.write(i); }", "", 1),
        (
            "const N: i32",
            "out.write(id::<{ N.wrapping_abs() }>() as u32);",
            "fn id<const M: i32>() -> i32 { M }",
            -0x8000_0000,
        ),
        ("const N: i32", "out.write(id::<{ N.unsigned_abs() }>());", IDENTITY, -0x8000_0000),
        (
            "const N: i32",
            "out.write(id::<{ N.wrapping_div(-1) }>() as u32);",
            "fn id<const M: i32>() -> i32 { M }",
            -0x8000_0000,
        ),
    ] {
        assert_eq!(mistakes(&kernel(generics, body, items), "sm_80", &[("N", n)]), [], "{body}");
    }
}
