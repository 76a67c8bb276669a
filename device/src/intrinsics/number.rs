//! Number conversions that Rust's standard library lacks. They compute the same bits on the host.

use crossdock_codegen::ir::Format;
use crossdock_codegen::rounded::{decode, pack, widen};

/// Rounds both to bf16, nearest even, `low` in the lower half; NaN becomes 0x7fff:
/// `cvt.rn.bf16x2.f32`. PTX ISA section 9.7.9.
pub const fn pack_bf16(low: f32, high: f32) -> u32 {
    pack(Format::Bf16, low, high)
}

/// Rounds both to f16, nearest even, `low` in the lower half; NaN becomes 0x7fff:
/// `cvt.rn.f16x2.f32`. PTX ISA section 9.7.9.
pub const fn pack_f16(low: f32, high: f32) -> u32 {
    pack(Format::F16, low, high)
}

/// Rounds both to e4m3, nearest even, `low` in the lower byte. Numbers beyond ±448, and
/// infinities, become ±448; NaN becomes 0x7f: `cvt.rn.satfinite.e4m3x2.f32`, which needs `sm_89`.
/// PTX ISA section 9.7.9.
pub const fn pack_e4m3(low: f32, high: f32) -> u16 {
    pack(Format::E4m3, low, high) as u16
}

/// Rounds both to e5m2, nearest even, `low` in the lower byte. Numbers beyond ±57344, and
/// infinities, become ±57344; NaN becomes 0x7f: `cvt.rn.satfinite.e5m2x2.f32`, which needs
/// `sm_89`. PTX ISA section 9.7.9.
pub const fn pack_e5m2(low: f32, high: f32) -> u16 {
    pack(Format::E5m2, low, high) as u16
}

/// The value of an f16, exactly: `cvt.f32.f16`. PTX ISA section 9.7.9.
pub const fn f16_value(bits: u16) -> f32 {
    decode(Format::F16, bits as u32)
}

/// Two e4m3 as two f16, exactly, in the same order: `cvt.rn.f16x2.e4m3x2`, which needs `sm_89`. PTX
/// ISA section 9.7.9.
pub const fn widen_e4m3(pair: u16) -> u32 {
    widen(Format::E4m3, pair)
}

/// Two e5m2 as two f16, exactly, in the same order: `cvt.rn.f16x2.e5m2x2`, which needs `sm_89`. PTX
/// ISA section 9.7.9.
pub const fn widen_e5m2(pair: u16) -> u32 {
    widen(Format::E5m2, pair)
}

#[cfg(test)]
mod tests {
    use super::{f16_value, pack_bf16, pack_f16};

    #[test]
    fn rounds_like_half_for_every_upper_half_and_tie() {
        for upper in 0..=u16::MAX {
            for lower in [0u32, 1, 0x7fff, 0x8000, 0x8001, 0xffff] {
                let value = f32::from_bits(u32::from(upper) << 16 | lower);
                let expected = if value.is_nan() { 0x7fff } else { half::bf16::from_f32(value).to_bits() };
                assert_eq!(pack_bf16(value, 1.0), 0x3f80_0000 | u32::from(expected), "{value:e}");
            }
        }
    }

    #[test]
    fn f16_is_that_of_half_for_every_code_upper_half_and_tie() {
        for code in 0..=u16::MAX {
            let (found, expected) = (f16_value(code), half::f16::from_bits(code).to_f32());
            assert!(
                found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan(),
                "{code:#x}"
            );
        }
        for upper in 0..=u16::MAX {
            for lower in [0u32, 1, 0x0fff, 0x1000, 0x1001, 0x2fff, 0x3000, 0x3001, 0x7fff, 0x8000, 0xffff] {
                let value = f32::from_bits(u32::from(upper) << 16 | lower);
                let expected = if value.is_nan() { 0x7fff } else { half::f16::from_f32(value).to_bits() };
                assert_eq!(pack_f16(value, 1.0), 0x3c00_0000 | u32::from(expected), "{value:e}");
            }
        }
    }
}
