//! Literals, and the constants that Rust hangs on scalar types.

use syn::spanned::Spanned;
use syn::{ExprLit, Lit};

use super::body::Body;
use super::terms::{BOOL, Kind, Term, U32};
use super::tree::{Node, NodeKind};
use super::types::scalar_named;
use crate::constant::range;
use crate::ir::{Expr, ExprKind, Scalar, Span, Type};

/// Whether `value` fits into `scalar`.
pub(super) fn fits(value: i128, scalar: Scalar) -> bool {
    let (low, high) = range(scalar);
    scalar.is_integer() && (low..=high).contains(&value)
}

/// The expression for an integer or bool of type `scalar`.
pub(super) fn integer(value: i128, scalar: Scalar, span: Span) -> Expr {
    let kind = if scalar == Scalar::Bool { ExprKind::Bool(value != 0) } else { ExprKind::Integer(value) };
    Expr { kind, ty: Type::Scalar(scalar), span }
}

impl Body<'_> {
    pub(super) fn literal(&mut self, literal: &ExprLit) -> Node {
        let span = literal.span();
        let refuse = |body: &mut Self, message: &str| body.error(span, message);
        match &literal.lit {
            Lit::Bool(value) => Node { kind: NodeKind::Bool(value.value), term: BOOL, span },
            Lit::Byte(byte) => {
                Node { kind: NodeKind::Integer(byte.value().into()), term: Term::Scalar(Scalar::U8), span }
            }
            Lit::Int(integer) => {
                let term = match integer.suffix() {
                    "" => self.table.fresh(Kind::Integer),
                    suffix => match scalar_named(suffix) {
                        Some(scalar) if scalar != Scalar::Bool => Term::Scalar(scalar),
                        _ => {
                            return refuse(
                                self,
                                "integers have at most 64 bits in device code: use two `u64`",
                            );
                        }
                    },
                };
                if self.table.scalar(&term).is_some_and(Scalar::is_float) {
                    return Node { kind: NodeKind::Float(integer.base10_digits().to_string()), term, span };
                }
                match integer.base10_parse::<i128>() {
                    Ok(value) => Node { kind: NodeKind::Integer(value), term, span },
                    Err(_) => refuse(self, "integers have at most 64 bits in device code: use two `u64`"),
                }
            }
            Lit::Float(float) => {
                let term = match float.suffix() {
                    "" => self.table.fresh(Kind::Float),
                    suffix => match scalar_named(suffix) {
                        Some(scalar) if scalar.is_float() => Term::Scalar(scalar),
                        _ => return refuse(self, "floats are `f32` or `f64` in device code"),
                    },
                };
                Node { kind: NodeKind::Float(float.base10_digits().to_string()), term, span }
            }
            Lit::Char(_) => refuse(self, "device code has no characters: write a byte such as `b'a'`"),
            _ => refuse(self, "device code has no strings: report a number and give it words on the host"),
        }
    }

    /// `u32::MAX` and its like; `None` if the type has no such constant.
    pub(super) fn scalar_constant(
        &mut self,
        scalar: Scalar,
        name: &str,
        span: proc_macro2::Span,
    ) -> Option<Node> {
        if scalar.is_integer() {
            let (low, high) = range(scalar);
            let bits = 8 * i128::from(scalar.bytes());
            let (value, term) = match name {
                "MIN" => (low, Term::Scalar(scalar)),
                "MAX" => (high, Term::Scalar(scalar)),
                "BITS" => (bits, U32),
                _ => return None,
            };
            return Some(Node { kind: NodeKind::Integer(value), term, span });
        }
        let bits = match scalar {
            Scalar::F32 => u64::from(float_constant(name, F32_CONSTANTS)?.to_bits()),
            Scalar::F64 => float_constant(name, F64_CONSTANTS)?.to_bits(),
            _ => return None,
        };
        Some(Node { kind: NodeKind::FloatBits(bits), term: Term::Scalar(scalar), span })
    }
}

const F32_CONSTANTS: &[(&str, f32)] = &[
    ("MIN", f32::MIN),
    ("MAX", f32::MAX),
    ("MIN_POSITIVE", f32::MIN_POSITIVE),
    ("EPSILON", f32::EPSILON),
    ("INFINITY", f32::INFINITY),
    ("NEG_INFINITY", f32::NEG_INFINITY),
    ("NAN", f32::NAN),
];

const F64_CONSTANTS: &[(&str, f64)] = &[
    ("MIN", f64::MIN),
    ("MAX", f64::MAX),
    ("MIN_POSITIVE", f64::MIN_POSITIVE),
    ("EPSILON", f64::EPSILON),
    ("INFINITY", f64::INFINITY),
    ("NEG_INFINITY", f64::NEG_INFINITY),
    ("NAN", f64::NAN),
];

fn float_constant<F: Copy>(name: &str, constants: &[(&str, F)]) -> Option<F> {
    constants.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// The bits of a float literal of that type.
pub(super) fn float_bits(digits: &str, scalar: Scalar) -> Option<u64> {
    match scalar {
        Scalar::F32 => digits.parse::<f32>().ok().map(|value| u64::from(value.to_bits())),
        Scalar::F64 => digits.parse::<f64>().ok().map(f64::to_bits),
        _ => None,
    }
}
