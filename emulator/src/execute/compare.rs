//! Comparison, selection and predicate logic (PTX ISA sections 9.7.5 and 9.7.6).

use std::num::FpCategory;

use crossdock_ptx::Format;

use super::environment::Site;
use crate::numeric::arithmetic;
use crate::op::{Boolean, CombinedCompare, Comparison, FloatProperty, Type};
use crate::register::{Cell, PredicateSource, Registers, Slot, Value, lanes};

/// The lanes in which the comparison holds.
#[inline(always)]
pub(crate) fn compare(r: &Registers, ty: Type, test: Comparison, flush: bool, a: Slot, b: Slot) -> u32 {
    match ty {
        Type::S32 => ordered::<i32>(r, test, a, b),
        Type::U64 | Type::B64 => ordered::<u64>(r, test, a, b),
        Type::S64 => ordered::<i64>(r, test, a, b),
        Type::U16 | Type::B16 => ordered::<u16>(r, test, a, b),
        Type::S16 => ordered::<i16>(r, test, a, b),
        Type::F32 if flush => float(r, test, a, b, |x: u32| f64::from(arithmetic::flush(f32::from_bits(x)))),
        Type::F32 => float(r, test, a, b, |x: u32| f64::from(f32::from_bits(x))),
        Type::F64 => float(r, test, a, b, |x: u64| f64::from_bits(x)),
        Type::F16 => float(r, test, a, b, |x: u32| Format::F16.decode(x & 0xffff)),
        Type::Bf16 => float(r, test, a, b, |x: u32| f64::from(f32::from_bits(x << 16))),
        _ => ordered::<u32>(r, test, a, b),
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

/// `setp`: the comparison, and its opposite.
#[inline(always)]
pub(crate) fn set_predicates(
    r: &mut Registers,
    mask: u32,
    ty: Type,
    test: Comparison,
    flush: bool,
    [d, q, a, b]: [Slot; 4],
) {
    let result = compare(r, ty, test, flush, a, b);
    r.set_predicate(d, result, mask);
    r.set_predicate(q, !result, mask);
}

/// Logic of predicates.
#[inline(always)]
pub(crate) fn logic(
    r: &mut Registers,
    mask: u32,
    kind: Boolean,
    d: Slot,
    a: PredicateSource,
    b: PredicateSource,
) {
    let value = boolean(kind, r.predicate(a), r.predicate(b));
    r.set_predicate(d, value, mask);
}

/// Applies a Boolean operator to two masks.
fn boolean(kind: Boolean, a: u32, b: u32) -> u32 {
    match kind {
        Boolean::And => a & b,
        Boolean::Or => a | b,
        Boolean::Xor => a ^ b,
    }
}

/// `setp` with a Boolean operator: `p = test op c`, `q = !test op c`.
#[inline(never)]
pub(crate) fn compare_combine(site: &mut Site<'_, '_>, index: u32) {
    let op = &site.env.code.compares[index as usize];
    let (p, q) = combined(site.r, op);
    site.r.set_predicate(op.d, p, site.mask);
    site.r.set_predicate(op.q, q, site.mask);
}

/// `set`: the comparison as a number.
#[inline(never)]
pub(crate) fn set(site: &mut Site<'_, '_>, index: u32) {
    let op = &site.env.code.compares[index as usize];
    let (p, _) = combined(site.r, op);
    let values = std::array::from_fn(|lane| if p >> lane & 1 == 1 { op.truth } else { 0 });
    site.r.store::<u32>(op.d, &values, site.mask);
}

fn combined(r: &Registers, op: &CombinedCompare) -> (u32, u32) {
    let result = compare(r, op.ty, op.test, op.flush, op.a, op.b);
    match op.combine {
        Some((kind, c)) => {
            let c = r.predicate(c);
            (boolean(kind, result, c), boolean(kind, !result, c))
        }
        None => (result, !result),
    }
}

/// `selp`.
#[inline(always)]
pub(crate) fn select(r: &mut Registers, mask: u32, wide: bool, operands: [Slot; 3], p: PredicateSource) {
    if wide { select_of::<u64>(r, mask, operands, p) } else { select_of::<u32>(r, mask, operands, p) }
}

#[inline(always)]
fn select_of<C: Cell>(r: &mut Registers, mask: u32, [d, a, b]: [Slot; 3], p: PredicateSource) {
    let p = r.predicate(p);
    let (a, b) = (C::bank(r)[usize::from(a)], C::bank(r)[usize::from(b)]);
    let mut out = a;
    for lane in 0..32 {
        out[lane] = if p >> lane & 1 == 1 { a[lane] } else { b[lane] };
    }
    r.store(d, &out, mask);
}

/// `slct`: `a` where `c` is at least zero, else `b`.
#[inline(never)]
pub(crate) fn select_sign(r: &mut Registers, mask: u32, wide: bool, float: bool, [d, a, b, c]: [Slot; 4]) {
    for lane in lanes(mask) {
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
    let holds = |category: FpCategory| match property {
        FloatProperty::Finite => !matches!(category, FpCategory::Nan | FpCategory::Infinite),
        FloatProperty::Infinite => category == FpCategory::Infinite,
        FloatProperty::Number => category != FpCategory::Nan,
        FloatProperty::NotANumber => category == FpCategory::Nan,
        FloatProperty::Normal => category == FpCategory::Normal,
        FloatProperty::Subnormal => category == FpCategory::Subnormal,
    };
    let result = if wide {
        r.test(a, a, |x: f64, _| holds(x.classify()))
    } else {
        r.test(a, a, |x: f32, _| holds(x.classify()))
    };
    r.set_predicate(d, result, mask);
}
