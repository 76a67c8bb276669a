//! Random numbers and names.

use crossdock_codegen::ir::{ExprKind, Scalar};

use super::choices::Choices;

const PLAIN: [&str; 8] = ["token", "row", "lane_count", "acc", "x", "N", "Place", "_unused"];
const ODD: [&str; 16] = [
    "",
    "_",
    "self",
    "true",
    "new",
    "select",
    "Global",
    "u32",
    "in",
    "r#type",
    "größe",
    "two words",
    "quote\" and \\ back",
    "line\nbreak\r\t\u{7}",
    "7",
    "a::b",
];

/// A name, odd if that is allowed.
pub(super) fn name(choices: &mut Choices, odd: bool) -> String {
    let odd = odd && choices.once_in(3);
    if odd { choices.one(&ODD).to_string() } else { choices.one(&PLAIN).to_string() }
}

/// A literal of a scalar type, in its range.
pub(super) fn literal(choices: &mut Choices, scalar: Scalar) -> ExprKind {
    match scalar {
        Scalar::Bool => ExprKind::Bool(choices.once_in(2)),
        Scalar::F32 => {
            const BITS: [u32; 6] = [0, 0x3f80_0000, 0x8000_0000, 0x7fc0_0001, 0xff80_0000, 1];
            let random = choices.number();
            ExprKind::Float(u64::from(choices.one(&[BITS.as_slice(), &[random]].concat())))
        }
        Scalar::F64 => {
            let high = u64::from(choices.number());
            ExprKind::Float(high << 32 | u64::from(choices.number()))
        }
        _ => {
            let bits = 8 * scalar.bytes() as u32;
            let (low, high) = if scalar.is_signed() {
                (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)
            } else {
                (0, (1i128 << bits) - 1)
            };
            let random = low + i128::from(choices.number()) % (high - low + 1);
            ExprKind::Integer(choices.one(&[0, 1, high, low, random]))
        }
    }
}
