//! What a rank brings to a round: its tokens and their routes, borrowed and checked.

use std::borrow::Cow;

use crossdock_device::numbers::quantise::ue8m0;
use crossdock_device::{Fp8, ScaleFormat, Shape, Wire};
use half::bf16;

use crate::plain::bytes_of;
use crate::round::device_tokens::DeviceTokens;
use crate::round::lengths::length;
use crate::{Error, Result};

/// The rows of a rank's tokens, in the format in which they travel, or bf16 that dispatch quantises
/// on the way.
#[derive(Clone, Copy, Debug)]
pub enum Tokens<'a> {
    /// `[tokens, hidden]`, for [`Wire::Bf16`], and for [`Wire::Fp8`] with blocks of 16, 32, 64 or
    /// 128: then dispatch makes elements and scales of them, each row once.
    /// [`quantise::fp8`](crate::quantise::fp8) makes the same.
    Bf16(&'a [bf16]),
    /// For [`Wire::Fp8`]: rows that are quantised already, by
    /// [`quantise::fp8`](crate::quantise::fp8) or elsewhere.
    Fp8 {
        /// `[tokens, hidden]`: 8-bit floats, moved as they are.
        values: &'a [u8],
        /// `[tokens, scales]`: one per block of elements, the last block of a row may be shorter.
        /// For [`ScaleFormat::Ue8m0`], powers of two.
        scales: &'a [f32],
    },
    /// For [`Wire::Opaque`].
    Opaque {
        /// `[tokens, row bytes]`.
        rows: &'a [u8],
        /// `[tokens, bytes]` for each side tensor.
        sides: &'a [&'a [u8]],
    },
    /// In this rank's device memory, for every wire: nothing is copied.
    Device(DeviceTokens<'a>),
}

/// The experts that a rank's tokens were routed to.
#[derive(Clone, Copy, Debug)]
pub struct Routing<'a> {
    /// `[tokens, top_k]`: expert numbers, or -1 for no route. A token may name an expert more than
    /// once.
    pub experts: &'a [i32],
    /// `[tokens, top_k]`: weights; those beside a -1 are not used.
    pub weights: &'a [f32],
}

impl<'a> Routing<'a> {
    /// `experts` and `weights`, both `[tokens, top_k]`.
    pub const fn new(experts: &'a [i32], weights: &'a [f32]) -> Routing<'a> {
        Routing { experts, weights }
    }

    /// How many tokens they route, once their lengths are known to be right. Experts that do not
    /// exist are found by the kernel that counts, so that all ranks learn of them.
    pub(crate) fn check(&self, rank: usize, shape: &Shape) -> Result<usize> {
        let top_k = shape.top_k as usize;
        if !self.experts.len().is_multiple_of(top_k) {
            return Err(Error::PartialToken { rank, found: self.experts.len(), top_k });
        }
        let lengths = (self.weights.len(), self.experts.len());
        length(rank, "routing.weights", "the length of routing.experts", lengths)?;
        Ok(self.experts.len() / top_k)
    }
}

impl<'a> Tokens<'a> {
    /// Whether these are `tokens` rows of `shape`.
    pub(crate) fn check(&self, rank: usize, shape: &Shape, tokens: usize) -> Result<()> {
        let elements = tokens.saturating_mul(shape.hidden as usize);
        match (self, shape.wire) {
            (Tokens::Device(device), _) => device.check(rank, shape, tokens),
            (Tokens::Bf16(rows), Wire::Bf16) => {
                length(rank, "tokens", "tokens * hidden", (rows.len(), elements))
            }
            (Tokens::Bf16(rows), Wire::Fp8(fp8)) if fp8.is_made_by_dispatch() => {
                length(rank, "tokens", "tokens * hidden", (rows.len(), elements))
            }
            (Tokens::Bf16(_), Wire::Fp8(_)) => Err(Error::WrongWire {
                rank,
                expected: shape.wire.to_string(),
                found: "bf16, which dispatch quantises in blocks of 16, 32, 64 or 128 only",
            }),
            (Tokens::Opaque { rows, sides }, Wire::Opaque(opaque)) => {
                let bytes = |width: u32| tokens.saturating_mul(width as usize);
                length(
                    rank,
                    "tokens.rows",
                    "tokens * bytes of a row",
                    (rows.len(), bytes(opaque.row_bytes)),
                )?;
                let widths: Vec<u32> = opaque.sides.into_iter().filter(|&width| width > 0).collect();
                length(rank, "tokens.sides", "the side tensors of the wire", (sides.len(), widths.len()))?;
                for (side, width) in sides.iter().zip(widths) {
                    let lengths = (side.len(), bytes(width));
                    length(rank, "a tensor of tokens.sides", "tokens * its bytes per row", lengths)?;
                }
                Ok(())
            }
            (Tokens::Opaque { .. }, wire) => {
                Err(Error::WrongWire { rank, expected: wire.to_string(), found: "opaque" })
            }
            (Tokens::Fp8 { values, scales }, Wire::Fp8(_)) => {
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

    /// Whether these are bf16 that travel as 8-bit floats.
    pub(crate) fn are_quantised_on_the_way(&self, shape: &Shape) -> bool {
        matches!((self, shape.wire), (Tokens::Bf16(_), Wire::Fp8(_)))
    }

    /// The rows as the kernel reads them; empty where the device has them already.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        match self {
            Tokens::Bf16(rows) => bytes_of(rows),
            Tokens::Fp8 { values, .. } => values,
            Tokens::Opaque { rows, .. } => rows,
            Tokens::Device(_) => &[],
        }
    }

    /// `[tokens, side bytes]`: what travels beside each row; empty where dispatch makes it or the
    /// device has it already.
    pub(crate) fn side_records(&self, rank: usize, shape: &Shape) -> Result<Cow<'a, [u8]>> {
        match (self, shape.wire) {
            (Tokens::Bf16(_) | Tokens::Device(_), _) => Ok(Cow::Borrowed(&[])),
            (Tokens::Fp8 { scales, .. }, Wire::Fp8(Fp8 { scale: ScaleFormat::Ue8m0, .. })) => {
                let exponents = scales.iter().enumerate().map(|(index, &scale)| {
                    let exponent = ue8m0::from_f32_up(scale);
                    let same = exponent.to_f32().to_bits() == scale.to_bits() || scale.is_nan();
                    if same { Ok(exponent.to_bits()) } else { Err(Error::Scale { rank, index, scale }) }
                });
                let exponents: Vec<u8> = exponents.collect::<Result<_>>()?;
                Ok(Cow::Owned(side_records(shape, &[&exponents])))
            }
            (Tokens::Fp8 { scales, .. }, _) => Ok(Cow::Borrowed(bytes_of(scales))),
            (Tokens::Opaque { sides, .. }, _) => Ok(Cow::Owned(side_records(shape, sides))),
        }
    }
}

/// Side tensors as records: the part of each row one after the other, and zeros up to a whole
/// word.
fn side_records(shape: &Shape, sides: &[&[u8]]) -> Vec<u8> {
    let widths: Vec<usize> = widths(shape).collect();
    let rows = sides.iter().zip(&widths).map(|(side, width)| side.len() / width).min().unwrap_or(0);
    let record = shape.side_bytes() as usize;
    let mut records = Vec::with_capacity(rows * record);
    for row in 0..rows {
        for (side, width) in sides.iter().zip(&widths) {
            records.extend_from_slice(&side[row * width..][..*width]);
        }
        records.resize((row + 1) * record, 0);
    }
    records
}

/// The side tensor of that number, out of the records; empty if there is none.
pub(crate) fn side_tensor(shape: &Shape, records: &[u8], number: usize) -> Vec<u8> {
    let before: usize = widths(shape).take(number).sum();
    let (Some(width), record) = (widths(shape).nth(number), shape.side_bytes() as usize) else {
        return Vec::new();
    };
    records.chunks_exact(record).flat_map(|record| &record[before..][..width]).copied().collect()
}

/// Bytes per row of the side tensors that there are.
fn widths(shape: &Shape) -> impl Iterator<Item = usize> {
    shape.sides().into_iter().filter(|&width| width > 0).map(|width| width as usize)
}

#[cfg(test)]
mod tests {
    use crossdock_device::Opaque;

    use super::*;

    const SHAPE: Shape = Shape { hidden: 16, top_k: 2, experts: 6, wire: Wire::FP8 };

    #[test]
    fn routes_are_counted_and_their_lengths_checked() {
        let weights = [0.5, f32::NAN, 0.0, 0.0];
        assert_eq!(Routing::new(&[5, 5, -1, 0], &weights).check(0, &SHAPE).expect("legal routes"), 2);
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
        Tokens::Bf16(&rows).check(2, &SHAPE, 2).expect("bf16 that dispatch quantises");
        let odd = Shape { wire: Wire::Fp8(Fp8 { block: 96, ..Fp8::DEEPSEEK_V3 }), ..SHAPE };
        let error = Tokens::Bf16(&rows).check(2, &odd, 2).expect_err("blocks that dispatch cannot make");
        assert_eq!(
            error.to_string(),
            "rank 2: the kernels of this dock send fp8(e4m3, block: 96, scale: f32), but the tokens are bf16, which \
             dispatch quantises in blocks of 16, 32, 64 or 128 only"
        );
        let error = tokens.check(0, &Shape { wire: Wire::Bf16, ..SHAPE }, 2).expect_err("fp8 on a bf16 dock");
        assert!(matches!(error, Error::WrongWire { found: "fp8", .. }), "{error}");
    }

    #[test]
    fn scales_that_ue8m0_does_not_hold_are_refused() {
        let fp8 = Fp8 { scale: ScaleFormat::Ue8m0, block: 16, ..Fp8::DEEPSEEK_V3 };
        let shape = Shape { wire: Wire::Fp8(fp8), ..SHAPE };
        let records =
            |scales: &[f32]| Tokens::Fp8 { values: &[], scales }.side_records(1, &shape).map(Cow::into_owned);
        let good = records(&[1.0, 0.25, 2f32.powi(-127), f32::NAN]).expect("powers of two");
        // One byte per row, filled up to a word.
        assert_eq!(good, [[127, 0, 0, 0], [125, 0, 0, 0], [0, 0, 0, 0], [255, 0, 0, 0]].as_flattened());
        for bad in [0.3, -1.0, 0.0, f32::INFINITY, f32::from_bits(1)] {
            let error = records(&[1.0, bad]).expect_err("no power of two");
            assert!(matches!(error, Error::Scale { rank: 1, index: 1, .. }), "{error}");
        }
    }

    #[test]
    fn opaque_rows_and_their_side_tensors_must_fit_the_wire() {
        let opaque = Opaque { row_bytes: 32, sides: [3, 6, 0, 0] };
        let shape = Shape { wire: Wire::Opaque(opaque), ..SHAPE };
        let (first, second) = ([1, 2, 3, 4, 5, 6], [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]);
        let tokens = Tokens::Opaque { rows: &[0; 64], sides: &[&first, &second] };
        tokens.check(0, &shape, 2).expect("two rows");
        let records = tokens.side_records(0, &shape).expect("opaque rows have no wrong sides");
        assert_eq!(records[..12], [1, 2, 3, 10, 11, 12, 13, 14, 15, 0, 0, 0]);
        assert_eq!(side_tensor(&shape, &records, 0), first);
        assert_eq!(side_tensor(&shape, &records, 1), second);
        assert!(side_tensor(&shape, &records, 2).is_empty());
        for (sides, found) in [(&[&first[..]][..], 1), (&[&first, &second[..11]], 11)] {
            let error = Tokens::Opaque { rows: &[0; 64], sides }.check(0, &shape, 2).expect_err("sides");
            assert!(matches!(error, Error::Length { found: number, .. } if number == found), "{error}");
        }
        let error = tokens.check(0, &SHAPE, 2).expect_err("opaque rows on an fp8 dock");
        assert!(matches!(error, Error::WrongWire { found: "opaque", .. }), "{error}");
    }
}
