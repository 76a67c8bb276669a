//! What the kernels are specialised for.

use std::fmt;

use crate::layout::code::{row_bytes, scale_count};

/// How a token's row travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wire {
    /// Two bytes per element, no scales.
    Bf16,
    /// Pre-quantised 8-bit floats, with one f32 scale per `block` elements; the last block of a row may be shorter.
    Fp8 {
        /// Elements per scale.
        block: u32,
    },
}

impl Wire {
    /// FP8 with one scale per 128 elements, as DeepSeek-V3 uses.
    pub const FP8: Wire = Wire::Fp8 { block: 128 };

    /// Bytes per element.
    pub const fn element_bytes(self) -> u32 {
        match self {
            Wire::Bf16 => 2,
            Wire::Fp8 { .. } => 1,
        }
    }

    /// Elements per scale; 0 without scales.
    pub const fn scale_block(self) -> u32 {
        match self {
            Wire::Bf16 => 0,
            Wire::Fp8 { block } => block,
        }
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wire::Bf16 => f.write_str("bf16"),
            Wire::Fp8 { block } => write!(f, "fp8, one scale per {block}"),
        }
    }
}

/// The parameters of the kernels. Token and rank counts are not among them: one kernel serves all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Elements per token.
    pub hidden: u32,
    /// Experts per token.
    pub top_k: u32,
    /// Experts in all, over all ranks.
    pub experts: u32,
    /// How rows travel.
    pub wire: Wire,
}

impl Shape {
    /// Bytes of one row on the wire, without scales.
    pub const fn row_bytes(&self) -> u32 {
        row_bytes(self.hidden, self.wire.element_bytes())
    }

    /// f32 scales that travel with one row.
    pub const fn scale_count(&self) -> u32 {
        scale_count(self.hidden, self.wire.scale_block())
    }

    /// Bytes of one row of expert output or result: bf16.
    pub const fn output_row_bytes(&self) -> u32 {
        row_bytes(self.hidden, 2)
    }
}
