//! Directed rounding of operations whose exact result no wider host type holds. `rustc_apfloat`
//! computes them; it has no square root, so the sign of the remainder says whether a neighbour of
//! the host's root is the result.

use rustc_apfloat::ieee::{Double, Single};
use rustc_apfloat::{Float, Round};

use crossdock_ptx::{Format, Rounding};

fn round(rounding: Rounding) -> Round {
    match rounding {
        Rounding::NearestEven => Round::NearestTiesToEven,
        Rounding::TowardZero => Round::TowardZero,
        Rounding::Down => Round::TowardNegative,
        Rounding::Up => Round::TowardPositive,
    }
}

fn double(x: f64) -> Double {
    Double::from_bits(x.to_bits().into())
}

fn host(x: Double) -> f64 {
    f64::from_bits(x.to_bits() as u64)
}

/// `a + b`.
pub(crate) fn add(a: f64, b: f64, rounding: Rounding) -> f64 {
    host(double(a).add_r(double(b), round(rounding)).value)
}

/// `a * b`.
pub(crate) fn multiply(a: f64, b: f64, rounding: Rounding) -> f64 {
    host(double(a).mul_r(double(b), round(rounding)).value)
}

/// `a / b`.
pub(crate) fn divide(a: f64, b: f64, rounding: Rounding) -> f64 {
    host(double(a).div_r(double(b), round(rounding)).value)
}

/// `a * b + c`, rounded once.
pub(crate) fn multiply_add(a: f64, b: f64, c: f64, rounding: Rounding) -> f64 {
    host(double(a).mul_add_r(double(b), double(c), round(rounding)).value)
}

/// `a / b` of `f32`.
pub(crate) fn divide_f32(a: f32, b: f32, rounding: Rounding) -> f32 {
    let single = |x: f32| Single::from_bits(x.to_bits().into());
    f32::from_bits(single(a).div_r(single(b), round(rounding)).value.to_bits() as u32)
}

/// The host's root, and a number with the sign of the exact root minus it.
fn root(x: f64) -> (f64, f64) {
    // The remainder of a small number would be too small to represent.
    let (scale, back) = if x < 1e-250 { (2f64.powi(256), 2f64.powi(-128)) } else { (1.0, 1.0) };
    let scaled = x * scale;
    let root = scaled.sqrt();
    (root * back, if root.is_finite() { (-root).mul_add(root, scaled) } else { 0.0 })
}

/// The square root.
pub(crate) fn square_root(x: f64, rounding: Rounding) -> f64 {
    let (root, error) = root(x);
    match rounding {
        Rounding::Up if error > 0.0 => root.next_up(),
        Rounding::Down | Rounding::TowardZero if error < 0.0 => root.next_down(),
        _ => root,
    }
}

/// The square root of an `f32`: rounded to odd in `f64` first, so that rounding again is harmless.
pub(crate) fn square_root_f32(x: f32, rounding: Rounding) -> f32 {
    let (root, error) = root(x.into());
    let odd = match error {
        _ if error == 0.0 || root.to_bits() & 1 == 1 => root,
        _ if error > 0.0 => f64::from_bits(root.to_bits() + 1),
        _ => f64::from_bits(root.to_bits() - 1),
    };
    f32::from_bits(Format::F32.encode(odd, rounding, false))
}
