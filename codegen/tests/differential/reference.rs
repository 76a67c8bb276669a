//! The reference for what Rust has no operators for: `rustc_apfloat`, the port of LLVM's software
//! floats that rustc itself computes constants with.

use rustc_apfloat::ieee::{BFloat, Double, Float8E4M3FN, Float8E5M2, Half, Single};
use rustc_apfloat::{Float, FloatConvert, Round};

/// The NaN of PTX arithmetic (PTX ISA section 9.7.3).
pub(crate) const NAN: f32 = f32::from_bits(0x7fff_ffff);

pub(crate) fn single(value: f32) -> Single {
    Single::from_bits(u128::from(value.to_bits()))
}

pub(crate) fn double(value: f64) -> Double {
    Double::from_bits(u128::from(value.to_bits()))
}

pub(crate) fn native(value: Single) -> f32 {
    if value.is_nan() { NAN } else { f32::from_bits(value.to_bits() as u32) }
}

/// A format of at most 16 bits that numbers are rounded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Small {
    F16,
    Bf16,
    E4m3,
    E5m2,
}

impl Small {
    /// The code that PTX gives: NaN has one code, and 8-bit formats saturate.
    pub(crate) fn encode(self, value: f32, round: Round) -> u32 {
        fn converted<F: Float>(value: Single, round: Round) -> F
        where
            Single: FloatConvert<F>,
        {
            value.convert_r(round, &mut false).value
        }
        let (value, sign) = (single(value), u32::from(value.is_sign_negative()));
        match self {
            _ if value.is_nan() => self.nan(),
            Small::F16 => converted::<Half>(value, round).to_bits() as u32,
            Small::Bf16 => converted::<BFloat>(value, round).to_bits() as u32,
            Small::E4m3 => {
                let code = converted::<Float8E4M3FN>(value, round);
                // Without infinity, what is too large becomes NaN.
                if code.is_nan() { sign << 7 | 0x7e } else { code.to_bits() as u32 }
            }
            Small::E5m2 => {
                let code = converted::<Float8E5M2>(value, round);
                if code.is_infinite() { sign << 7 | 0x7b } else { code.to_bits() as u32 }
            }
        }
    }

    pub(crate) fn decode(self, code: u32) -> f32 {
        fn widened<F: FloatConvert<Single>>(value: F) -> f32 {
            native(value.convert(&mut false).value)
        }
        let bits = u128::from(code);
        match self {
            Small::F16 => widened(Half::from_bits(bits)),
            Small::Bf16 => widened(BFloat::from_bits(bits)),
            Small::E4m3 => widened(Float8E4M3FN::from_bits(bits)),
            Small::E5m2 => widened(Float8E5M2::from_bits(bits)),
        }
    }

    pub(crate) fn nan(self) -> u32 {
        match self {
            Small::F16 | Small::Bf16 => 0x7fff,
            Small::E4m3 | Small::E5m2 => 0x7f,
        }
    }
}
