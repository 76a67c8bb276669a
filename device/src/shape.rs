//! What the kernels are specialised for.

use std::fmt;

use crate::kernels::quantise::code as quantise;
use crate::layout::code::{row_bytes, scale_count};

/// How a token's row travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wire {
    /// Two bytes per element, no side tensors.
    Bf16,
    /// 8-bit floats with a scale per block of elements.
    Fp8(Fp8),
    /// Bytes that nobody looks at.
    Opaque(Opaque),
}

/// 8-bit floats that share scales; the last block of a row may be shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fp8 {
    /// The elements.
    pub element: Float8,
    /// Elements per scale.
    pub block: u32,
    /// The scales.
    pub scale: ScaleFormat,
}

/// An 8-bit float.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Float8 {
    /// 4 bits of exponent, 3 of mantissa, at most 448, no infinity.
    E4m3,
    /// 5 bits of exponent, 2 of mantissa, at most 57344.
    E5m2,
}

/// How scales are chosen and stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScaleFormat {
    /// The block's greatest magnitude divided by the largest element, as f32.
    F32,
    /// The least power of two that is not below that, as f32.
    PowerOfTwo,
    /// The same as its biased exponent, one byte.
    Ue8m0,
}

/// The side tensors that an opaque row can have.
pub const MOST_SIDES: usize = 4;

/// Rows of any format, moved as they are: MXFP8, NVFP4, or what a model invents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Opaque {
    /// Bytes of a row: a multiple of 16.
    pub row_bytes: u32,
    /// Bytes per row of each side tensor; 0 for those that there are not.
    pub sides: [u32; MOST_SIDES],
}

impl Fp8 {
    /// E4M3 with one f32 scale per 128 elements, as DeepSeek-V3 uses.
    pub const DEEPSEEK_V3: Fp8 = Fp8 { element: Float8::E4m3, block: 128, scale: ScaleFormat::F32 };

    /// Whether `dispatch` can make these rows from bf16: blocks of 16, 32, 64 or 128 elements.
    pub const fn is_made_by_dispatch(self) -> bool {
        matches!(self.block, 16 | 32 | 64 | 128)
    }
}

impl Wire {
    /// FP8 as DeepSeek-V3 uses it.
    pub const FP8: Wire = Wire::Fp8(Fp8::DEEPSEEK_V3);

    /// The parameters of `dispatch` that say how bf16 rows are quantised: `FORMAT`, `SCALES` and `BLOCK`.
    pub const fn quantising(self) -> [(&'static str, u32); 3] {
        let (format, scales, block) = match self {
            Wire::Fp8(fp8) if fp8.is_made_by_dispatch() => {
                let format = match fp8.element {
                    Float8::E4m3 => quantise::E4M3,
                    Float8::E5m2 => quantise::E5M2,
                };
                let scales = match fp8.scale {
                    ScaleFormat::F32 => quantise::EXACT,
                    ScaleFormat::PowerOfTwo => quantise::POWER_OF_TWO,
                    ScaleFormat::Ue8m0 => quantise::UE8M0,
                };
                (format, scales, fp8.block)
            }
            _ => (quantise::NEVER, quantise::EXACT, 0),
        };
        [("FORMAT", format), ("SCALES", scales), ("BLOCK", block)]
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wire::Bf16 => f.write_str("bf16"),
            Wire::Fp8(Fp8 { element, block, scale }) => {
                let element = match element {
                    Float8::E4m3 => "e4m3",
                    Float8::E5m2 => "e5m2",
                };
                let scale = match scale {
                    ScaleFormat::F32 => "f32 scale",
                    ScaleFormat::PowerOfTwo => "power-of-two scale",
                    ScaleFormat::Ue8m0 => "ue8m0 scale",
                };
                write!(f, "fp8 ({element}, one {scale} per {block})")
            }
            Wire::Opaque(Opaque { row_bytes, sides }) => {
                write!(f, "opaque rows of {row_bytes} bytes")?;
                for (index, bytes) in sides.iter().filter(|bytes| **bytes > 0).enumerate() {
                    write!(f, "{} {bytes}", if index == 0 { " with sides of" } else { " and" })?;
                }
                Ok(())
            }
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
    /// Bytes of one row on the wire, without side tensors.
    pub const fn row_bytes(&self) -> u32 {
        match self.wire {
            Wire::Bf16 => row_bytes(self.hidden, 2),
            Wire::Fp8(_) => row_bytes(self.hidden, 1),
            Wire::Opaque(opaque) => opaque.row_bytes,
        }
    }

    /// Scales that travel with one row.
    pub const fn scale_count(&self) -> u32 {
        match self.wire {
            Wire::Fp8(fp8) => scale_count(self.hidden, fp8.block),
            Wire::Bf16 | Wire::Opaque(_) => 0,
        }
    }

    /// Bytes per row of each side tensor: scales, or what travels with an opaque row.
    pub const fn sides(&self) -> [u32; MOST_SIDES] {
        match self.wire {
            Wire::Bf16 => [0; MOST_SIDES],
            Wire::Fp8(Fp8 { scale: ScaleFormat::Ue8m0, .. }) => [self.scale_count(), 0, 0, 0],
            Wire::Fp8(_) => [4 * self.scale_count(), 0, 0, 0],
            Wire::Opaque(opaque) => opaque.sides,
        }
    }

    /// Words of the record that travels beside each row: its part of every side tensor, one behind the other, and zeros up to
    /// a whole word.
    pub const fn side_words(&self) -> u32 {
        let [a, b, c, d] = self.sides();
        a.saturating_add(b).saturating_add(c).saturating_add(d).div_ceil(4)
    }

    /// The same in bytes.
    pub const fn side_bytes(&self) -> u32 {
        4 * self.side_words()
    }

    /// Bytes of one row that a rank brings at most: what travels, or bf16 that `dispatch` quantises.
    pub const fn source_row_bytes(&self) -> u32 {
        match self.wire {
            Wire::Fp8(fp8) if fp8.is_made_by_dispatch() => self.output_row_bytes(),
            _ => self.row_bytes(),
        }
    }

    /// Bytes of one row of expert output or result: bf16.
    pub const fn output_row_bytes(&self) -> u32 {
        row_bytes(self.hidden, 2)
    }
}
