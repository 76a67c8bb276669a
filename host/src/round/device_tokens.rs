//! What a rank brings to a round when it is in device memory already: rows, routes, and how many
//! tokens there are.

use crossdock_device::kernels::records::code::Outgoing;
use crossdock_device::{Shape, Wire};
use half::bf16;

use crate::gpu::slice::DeviceSlice;
use crate::round::lengths::at_least;
use crate::round::plan::RouteArrays;
use crate::{Error, Result};

/// The rows of a rank's tokens, in its device memory. Slices may be longer than needed; rows begin
/// at a multiple of 16 bytes. For a round that is enqueued they are long enough for as many tokens
/// as the dock has room for, and stay until the stream has come past it.
#[derive(Clone, Copy, Debug)]
pub enum DeviceTokens<'a> {
    /// `[tokens, hidden]`, as [`Tokens::Bf16`](crate::Tokens::Bf16).
    Bf16(DeviceSlice<'a, bf16>),
    /// Rows as they travel, for [`Wire::Fp8`] and [`Wire::Opaque`].
    Encoded {
        /// `[tokens, row bytes]`.
        rows: DeviceSlice<'a, u8>,
        /// `[tokens, side bytes]`: what travels beside each row, as
        /// [`Arrived::side_records`](crate::Arrived::side_records) gives it: the scales of FP8
        /// rows, or the side tensors one after the other, and zeros up to a whole word.
        sides: DeviceSlice<'a, u8>,
    },
}

/// The experts that a rank's tokens were routed to, and how many tokens there are, in its device
/// memory.
#[derive(Clone, Copy, Debug)]
pub struct DeviceRouting<'a> {
    /// `[tokens, top_k]`: expert numbers, or -1 for no route.
    pub experts: DeviceSlice<'a, i32>,
    /// `[tokens, top_k]`: weights; those beside a -1 are not used.
    pub weights: DeviceSlice<'a, f32>,
    /// `[1]`: how many tokens there are.
    pub tokens: DeviceSlice<'a, u32>,
}

impl DeviceRouting<'_> {
    pub(crate) fn arrays(&self) -> RouteArrays {
        RouteArrays {
            experts: self.experts.global(),
            weights: self.weights.global(),
            token_count: self.tokens.global(),
        }
    }

    /// Refuses arrays that are too short for `tokens` tokens.
    pub(crate) fn check(&self, rank: usize, top_k: u32, tokens: usize) -> Result<()> {
        let selections = tokens * top_k as usize;
        let rule = "at least the capacity in tokens * top_k";
        at_least(rank, "routing.experts", rule, (self.experts.len(), selections))?;
        at_least(rank, "routing.weights", rule, (self.weights.len(), selections))?;
        at_least(rank, "routing.tokens", "at least one number", (self.tokens.len(), 1))
    }
}

impl DeviceTokens<'_> {
    pub(crate) fn check(&self, rank: usize, shape: &Shape, tokens: usize) -> Result<()> {
        let wrong = |found| Err(Error::WrongWire { rank, expected: shape.wire.to_string(), found });
        match (self, shape.wire) {
            (DeviceTokens::Bf16(rows), wire) => {
                match wire {
                    Wire::Bf16 => {}
                    Wire::Fp8(fp8) if fp8.is_made_by_dispatch() => {}
                    Wire::Fp8(_) => {
                        return wrong("bf16, which dispatch quantises in blocks of 16, 32, 64 or 128 only");
                    }
                    Wire::Opaque(_) => return wrong("bf16"),
                }
                let expected = tokens * shape.hidden as usize;
                at_least(rank, "tokens", "at least tokens * hidden", (rows.len(), expected))?;
                rows.check_alignment(rank, "tokens")
            }
            (DeviceTokens::Encoded { .. }, Wire::Bf16) => wrong("encoded"),
            (DeviceTokens::Encoded { rows, sides }, _) => {
                let expected = tokens * shape.row_bytes() as usize;
                let rule = "at least tokens * bytes of a row";
                at_least(rank, "tokens.rows", rule, (rows.len(), expected))?;
                let expected = tokens * shape.side_bytes() as usize;
                let rule = "at least tokens * bytes beside a row";
                at_least(rank, "tokens.sides", rule, (sides.len(), expected))?;
                rows.check_alignment(rank, "tokens.rows")?;
                sides.check_aligned_to(rank, "tokens.sides", 4)
            }
        }
    }

    /// Where the kernel reads them.
    pub(crate) fn rows(&self, shape: &Shape) -> Outgoing {
        match self {
            // Where dispatch makes the sides, or there are none, it does not look.
            DeviceTokens::Bf16(rows) => {
                let quantises = u32::from(shape.wire != Wire::Bf16);
                Outgoing { rows: rows.global(), sides: rows.global(), quantises }
            }
            DeviceTokens::Encoded { rows, sides } => {
                Outgoing { rows: rows.global(), sides: sides.global(), quantises: 0 }
            }
        }
    }
}
