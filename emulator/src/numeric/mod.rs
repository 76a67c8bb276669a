//! Floating-point arithmetic that the host's own types do not offer: 16-bit formats, directed
//! rounding, and PTX's rules for NaN, minimum and maximum; and what atomic operations make of a
//! value.

pub(crate) mod arithmetic;
pub(crate) mod atomic;
pub(crate) mod directed;
pub(crate) mod half;
