//! `.npy` files, through `ndarray-npy`, which reads headers, memory orders and shapes.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use ndarray::{ArrayD, ArrayViewD, IxDyn};
use ndarray_npy::{ReadDataError, ReadNpyError, ReadNpyExt, ReadableElement, WriteNpyExt};

use super::{Array, Element, Format, decode_all, wrong_format};
use crate::failure::Failure;

/// An element together with the knowledge of how files store it.
#[derive(Clone)]
struct Stored<T>(T);

/// NumPy's own names where it has them; bfloat16 is written as two opaque bytes by `ml_dtypes`.
fn format(descriptor: &str) -> Option<Format> {
    match descriptor {
        "<f2" => Some(Format::F16),
        "<f4" => Some(Format::F32),
        "<i4" => Some(Format::I32),
        "<i8" => Some(Format::I64),
        "<V2" | "|V2" => Some(Format::Bf16),
        _ => None,
    }
}

/// A type descriptor in words.
fn words(descriptor: &str) -> String {
    if let Some(format) = format(descriptor) {
        return format.to_string();
    }
    let order = if descriptor.starts_with('>') { "big-endian " } else { "" };
    let name = match descriptor.trim_start_matches(['<', '>', '|', '=']) {
        "f2" => "float16",
        "f4" => "float32",
        "f8" => "float64",
        "i1" => "int8",
        "i2" => "int16",
        "i4" => "int32",
        "i8" => "int64",
        "u1" => "uint8",
        "u2" => "uint16",
        "u4" => "uint32",
        "u8" => "uint64",
        "b1" => "bool",
        _ => return format!("of NumPy type {descriptor}"),
    };
    format!("{order}{name}")
}

impl<T: Element> ReadableElement for Stored<T> {
    fn read_to_end_exact_vec<R: Read>(
        mut reader: R,
        descriptor: &py_literal::Value,
        count: usize,
    ) -> Result<Vec<Self>, ReadDataError> {
        let wrong = || ReadDataError::WrongDescriptor(descriptor.clone());
        let format = descriptor.as_string().and_then(|text| format(text)).ok_or_else(wrong)?;
        // What the file holds decides how much memory is taken, not what its header claims.
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        let expected = count.checked_mul(format.bytes()).ok_or(ReadDataError::MissingData)?;
        if bytes.len() < expected {
            return Err(ReadDataError::MissingData);
        }
        if bytes.len() > expected {
            return Err(ReadDataError::ExtraBytes(bytes.len() - expected));
        }
        Ok(decode_all(format, &bytes).ok_or_else(wrong)?.into_iter().map(Stored).collect())
    }
}

/// Reads the array of a `.npy` file.
pub(super) fn read<T: Element>(path: &Path) -> Result<Array<T>, Failure> {
    let file = File::open(path).map_err(|error| Failure::file(path, error))?;
    let array = ArrayD::<Stored<T>>::read_npy(BufReader::new(file)).map_err(|error| match error {
        ReadNpyError::WrongDescriptor(descriptor) => match descriptor.as_string() {
            Some(text) => wrong_format::<T>(path, words(text)),
            None => wrong_format::<T>(path, "records"),
        },
        ReadNpyError::ParseHeader(error) => Failure::file(path, format!("this is no .npy file ({error})")),
        ReadNpyError::MissingData => Failure::file(path, "the file ends before its last element"),
        ReadNpyError::ExtraBytes(bytes) => {
            Failure::file(path, format!("{bytes} bytes follow the last element"))
        }
        error => Failure::file(path, error),
    })?;
    Ok(Array {
        shape: array.shape().to_vec(),
        values: array.iter().map(|Stored(value)| value.clone()).collect(),
    })
}

/// Writes a float32 array.
pub(crate) fn write(path: &Path, array: &Array<f32>) -> Result<(), Failure> {
    let view = ArrayViewD::from_shape(IxDyn(&array.shape), &array.values)
        .map_err(|error| Failure::file(path, error))?;
    let mut file = BufWriter::new(File::create(path).map_err(|error| Failure::file(path, error))?);
    view.write_npy(&mut file).map_err(|error| Failure::file(path, error))?;
    file.flush().map_err(|error| Failure::file(path, error))
}
