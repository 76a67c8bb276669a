//! Arrays in files: NumPy's `.npy`, and `.safetensors`. What is stored becomes what a run needs, or
//! one sentence.

mod header;
mod npy;
mod safetensors;

use std::fmt;
use std::path::Path;

use half::{bf16, f16};

pub(crate) use npy::{Output, RawArray, read_raw};

use crate::failure::Failure;

/// An array in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array<T> {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<T>,
}

/// Element formats that are understood, all little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Bf16,
    F16,
    F32,
    I32,
    I64,
}

impl Format {
    fn bytes(self) -> usize {
        match self {
            Format::Bf16 | Format::F16 => 2,
            Format::F32 | Format::I32 => 4,
            Format::I64 => 8,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Bf16 => "bfloat16",
            Format::F16 => "float16",
            Format::F32 => "float32",
            Format::I32 => "int32",
            Format::I64 => "int64",
        })
    }
}

/// What an array is read for.
pub(crate) trait Element: Clone {
    /// The name of the tensor in a `.safetensors` file.
    const TENSOR: &'static str;
    /// The formats it may be stored in, in words.
    const FORMATS: &'static str;

    /// One element from its bytes; `None` when the format is not among those.
    fn decode(format: Format) -> Option<fn(&[u8]) -> Self>;
}

/// An element of a token, as exact as it is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Activation(pub(crate) f32);

impl Element for Activation {
    const TENSOR: &'static str = "tokens";
    const FORMATS: &'static str = "bfloat16, float16 or float32";

    fn decode(format: Format) -> Option<fn(&[u8]) -> Self> {
        match format {
            Format::Bf16 => Some(|bytes| Activation(bf16::from_le_bytes(fixed(bytes)).to_f32())),
            Format::F16 => Some(|bytes| Activation(f16::from_le_bytes(fixed(bytes)).to_f32())),
            Format::F32 => Some(|bytes| Activation(f32::from_le_bytes(fixed(bytes)))),
            Format::I32 | Format::I64 => None,
        }
    }
}

/// An expert's index, not yet checked.
impl Element for i64 {
    const TENSOR: &'static str = "topk";
    const FORMATS: &'static str = "int32 or int64";

    fn decode(format: Format) -> Option<fn(&[u8]) -> Self> {
        match format {
            Format::I32 => Some(|bytes| i32::from_le_bytes(fixed(bytes)).into()),
            Format::I64 => Some(|bytes| i64::from_le_bytes(fixed(bytes))),
            Format::Bf16 | Format::F16 | Format::F32 => None,
        }
    }
}

/// A router's weight.
impl Element for f32 {
    const TENSOR: &'static str = "weights";
    const FORMATS: &'static str = "float32";

    fn decode(format: Format) -> Option<fn(&[u8]) -> Self> {
        match format {
            Format::F32 => Some(|bytes| f32::from_le_bytes(fixed(bytes))),
            Format::Bf16 | Format::F16 | Format::I32 | Format::I64 => None,
        }
    }
}

fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("elements are cut to the size of their format")
}

/// The elements of `bytes`.
fn decode_all<T: Element>(format: Format, bytes: &[u8]) -> Option<Vec<T>> {
    let decode = T::decode(format)?;
    Some(bytes.chunks_exact(format.bytes()).map(decode).collect())
}

/// Whether the path names a `.safetensors` file.
fn is_safetensors(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "safetensors")
}

/// Whether the path names a `.safetensors` file with the tensor that `T` is read from.
pub(crate) fn has_tensor<T: Element>(path: &Path) -> Result<bool, Failure> {
    if is_safetensors(path) { safetensors::contains::<T>(path) } else { Ok(false) }
}

/// Reads an array: the only one of a `.npy` file, or the one named [`Element::TENSOR`] of a
/// `.safetensors` file.
pub(crate) fn read<T: Element>(path: &Path) -> Result<Array<T>, Failure> {
    if is_safetensors(path) {
        safetensors::read(path)
    } else if path.extension().is_some_and(|extension| extension == "npy") {
        npy::read(path)
    } else {
        Err(Failure::file(path, "the name must end in .npy or .safetensors, which says how the file is read"))
    }
}

fn wrong_format<T: Element>(path: &Path, found: impl fmt::Display) -> Failure {
    Failure::file(path, format!("{} must be {}, and these are {found}", T::TENSOR, T::FORMATS))
}
