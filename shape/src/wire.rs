//! How rows travel: `bf16`, `fp8(e4m3, block: 128, scale: f32)` or
//! `opaque(row: 3584, sides: [448])`.

use std::fmt;
use std::str::FromStr;

use crossdock_ptx::Format;

use crate::text::{self, Error, Fields, Mistake, Placed, Value, Words, listed, words};

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

words! {
    /// An 8-bit float.
    pub enum Float8: "elements are" {
        /// 4 bits of exponent, 3 of mantissa, at most 448, no infinity.
        E4m3 = "e4m3",
        /// 5 bits of exponent, 2 of mantissa, at most 57344.
        E5m2 = "e5m2",
    }

    /// How scales are chosen and stored.
    pub enum ScaleFormat: "scales are" {
        /// The block's greatest magnitude divided by the largest element, as f32.
        F32 = "f32",
        /// The least power of two that is not below that, as f32.
        PowerOfTwo = "power_of_two",
        /// The same as its biased exponent, one byte.
        Ue8m0 = "ue8m0",
    }
}

impl Float8 {
    /// Bits, special codes and greatest value, and conversions by their definition.
    pub const fn format(self) -> Format {
        match self {
            Float8::E4m3 => Format::E4m3,
            Float8::E5m2 => Format::E5m2,
        }
    }
}

impl ScaleFormat {
    /// Bytes of a stored scale.
    pub const fn bytes(self) -> u32 {
        if matches!(self, ScaleFormat::Ue8m0) { 1 } else { 4 }
    }
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

    /// The spellings in a sentence.
    pub fn about() -> String {
        let (elements, scales) = (listed(Float8::WORDS, "or"), listed(ScaleFormat::WORDS, "or"));
        let sentence = format!(
            "How rows travel: {}; '{}', which fp8 is short for, with {elements}, elements per scale, \
             and {scales}; or '{}', bytes per token of rows and side tensors",
            Wire::Bf16,
            Wire::FP8,
            Wire::Opaque(Opaque { row_bytes: 3584, sides: [448, 0, 0, 0] }),
        );
        sentence.replace('`', "")
    }

    /// The wire that a value spells; what is wrong goes to `mistakes`.
    pub(crate) fn of_value(value: Placed<Value<'_>>, mistakes: &mut Vec<Mistake>) -> Option<Wire> {
        let Placed { at, it } = value;
        let mut refused = |message: String| {
            mistakes.push(Mistake { at: at.clone(), message });
            None
        };
        let Value::Word(format, options) = it else { return refused(rule("a wire")) };
        let name = at.start..at.start + format.len();
        match (format, options) {
            ("bf16", None) => Some(Wire::Bf16),
            ("bf16", Some(_)) => refused(format!("bf16 has no options: {}", rule("a wire"))),
            ("fp8", None) => Some(Wire::FP8),
            ("fp8", Some(options)) => {
                let mut fields = Fields::new("fp8", options);
                let element = fields.bare_word();
                let (block, scale) = (fields.number("block", 1), fields.word("scale"));
                let wire = match (element, block, scale) {
                    (Some(element), Some(block), Some(scale)) => {
                        Some(Wire::Fp8(Fp8 { element, block, scale }))
                    }
                    _ => {
                        fields.wrong(name, all_of_fp8());
                        None
                    }
                };
                mistakes.extend(fields.finish());
                wire
            }
            ("opaque", options) => {
                let mut fields = Fields::new("opaque", options.unwrap_or_default());
                let row_bytes = fields.number("row", 0);
                if row_bytes.is_none() {
                    fields.wrong(name, OPAQUE);
                }
                let sides =
                    fields.take("sides").map_or([0; MOST_SIDES], |sides| sides_of(sides, &mut fields));
                mistakes.extend(fields.finish());
                row_bytes.map(|row_bytes| Wire::Opaque(Opaque { row_bytes, sides }))
            }
            _ => {
                mistakes.push(Mistake { at: name, message: rule("a wire") });
                None
            }
        }
    }
}

const OPAQUE: &str = "opaque needs the bytes of a row, and of its side tensors if it has any: \
                      `opaque(row: 3584, sides: [448])`";

fn rule(what: &str) -> String {
    let opaque = Opaque { row_bytes: 3584, sides: [448, 0, 0, 0] };
    format!("{what} is `{}`, `{}` or `{}`", Wire::Bf16, Wire::FP8, Wire::Opaque(opaque))
}

fn all_of_fp8() -> String {
    let (elements, scales) = (listed(Float8::WORDS, "or"), listed(ScaleFormat::WORDS, "or"));
    format!("fp8 needs all of `{}`, with {elements} and {scales}", Wire::FP8)
}

fn sides_of(sides: Placed<Value<'_>>, fields: &mut Fields<'_>) -> [u32; MOST_SIDES] {
    let mut bytes = [0; MOST_SIDES];
    match sides.it {
        Value::List(list) if list.len() > MOST_SIDES => {
            let message = format!("a row has at most {MOST_SIDES} side tensors: put two into one");
            fields.wrong(sides.at, message);
        }
        Value::List(list) => {
            for (bytes, side) in bytes.iter_mut().zip(list) {
                *bytes = fields.in_range("a side tensor's bytes", side, 1);
            }
        }
        _ => fields.wrong(sides.at, "sides is a list of bytes per row, such as `sides: [448]`"),
    }
    bytes
}

/// The wire that a spelling of before version 0.1 named, such as `fp8:ue8m0:64`.
fn earlier(text: &str) -> Option<Wire> {
    let (format, options) = text.split_once(':')?;
    if format == "opaque" {
        let sizes: Vec<u32> = options.split('+').map(str::parse).collect::<Result<_, _>>().ok()?;
        let (&row_bytes, given) = sizes.split_first()?;
        let mut sides = [0; MOST_SIDES];
        sides.get_mut(..given.len())?.copy_from_slice(given);
        return Some(Wire::Opaque(Opaque { row_bytes, sides }));
    }
    let mut fp8 = (format == "fp8").then_some(Fp8::DEEPSEEK_V3)?;
    for option in options.split(':') {
        if let Some(element) = Words::of_word(option) {
            fp8.element = element;
        } else if let Some(scale) = Words::of_word(option) {
            fp8.scale = scale;
        } else if option == "power" {
            fp8.scale = ScaleFormat::PowerOfTwo;
        } else {
            fp8.block = option.parse().ok()?;
        }
    }
    Some(Wire::Fp8(fp8))
}

impl FromStr for Wire {
    type Err = Error;

    fn from_str(text: &str) -> Result<Wire, Error> {
        text::no_earlier(text, earlier(text))?;
        let mut mistakes = Vec::new();
        let wire = Wire::of_value(text::value(text)?, &mut mistakes);
        wire.filter(|_| mistakes.is_empty()).ok_or(Error(mistakes))
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wire::Bf16 => f.write_str("bf16"),
            Wire::Fp8(Fp8 { element, block, scale }) => {
                write!(f, "fp8({element}, block: {block}, scale: {scale})")
            }
            Wire::Opaque(Opaque { row_bytes, sides }) => {
                let given: Vec<u32> = sides.iter().copied().filter(|&bytes| bytes > 0).collect();
                let sides = if given.is_empty() { String::new() } else { format!(", sides: {given:?}") };
                write!(f, "opaque(row: {row_bytes}{sides})")
            }
        }
    }
}
