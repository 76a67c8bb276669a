//! Approximate numbers: fast, and not what IEEE 754 says. Nothing else in the prelude approximates.

use crate::device;

pub use code::*;

/// Functions whose results differ from the exact ones, within the bounds that PTX states
/// (PTX ISA section 9.7.3).
#[device]
pub mod code {
    use crate::intrinsics::*;

    /// 2 to the power of `x`, with a relative error of at most 2^-22.5. `ex2.approx.f32`.
    pub fn approximate_exp2(x: f32) -> f32 {
        ptx!("ex2.approx.f32 {result}, {x};", x = in(x), result = out(f32))
    }

    /// `1 / x`, off by at most one unit in the last place. `rcp.approx.f32`.
    pub fn approximate_reciprocal(x: f32) -> f32 {
        ptx!("rcp.approx.f32 {result}, {x};", x = in(x), result = out(f32))
    }
}
