//! Folding and `const fn`s agree with Rust: the expected values below are computed by rustc.

use crate::fixtures::{body, specialise};

/// What a kernel stores when it computes `expression` of type `ty` from constants.
fn folded(ty: &str, expression: &str, items: &str) -> String {
    let source = format!(
        "module a::code;\n{items}\n#[kernel(warps = 1)] fn k(out#0: Global<{ty}>) {{ write(out#0, ({expression})); }}"
    );
    let lines = body(&source, &[]);
    let store =
        lines.iter().find(|line| line.starts_with("st.global")).unwrap_or_else(|| panic!("{lines:?}"));
    store.split_once("], ").unwrap().1.trim_end_matches(';').to_string()
}

macro_rules! same_as_rust {
    ($($name:ident: $ty:ty, $text:literal => $rust:expr;)*) => {$(
        #[test]
        fn $name() {
            let expected: $ty = $rust;
            assert_eq!(folded(stringify!($ty), $text, ""), expected.to_string());
        }
    )*};
}

same_as_rust! {
    addition_wraps: u32, "(4294967295u32 + 2u32)" => u32::MAX.wrapping_add(2);
    small_multiplication_wraps: u8, "(200u8 * 3u8)" => 200u8.wrapping_mul(3);
    signed_division_truncates: i32, "(-7i32 / 2i32)" => -7 / 2;
    signed_remainder_has_the_sign_of_the_dividend: i32, "(-7i32 % 3i32)" => -7 % 3;
    shift_amounts_are_masked: u32, "(1u32 << 35u32)" => 1u32.wrapping_shl(35);
    signed_shift_keeps_the_sign: i16, "(-9i16 >> 1u8)" => -9i16 >> 1;
    complement_of_small: u16, "(!1u16)" => !1u16;
    narrowing_wraps: i8, "(200u32 as i8)" => 200u32 as i8;
    widening_extends: u32, "((-1i8) as u32)" => -1i8 as u32;
    float_to_integer_saturates: u8, "(300.7f32 as u8)" => 300.7f32 as u8;
    negative_float_to_unsigned_is_zero: u32, "(-1.5f32 as u32)" => -1.5f32 as u32;
    float_to_signed_truncates: i32, "(-1.9f64 as i32)" => -1.9f64 as i32;
    leading_zeros_of_small: u32, "leading_zeros(1u8)" => 1u8.leading_zeros();
    trailing_zeros_of_zero: u32, "trailing_zeros(0u16)" => 0u16.trailing_zeros();
    ones_of_negative: u32, "count_ones(-1i8)" => (-1i8).count_ones();
    reversed_bits_of_small: u8, "reverse_bits(6u8)" => 6u8.reverse_bits();
    bits_of_a_float: u32, "(bitcast((0.1f32 + 0.2f32)): u32)" => (0.1f32 + 0.2f32).to_bits();
    bits_of_a_fused_product: u32, "(bitcast(mul_add(0.1f32, 0.2f32, 0.3f32)): u32)" => 0.1f32.mul_add(0.2, 0.3).to_bits();
    bits_of_an_integer_as_float: u32, "(bitcast((16777217u32 as f32)): u32)" => (16777217u32 as f32).to_bits();
    nan_compares_unequal: u32, "((0.0f32 / 0.0f32) != 1.0f32) as u32" => 1;
}

#[test]
fn packing_rounds_to_even_and_keeps_nan() {
    let pack = |low: &str, high: &str| folded("u32", &format!("pack_bf16({low}, {high})"), "");
    // 1.0 is 0x3f80 exactly; 0x3f808000 lies half way between 0x3f80 and 0x3f81 and goes to the
    // even one.
    assert_eq!(pack("1.0f32", "0x3f808000_f32"), 0x3f80_3f80u32.to_string());
    assert_eq!(pack("0x3f818000_f32", "0x7f800001_f32"), 0x7fff_3f82u32.to_string());
}

#[test]
fn a_const_fn_of_constants_is_run() {
    let gcd = "const fn gcd(a#0: u32, b#1: u32) -> u32 {\n\
               loop { if (b#1 != 0u32) {} else { break; } let rest#2 = (a#0 % b#1); a#0 = b#1; b#1 = rest#2; }\n\
               return a#0; }";
    assert_eq!(folded("u32", "self::gcd(7168u32, 1536u32): u32", gcd), 512.to_string());
    let table = "const fn squares() -> [u32; 4] {\n\
                 let list#0 = [0u32; 4]; for i#1: u32 in 0u32..4u32 { list#0[i#1] = (i#1 * i#1); } return list#0; }";
    assert_eq!(folded("u32", "(self::squares(): [u32; 4])[3u32]", table), 9.to_string());
}

#[test]
fn structs_are_laid_out_as_c_does() {
    #[repr(C)]
    struct Mixed {
        flag: bool,
        small: i16,
        long: u64,
        byte: u8,
    }
    let source = "module a::code;\nstruct Mixed { flag: bool, small: i16, long: u64, byte: u8 }\n\
                  #[kernel(warps = 1)] fn k(out#0: Global<self::Mixed>) {\n\
                  write(at(out#0, 1u32), new self::Mixed(true, 2i16, 3u64, 4u8)); }";
    let stores: Vec<String> = body(source, &[]).into_iter().filter(|line| line.starts_with("st.")).collect();
    let at = |field: usize| size_of::<Mixed>() + field;
    assert_eq!(
        stores,
        [
            format!("st.global.u8 [%out+{}], 1;", at(std::mem::offset_of!(Mixed, flag))),
            format!("st.global.s16 [%out+{}], 2;", at(std::mem::offset_of!(Mixed, small))),
            format!("st.global.u64 [%out+{}], 3;", at(std::mem::offset_of!(Mixed, long))),
            format!("st.global.u8 [%out+{}], 4;", at(std::mem::offset_of!(Mixed, byte))),
        ]
    );
}

#[test]
fn the_launch_shape_follows_the_attributes() {
    let source = "module a::code;\n#[kernel(warps = 3, max_registers = 40)] fn k(n#0: u8) {}";
    let kernel = specialise(source, "k", &[]).unwrap();
    assert_eq!((kernel.needs.block, kernel.needs.shared_bytes, kernel.parameters.len()), (96.into(), 0, 1));
    let text = kernel.ptx.to_string();
    assert!(text.contains(".reqntid 96, 1, 1\n.maxnreg 40\n"), "{text}");
    assert!(text.contains(".param .u8 k_param_n"), "{text}");
}
