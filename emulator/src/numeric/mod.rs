//! Exact floating-point conversions and arithmetic that the host's own types do not offer: 8-bit and 16-bit formats,
//! directed rounding, and PTX's rules for NaN, minimum and maximum.

pub(crate) mod arithmetic;
pub(crate) mod directed;
pub(crate) mod format;

pub(crate) use format::{BF16, E2M1, E2M3, E3M2, E4M3, E5M2, F16, F32, Format, Rounding, TF32};
