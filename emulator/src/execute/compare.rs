//! Comparison, selection and predicate logic (PTX ISA sections 9.7.5 and 9.7.6).

use crate::numeric::{F16, arithmetic};
use crate::op::{Boolean, CombinedCompare, CompareType, Comparison, FloatProperty};
use crate::register::{PredicateSource, Registers, Slot, Value};

/// The lanes in which the comparison holds.
#[inline(always)]
pub(crate) fn compare(
    r: &Registers,
    ty: CompareType,
    test: Comparison,
    flush: bool,
    a: Slot,
    b: Slot,
) -> u32 {
    match ty {
        CompareType::U32 => ordered::<u32>(r, test, a, b),
        CompareType::S32 => ordered::<i32>(r, test, a, b),
        CompareType::U64 => ordered::<u64>(r, test, a, b),
        CompareType::S64 => ordered::<i64>(r, test, a, b),
        CompareType::U16 => ordered::<u16>(r, test, a, b),
        CompareType::S16 => ordered::<i16>(r, test, a, b),
        CompareType::F32 if flush => {
            float(r, test, a, b, |x: u32| f64::from(arithmetic::flush(f32::from_bits(x))))
        }
        CompareType::F32 => float(r, test, a, b, |x: u32| f64::from(f32::from_bits(x))),
        CompareType::F64 => float(r, test, a, b, |x: u64| f64::from_bits(x)),
        CompareType::F16 => float(r, test, a, b, |x: u32| F16.decode(x & 0xffff)),
        CompareType::Bf16 => float(r, test, a, b, |x: u32| f64::from(f32::from_bits(x << 16))),
    }
}

#[inline(always)]
fn ordered<V: Value + PartialOrd>(r: &Registers, test: Comparison, a: Slot, b: Slot) -> u32 {
    match test {
        Comparison::Equal => r.test(a, b, |x: V, y: V| x == y),
        Comparison::NotEqual => r.test(a, b, |x: V, y: V| x != y),
        Comparison::Less => r.test(a, b, |x: V, y: V| x < y),
        Comparison::LessEqual => r.test(a, b, |x: V, y: V| x <= y),
        Comparison::Greater => r.test(a, b, |x: V, y: V| x > y),
        _ => r.test(a, b, |x: V, y: V| x >= y),
    }
}

#[inline(never)]
fn float<V: Value>(r: &Registers, test: Comparison, a: Slot, b: Slot, decode: impl Fn(V) -> f64) -> u32 {
    r.test(a, b, |x: V, y: V| {
        let (x, y) = (decode(x), decode(y));
        holds(test, x, y)
    })
}

/// Whether a comparison of two numbers holds.
#[inline(always)]
pub(crate) fn holds(test: Comparison, x: f64, y: f64) -> bool {
    let unordered = x.is_nan() || y.is_nan();
    match test {
        Comparison::Equal => x == y,
        Comparison::NotEqual => !unordered && x != y,
        Comparison::Less => x < y,
        Comparison::LessEqual => x <= y,
        Comparison::Greater => x > y,
        Comparison::GreaterEqual => x >= y,
        Comparison::EqualUnordered => unordered || x == y,
        Comparison::NotEqualUnordered => x != y,
        Comparison::LessUnordered => unordered || x < y,
        Comparison::LessEqualUnordered => unordered || x <= y,
        Comparison::GreaterUnordered => unordered || x > y,
        Comparison::GreaterEqualUnordered => unordered || x >= y,
        Comparison::Number => !unordered,
        Comparison::Nan => unordered,
    }
}

/// Applies a Boolean operator to two masks.
pub(crate) fn boolean(kind: Boolean, a: u32, b: u32) -> u32 {
    match kind {
        Boolean::And => a & b,
        Boolean::Or => a | b,
        Boolean::Xor => a ^ b,
    }
}

/// `setp` with a Boolean operator: `p = test op c`, `q = !test op c`.
#[inline(never)]
pub(crate) fn compare_combine(r: &mut Registers, mask: u32, compare_op: &CombinedCompare) {
    let result = compare(r, compare_op.ty, compare_op.test, compare_op.flush, compare_op.a, compare_op.b);
    let (p, q) = combined(r, result, compare_op.combine);
    r.set_predicate(compare_op.d, p, mask);
    r.set_predicate(compare_op.q, q, mask);
}

/// `set`: the comparison as a number.
#[inline(never)]
pub(crate) fn set(r: &mut Registers, mask: u32, compare_op: &CombinedCompare) {
    let result = compare(r, compare_op.ty, compare_op.test, compare_op.flush, compare_op.a, compare_op.b);
    let (p, _) = combined(r, result, compare_op.combine);
    let values = std::array::from_fn(|lane| if p >> lane & 1 == 1 { compare_op.truth } else { 0 });
    r.store::<u32>(compare_op.d, &values, mask);
}

fn combined(r: &Registers, result: u32, combine: Option<(Boolean, PredicateSource)>) -> (u32, u32) {
    match combine {
        Some((kind, c)) => {
            let c = r.predicate(c);
            (boolean(kind, result, c), boolean(kind, !result, c))
        }
        None => (result, !result),
    }
}

/// `selp`.
#[inline(always)]
pub(crate) fn select<V: Value>(r: &mut Registers, mask: u32, [d, a, b]: [Slot; 3], p: PredicateSource) {
    let p = r.predicate(p);
    let a = <V::Cell as crate::register::Cell>::bank(r)[usize::from(a)];
    let b = <V::Cell as crate::register::Cell>::bank(r)[usize::from(b)];
    let mut out = a;
    for lane in 0..32 {
        out[lane] = if p >> lane & 1 == 1 { a[lane] } else { b[lane] };
    }
    r.store(d, &out, mask);
}

/// `slct`: `a` where `c` is at least zero, else `b`.
#[inline(never)]
pub(crate) fn select_sign(r: &mut Registers, mask: u32, wide: bool, float: bool, [d, a, b, c]: [Slot; 4]) {
    for lane in (0..32).filter(|lane| mask >> lane & 1 == 1) {
        let first = if float { r.lane::<f32>(c, lane) >= 0.0 } else { r.lane::<i32>(c, lane) >= 0 };
        let source = if first { a } else { b };
        if wide {
            let value = r.lane::<u64>(source, lane);
            r.set_lane(d, lane, value);
        } else {
            let value = r.lane::<u32>(source, lane);
            r.set_lane(d, lane, value);
        }
    }
}

/// `testp`.
#[inline(never)]
pub(crate) fn test_property(
    r: &mut Registers,
    mask: u32,
    wide: bool,
    property: FloatProperty,
    d: Slot,
    a: Slot,
) {
    let holds = |category: std::num::FpCategory| match property {
        FloatProperty::Finite => {
            !matches!(category, std::num::FpCategory::Nan | std::num::FpCategory::Infinite)
        }
        FloatProperty::Infinite => category == std::num::FpCategory::Infinite,
        FloatProperty::Number => category != std::num::FpCategory::Nan,
        FloatProperty::NotANumber => category == std::num::FpCategory::Nan,
        FloatProperty::Normal => category == std::num::FpCategory::Normal,
        FloatProperty::Subnormal => category == std::num::FpCategory::Subnormal,
    };
    let result = if wide {
        r.test(a, a, |x: f64, _| holds(x.classify()))
    } else {
        r.test(a, a, |x: f32, _| holds(x.classify()))
    };
    r.set_predicate(d, result, mask);
}
