//! Arithmetic that all types have: the type says which family an instruction belongs to.

use super::{float, half, integer};
use crate::decode::decoder::{Decode, Decoder};
use crate::numeric::atomic::half_type;
use crate::op::Type;

pub(super) const DECODINGS: &[(&str, Decode)] = &[
    ("add", by_type),
    ("sub", by_type),
    ("mul", by_type),
    ("mad", by_type),
    ("fma", by_type),
    ("div", by_type),
    ("min", by_type),
    ("max", by_type),
    ("abs", by_type),
    ("neg", by_type),
    ("ex2", by_type),
    ("tanh", by_type),
    ("addc", integer::decode),
    ("subc", integer::decode),
    ("madc", integer::decode),
    ("rem", integer::decode),
    ("sad", integer::sum_of_differences),
];

fn by_type(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let ty = d.last_type().ok_or("it has no type")?;
    match (half_type(ty), ty) {
        (Some(_), _) if d.has("f32") => float::mixed(d),
        (Some((format, packed)), _) => half::decode(d, format, packed),
        (None, Type::F32) => float::single(d),
        (None, Type::F64) => float::double(d),
        (None, Type::F32x2) => float::pair(d),
        _ => integer::decode(d),
    }
}
