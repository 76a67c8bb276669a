//! What a rank brings to a round: its tokens and their routes, borrowed and checked.

use crossdock_device::{Shape, Wire};
use half::bf16;

use crate::plain::bytes_of;
use crate::{Error, Result};

/// The rows of a rank's tokens, in the format in which they travel.
#[derive(Clone, Copy, Debug)]
pub enum Tokens<'a> {
    /// `[tokens, hidden]`, for [`Wire::Bf16`].
    Bf16(&'a [bf16]),
    /// For [`Wire::Fp8`]; [`quantise::fp8_e4m3`](crate::quantise::fp8_e4m3) makes both parts.
    Fp8 {
        /// `[tokens, hidden]`: 8-bit floats, moved as they are.
        values: &'a [u8],
        /// `[tokens, scales]`: one f32 per block of elements, the last block of a row may be shorter.
        scales: &'a [f32],
    },
}

/// The experts that a rank's tokens were routed to.
#[derive(Clone, Copy, Debug)]
pub struct Routing<'a> {
    /// `[tokens, top_k]`: expert numbers, or -1 for no route. A token may name an expert more than once.
    pub experts: &'a [i32],
    /// `[tokens, top_k]`: weights; those beside a -1 are not used.
    pub weights: &'a [f32],
}

impl<'a> Routing<'a> {
    /// `experts` and `weights`, both `[tokens, top_k]`.
    pub const fn new(experts: &'a [i32], weights: &'a [f32]) -> Routing<'a> {
        Routing { experts, weights }
    }

    /// How many tokens they route, once they are known to be right.
    pub(crate) fn check(&self, rank: usize, shape: &Shape) -> Result<usize> {
        let top_k = shape.top_k as usize;
        if !self.experts.len().is_multiple_of(top_k) {
            return Err(Error::PartialToken { rank, found: self.experts.len(), top_k });
        }
        let lengths = (self.weights.len(), self.experts.len());
        length(rank, "routing.weights", "the length of routing.experts", lengths)?;
        let wrong = |&expert: &i32| expert < -1 || i64::from(expert) >= i64::from(shape.experts);
        if let Some(index) = self.experts.iter().position(wrong) {
            return Err(Error::NoSuchExpert {
                rank,
                token: index / top_k,
                selection: index % top_k,
                expert: self.experts[index],
                experts: shape.experts,
            });
        }
        Ok(self.experts.len() / top_k)
    }
}

impl<'a> Tokens<'a> {
    /// Whether these are `tokens` rows of `shape`.
    pub(crate) fn check(&self, rank: usize, shape: &Shape, tokens: usize) -> Result<()> {
        let elements = tokens.saturating_mul(shape.hidden as usize);
        match (self, shape.wire) {
            (Tokens::Bf16(rows), Wire::Bf16) => {
                length(rank, "tokens", "tokens * hidden", (rows.len(), elements))
            }
            (Tokens::Fp8 { values, scales }, Wire::Fp8 { .. }) => {
                length(rank, "tokens.values", "tokens * hidden", (values.len(), elements))?;
                let expected = tokens.saturating_mul(shape.scale_count() as usize);
                length(rank, "tokens.scales", "tokens * scales per row", (scales.len(), expected))
            }
            (Tokens::Bf16(_), wire) => {
                Err(Error::WrongWire { rank, expected: wire.to_string(), found: "bf16" })
            }
            (Tokens::Fp8 { .. }, wire) => {
                Err(Error::WrongWire { rank, expected: wire.to_string(), found: "fp8" })
            }
        }
    }

    /// The rows as they travel.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        match self {
            Tokens::Bf16(rows) => bytes_of(rows),
            Tokens::Fp8 { values, .. } => values,
        }
    }

    /// The scales that travel with them.
    pub(crate) fn scales(&self) -> &'a [f32] {
        match self {
            Tokens::Bf16(_) => &[],
            Tokens::Fp8 { scales, .. } => scales,
        }
    }
}

/// Refuses a slice of `found` elements where the rule wants `expected`.
pub(crate) fn length(
    rank: usize,
    what: &'static str,
    rule: &'static str,
    (found, expected): (usize, usize),
) -> Result<()> {
    if found == expected { Ok(()) } else { Err(Error::Length { rank, what, rule, expected, found }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { hidden: 16, top_k: 2, experts: 6, wire: Wire::FP8 };

    #[test]
    fn routes_are_counted_and_wrong_ones_located() {
        let weights = [0.5, f32::NAN, 0.0, 0.0];
        assert_eq!(Routing::new(&[5, 5, -1, 0], &weights).check(0, &SHAPE).expect("legal routes"), 2);
        let error = Routing::new(&[5, 5, 0, 6], &weights).check(3, &SHAPE).expect_err("no expert 6");
        assert_eq!(
            error.to_string(),
            "rank 3, token 1, selection 1: expert 6 does not exist; use 0 to 5, or -1 for none"
        );
        let error = Routing::new(&[5, i32::MIN, 0, 1], &weights).check(3, &SHAPE).expect_err("negative");
        assert!(
            matches!(error, Error::NoSuchExpert { token: 0, selection: 1, expert: i32::MIN, .. }),
            "{error}"
        );
        let error = Routing::new(&[1, 2, 3], &weights[..3]).check(1, &SHAPE).expect_err("half a token");
        assert!(matches!(error, Error::PartialToken { found: 3, top_k: 2, .. }), "{error}");
        let error = Routing::new(&[1, 2], &weights[..1]).check(1, &SHAPE).expect_err("a weight is missing");
        assert!(matches!(error, Error::Length { expected: 2, found: 1, .. }), "{error}");
    }

    #[test]
    fn rows_must_fit_the_wire() {
        let (values, scales) = ([0; 32], [1.0; 2]);
        let tokens = Tokens::Fp8 { values: &values, scales: &scales };
        tokens.check(0, &SHAPE, 2).expect("two rows");
        let error = tokens.check(0, &SHAPE, 3).expect_err("three rows");
        assert_eq!(
            error.to_string(),
            "rank 0: tokens.values must hold tokens * hidden = 48 elements; it holds 32"
        );
        let error = Tokens::Fp8 { values: &values, scales: &[] }.check(0, &SHAPE, 2).expect_err("no scales");
        assert!(
            matches!(error, Error::Length { what: "tokens.scales", expected: 2, found: 0, .. }),
            "{error}"
        );
        let rows = [bf16::ONE; 32];
        let error = Tokens::Bf16(&rows).check(2, &SHAPE, 2).expect_err("bf16 on an fp8 dock");
        assert_eq!(
            error.to_string(),
            "rank 2: the kernels of this dock send fp8, one scale per 128, but the tokens are bf16"
        );
    }
}
