//! One `--arg`: a scalar, or a buffer in the memory of a GPU.
//!
//! ```text
//! u32:17   f32:0.5   bytes:0000803f      a value
//! in:x.npy   inout:x.npy   in@1:x.npy    an array from a file, on GPU 0 or another
//! out:y.npy:4x16:float32                 zeros, written to the file when the kernel is done
//! zeros:4096                             zeros, in bytes
//! ```

use std::path::PathBuf;
use std::str::FromStr;

use half::{bf16, f16};

/// NumPy's name of an element type, and how `.npy` files spell it.
const TYPES: &[(&str, &str, usize)] = &[
    ("bool", "|b1", 1),
    ("int8", "|i1", 1),
    ("uint8", "|u1", 1),
    ("int16", "<i2", 2),
    ("uint16", "<u2", 2),
    ("int32", "<i4", 4),
    ("uint32", "<u4", 4),
    ("int64", "<i8", 8),
    ("uint64", "<u8", 8),
    ("float16", "<f2", 2),
    ("bfloat16", "<V2", 2),
    ("float32", "<f4", 4),
    ("float64", "<f8", 8),
];

/// The most bytes of a buffer that an argument may ask for: more than any virtual GPU has.
const MOST_BYTES: usize = 1 << 40;

/// What the kernel gets as a parameter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Argument {
    /// The bytes of a number or structure.
    Value(Vec<u8>),
    /// The address of a buffer.
    Buffer { gpu: usize, contents: Contents },
}

/// What a buffer holds at first, and where it goes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Contents {
    /// An array that stays.
    In(PathBuf),
    /// An array that is read from the file and written back.
    InOut(PathBuf),
    /// A new array: its shape, and its type as `.npy` files spell it.
    Out { path: PathBuf, shape: Vec<usize>, descriptor: &'static str, bytes: usize },
    /// Bytes that nobody looks at afterwards.
    Zeros(usize),
}

impl FromStr for Argument {
    type Err = String;

    fn from_str(text: &str) -> Result<Argument, String> {
        const FORMS: &str = "u32:17 (or another type), bytes:HEX, in:x.npy, inout:x.npy, out:y.npy:4x16:float32 or \
             zeros:BYTES";
        let (kind, rest) = text.split_once(':').ok_or_else(|| format!("an argument is one of {FORMS}"))?;
        let (kind, gpu) = match kind.split_once('@') {
            None => (kind, None),
            Some((kind, gpu)) => {
                let gpu = gpu.parse().map_err(|_| format!("`{gpu}` is not the number of a GPU"))?;
                (kind, Some(gpu))
            }
        };
        let contents = match kind {
            "in" => Contents::In(path(rest)?),
            "inout" => Contents::InOut(path(rest)?),
            "out" => out(rest)?,
            "zeros" => match rest.parse() {
                Ok(bytes) if bytes <= MOST_BYTES => Contents::Zeros(bytes),
                _ => return Err(format!("`{rest}` is not a number of bytes up to {MOST_BYTES}")),
            },
            _ => {
                let value = value(kind, rest)?
                    .ok_or_else(|| format!("there is no argument of kind `{kind}`; it is one of {FORMS}"))?;
                return match gpu {
                    None => Ok(Argument::Value(value)),
                    Some(_) => Err("a value is on no GPU: leave the `@` out".into()),
                };
            }
        };
        Ok(Argument::Buffer { gpu: gpu.unwrap_or(0), contents })
    }
}

fn path(text: &str) -> Result<PathBuf, String> {
    if text.ends_with(".npy") { Ok(text.into()) } else { Err(format!("`{text}` must end in .npy")) }
}

fn out(text: &str) -> Result<Contents, String> {
    let mut parts = text.rsplitn(3, ':');
    let (ty, shape, file) = (parts.next(), parts.next(), parts.next());
    let (Some(ty), Some(shape), Some(file)) = (ty, shape, file) else {
        return Err("an output has a file, a shape and a type: out:y.npy:4x16:float32".into());
    };
    let known = TYPES.iter().find(|(name, ..)| *name == ty);
    let &(_, descriptor, element) = known.ok_or_else(|| {
        let names: Vec<&str> = TYPES.iter().map(|(name, ..)| *name).collect();
        format!("there is no type `{ty}`; the types are {}", names.join(", "))
    })?;
    let extents: Result<Vec<usize>, _> = shape.split('x').map(str::parse).collect();
    let extents = extents.map_err(|_| format!("`{shape}` is not a shape such as 128 or 4x16"))?;
    let bytes = extents.iter().try_fold(element, |bytes, &extent| bytes.checked_mul(extent));
    match bytes.filter(|&bytes| bytes <= MOST_BYTES) {
        Some(bytes) => Ok(Contents::Out { path: path(file)?, shape: extents, descriptor, bytes }),
        None => Err(format!("an array of shape {shape} does not fit a GPU")),
    }
}

/// The bytes of a value; `None` when there is no such type.
fn value(ty: &str, text: &str) -> Result<Option<Vec<u8>>, String> {
    macro_rules! number {
        ($number:ty) => {
            text.parse::<$number>()
                .map(|number| Some(number.to_le_bytes().to_vec()))
                .map_err(|_| format!("`{text}` is not a number of type {ty}"))
        };
    }
    match ty {
        "u8" => number!(u8),
        "i8" => number!(i8),
        "u16" => number!(u16),
        "i16" => number!(i16),
        "u32" => number!(u32),
        "i32" => number!(i32),
        "u64" => number!(u64),
        "i64" => number!(i64),
        "f16" => number!(f16),
        "bf16" => number!(bf16),
        "f32" => number!(f32),
        "f64" => number!(f64),
        "bytes" => {
            let digits = text.as_bytes();
            let pairs = digits.chunks(2).map(|pair| {
                let text = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
                u8::from_str_radix(text, 16).ok().filter(|_| !text.starts_with('+'))
            });
            let bytes: Option<Vec<u8>> = pairs.collect();
            bytes
                .map(Some)
                .ok_or_else(|| format!("`{text}` is not a list of bytes, two hexadecimal digits each"))
        }
        _ => Ok(None),
    }
}

/// NumPy's name of a type that a `.npy` file may hold, and bytes of an element.
pub(crate) fn element(descriptor: &str) -> Option<(&'static str, usize)> {
    let descriptor = if descriptor == "|V2" { "<V2" } else { descriptor };
    let found = TYPES.iter().find(|(_, spelling, _)| *spelling == descriptor);
    found.map(|&(name, _, bytes)| (name, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_buffers() {
        let value = |text: &str| text.parse::<Argument>();
        assert_eq!(value("u32:17"), Ok(Argument::Value(vec![17, 0, 0, 0])));
        assert_eq!(value("f32:-0.5"), Ok(Argument::Value((-0.5f32).to_le_bytes().to_vec())));
        assert_eq!(value("bf16:1"), Ok(Argument::Value(vec![0x80, 0x3f])));
        assert_eq!(value("bytes:00ff10"), Ok(Argument::Value(vec![0, 0xff, 0x10])));
        let contents =
            Contents::Out { path: "a:b.npy".into(), shape: vec![4, 16], descriptor: "<f4", bytes: 256 };
        assert_eq!(value("out@3:a:b.npy:4x16:float32"), Ok(Argument::Buffer { gpu: 3, contents }));
        for wrong in
            ["17", "u8:256", "u32:-1", "bytes:0", "bytes:+1", "in:x.txt", "out:y.npy:4", "zeros:x", "f8:1"]
        {
            assert!(value(wrong).is_err(), "{wrong}");
        }
    }
}
