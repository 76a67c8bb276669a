//! Shapes: `hidden: 7168, top_k: 8, experts: 256, wire: bf16`.

use std::fmt;
use std::str::FromStr;

use crate::ConstParameter;
use crate::text::{Error, Fields, Mistake};
use crate::wire::{MOST_SIDES, Wire};

/// What the kernels of a dock are specialised for. Token and rank counts are not part of it: one
/// kernel serves all.
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
            Wire::Bf16 => self.output_row_bytes(),
            Wire::Fp8(_) => self.hidden,
            Wire::Opaque(opaque) => opaque.row_bytes,
        }
    }

    /// Scales that travel with one row.
    pub const fn scale_count(&self) -> u32 {
        match self.wire {
            Wire::Fp8(fp8) if fp8.block > 0 => self.hidden.div_ceil(fp8.block),
            _ => 0,
        }
    }

    /// Bytes per row of each side tensor: scales, or what travels with an opaque row.
    pub const fn sides(&self) -> [u32; MOST_SIDES] {
        match self.wire {
            Wire::Bf16 => [0; MOST_SIDES],
            Wire::Fp8(fp8) => [fp8.scale.bytes().saturating_mul(self.scale_count()), 0, 0, 0],
            Wire::Opaque(opaque) => opaque.sides,
        }
    }

    /// Words of the record that travels beside each row: its part of every side tensor, one after
    /// the other, and zeros up to a whole word.
    pub const fn side_words(&self) -> u32 {
        let [a, b, c, d] = self.sides();
        a.saturating_add(b).saturating_add(c).saturating_add(d).div_ceil(4)
    }

    /// Bytes of the record that travels beside each row.
    pub const fn side_bytes(&self) -> u32 {
        4 * self.side_words()
    }

    /// Bytes of one row that a rank brings at most: what travels, or bf16 that `dispatch`
    /// quantises.
    pub const fn source_row_bytes(&self) -> u32 {
        match self.wire {
            Wire::Fp8(fp8) if fp8.is_made_by_dispatch() => self.output_row_bytes(),
            _ => self.row_bytes(),
        }
    }

    /// Bytes of one row of expert output or result: bf16.
    pub const fn output_row_bytes(&self) -> u32 {
        self.hidden.saturating_mul(2)
    }

    /// The const parameters of kernels that follow from the shape. A kernel declares those that it
    /// needs.
    ///
    /// `FORMAT`, `SCALES` and `BLOCK` say how `dispatch` makes rows from bf16: 0, 0 and 0 if it
    /// never does, else the number of the element from 1 and of the scale format from 0, each in
    /// the order of their definition, and the elements of a block.
    pub const fn parameters(&self) -> [ConstParameter; 8] {
        let (format, scales, block) = match self.wire {
            Wire::Fp8(fp8) if fp8.is_made_by_dispatch() => {
                (fp8.element as u32 + 1, fp8.scale as u32, fp8.block)
            }
            _ => (0, 0, 0),
        };
        [
            ConstParameter { name: "HIDDEN", value: self.hidden, fields: &["hidden"] },
            ConstParameter { name: "TOP_K", value: self.top_k, fields: &["top_k"] },
            ConstParameter { name: "EXPERTS", value: self.experts, fields: &["experts"] },
            ConstParameter { name: "ROW_BYTES", value: self.row_bytes(), fields: &["row", "hidden"] },
            ConstParameter { name: "SIDE_WORDS", value: self.side_words(), fields: &["sides", "hidden"] },
            ConstParameter { name: "FORMAT", value: format, fields: &[] },
            ConstParameter { name: "SCALES", value: scales, fields: &["scale"] },
            ConstParameter { name: "BLOCK", value: block, fields: &["block"] },
        ]
    }
}

impl FromStr for Shape {
    type Err = Error;

    fn from_str(text: &str) -> Result<Shape, Error> {
        let mut fields = Fields::of_text("a shape", text)?;
        let (hidden, top_k) = (fields.number("hidden", 0), fields.number("top_k", 0));
        let experts = fields.number("experts", 0);
        let wire = fields.take("wire");
        let missing = [
            ("hidden: 7168", hidden.is_none()),
            ("top_k: 8", top_k.is_none()),
            ("experts: 256", experts.is_none()),
            ("wire: bf16", wire.is_none()),
        ];
        let mut mistakes = Vec::new();
        let wire = wire.and_then(|wire| Wire::of_value(wire, &mut mistakes));
        mistakes.extend(fields.finish());
        mistakes.extend(Mistake::missing(text, &missing));
        match (hidden, top_k, experts, wire) {
            (Some(hidden), Some(top_k), Some(experts), Some(wire)) if mistakes.is_empty() => {
                Ok(Shape { hidden, top_k, experts, wire })
            }
            _ => Err(Error(mistakes)),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shape { hidden, top_k, experts, wire } = self;
        write!(f, "hidden: {hidden}, top_k: {top_k}, experts: {experts}, wire: {wire}")
    }
}
