//! `.npy` files. What they say of themselves is not trusted.

use std::cmp::Ordering;
use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::header::{self, Header};
use super::{Array, Element, Format, decode_all, wrong_format};
use crate::exec::argument::element;
use crate::failure::Failure;

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

/// The longest header that is read: NumPy's own limit. The header of a plain array has about 100
/// bytes.
const LONGEST_HEADER: usize = 10_000;

/// The most brackets that are parsed: a plain array has two, and the parser recurses into each.
const MOST_BRACKETS: usize = 16;

/// The most characters that are shown of what a file says about itself.
const MOST_SHOWN: usize = 160;

fn no_npy(path: &Path, why: impl Display) -> Failure {
    Failure::file(path, format!("this is not a .npy file: {}", excerpt(&why.to_string())))
}

/// The first characters of a text, on one line.
fn excerpt(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(MOST_SHOWN)
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    if text.chars().nth(MOST_SHOWN).is_some() {
        shown += "...";
    }
    shown
}

/// The header, and what follows it. What the file holds bounds the length that the header claims to
/// have.
fn header<'file>(path: &Path, bytes: &'file [u8]) -> Result<(Header, &'file [u8]), Failure> {
    let length = header::length(bytes).map_err(|why| no_npy(path, why))?;
    if length > bytes.len() {
        return Err(no_npy(path, "it ends within its header"));
    }
    let (text, elements) = bytes.split_at(length);
    let brackets = text.iter().filter(|byte| b"([{".contains(byte)).count();
    if length > LONGEST_HEADER || brackets > MOST_BRACKETS {
        return Err(Failure::file(
            path,
            format!(
                "the header is that of no plain array: it has {length} bytes and {brackets} opening brackets"
            ),
        ));
    }
    let header = Header::read(text).map_err(|why| no_npy(path, why))?;
    Ok((header, elements))
}

/// How many elements an array of this shape has; `None` when no memory could hold it. A zero
/// elsewhere does not excuse a dimension: strides are products of the others.
fn element_count(shape: &[usize]) -> Option<usize> {
    const WIDEST: usize = 8;
    let others = shape.iter().filter(|&&length| length > 0);
    let product = others.copied().try_fold(WIDEST, usize::checked_mul)?;
    isize::try_from(product).ok()?;
    Some(shape.iter().product())
}

/// Reads the array of a `.npy` file.
pub(super) fn read<T: Element>(path: &Path) -> Result<Array<T>, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file(path, error))?;
    let (header, elements) = header(path, &bytes)?;
    let shape = header.shape;
    let impossible =
        || Failure::file(path, format!("no array can have the shape {}", excerpt(&format!("{shape:?}"))));
    let count = element_count(&shape).ok_or_else(impossible)?;
    let Some(descriptor) = &header.descriptor else {
        return Err(wrong_format::<T>(path, "records"));
    };
    let wrong = || wrong_format::<T>(path, words(&excerpt(descriptor)));
    let format = format(descriptor).ok_or_else(wrong)?;
    let values = decode_all::<T>(format, elements).ok_or_else(wrong)?;
    match elements.len().cmp(&count.checked_mul(format.bytes()).ok_or_else(impossible)?) {
        Ordering::Less => return Err(Failure::file(path, "the file ends before its last element")),
        Ordering::Greater => {
            let extra = elements.len() - count * format.bytes();
            return Err(Failure::file(path, format!("{extra} byte(s) follow the last element")));
        }
        Ordering::Equal => {}
    }
    let values = if header.is_fortran { row_major(&shape, &values) } else { values };
    Ok(Array { shape, values })
}

/// Elements in row order of an array that has them in column order.
fn row_major<T: Clone>(shape: &[usize], values: &[T]) -> Vec<T> {
    let mut rows = Vec::with_capacity(values.len());
    let mut index = vec![0; shape.len()];
    for _ in values {
        let at = index.iter().zip(shape).rev().fold(0, |at, (&index, &extent)| at * extent + index);
        rows.push(values[at].clone());
        for (index, &extent) in index.iter_mut().zip(shape).rev() {
            *index = (*index + 1) % extent;
            if *index > 0 {
                break;
            }
        }
    }
    rows
}

/// An array as a file holds it: its elements are not interpreted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RawArray {
    pub(crate) shape: Vec<usize>,
    /// The element type as NumPy spells it: `<f4`.
    pub(crate) descriptor: String,
    /// Elements in row-major order.
    pub(crate) bytes: Vec<u8>,
}

/// Reads an array of any plain type.
pub(crate) fn read_raw(path: &Path) -> Result<RawArray, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file(path, error))?;
    let (header, elements) = header(path, &bytes)?;
    let descriptor = match header.descriptor {
        Some(descriptor) if element(&descriptor).is_some() => descriptor,
        Some(other) => {
            let found = words(&excerpt(&other));
            return Err(Failure::file(
                path,
                format!("a kernel takes little-endian numbers, and these are {found}"),
            ));
        }
        None => return Err(Failure::file(path, "a kernel takes numbers, and these are records")),
    };
    if header.is_fortran && header.shape.len() > 1 {
        return Err(Failure::file(path, "the array is in column order; save numpy.ascontiguousarray of it"));
    }
    let size = element(&descriptor).map_or(1, |(_, bytes)| bytes);
    let expected = element_count(&header.shape).and_then(|count| count.checked_mul(size));
    if expected != Some(elements.len()) {
        let shape = excerpt(&format!("{:?}", header.shape));
        let found = elements.len();
        return Err(Failure::file(
            path,
            format!("an array of shape {shape} does not have {found} bytes of elements"),
        ));
    }
    Ok(RawArray { shape: header.shape, descriptor, bytes: elements.to_vec() })
}

/// The file of the result, opened before the work, so that a path that cannot be written costs no
/// work. What the file held stays until the result replaces it.
pub(crate) struct Output {
    path: PathBuf,
    file: File,
    /// Whether to remove the file should no result come.
    abandoned: bool,
}

impl Output {
    /// Opens the file, or creates it.
    pub(crate) fn open(path: &Path) -> Result<Output, Failure> {
        if path.extension().is_none_or(|extension| extension != "npy") {
            return Err(Failure::file(path, "the output is a NumPy array: the name must end in .npy"));
        }
        if let Some(folder) = path.parent()
            && !folder.as_os_str().is_empty()
            && !folder.is_dir()
        {
            return Err(Failure::file(path, format!("there is no folder {}", folder.display())));
        }
        let refused = |error| Failure::file(path, format!("cannot be written: {error}"));
        let (file, abandoned) = match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(file) => (file, true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                (OpenOptions::new().write(true).open(path).map_err(refused)?, false)
            }
            Err(error) => return Err(refused(error)),
        };
        Ok(Output { path: path.to_owned(), file, abandoned })
    }

    /// Where the array goes.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes an array of any type.
    pub(crate) fn write_raw(mut self, array: &RawArray) -> Result<(), Failure> {
        let written = write_raw(&self.file, array)
            .map_err(|problem| Failure::Unwritten { path: self.path.clone(), problem });
        self.abandoned &= written.is_err();
        written
    }

    /// Writes a float32 array.
    pub(crate) fn write(self, array: &Array<f32>) -> Result<(), Failure> {
        let bytes = array.values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.write_raw(&RawArray { shape: array.shape.clone(), descriptor: "<f4".to_owned(), bytes })
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.abandoned {
            // An empty file that stays behind is all that a failure here means.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn write_raw(file: &File, array: &RawArray) -> Result<(), String> {
    let sentence = |error: io::Error| error.to_string();
    // A device has no length.
    if file.metadata().map_err(sentence)?.is_file() {
        file.set_len(0).map_err(sentence)?;
    }
    let mut buffered = BufWriter::new(file);
    buffered.write_all(&Header::bytes(&array.descriptor, &array.shape)).map_err(sentence)?;
    buffered.write_all(&array.bytes).map_err(sentence)?;
    buffered.flush().map_err(sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_rows() {
        // Two rows of three, and the same with one more dimension.
        let columns = [11, 21, 12, 22, 13, 23];
        assert_eq!(row_major(&[2, 3], &columns), [11, 12, 13, 21, 22, 23]);
        assert_eq!(row_major(&[2, 1, 3], &columns), [11, 12, 13, 21, 22, 23]);
        assert_eq!(row_major(&[4], &[1, 2, 3, 4]), [1, 2, 3, 4]);
    }

    #[test]
    fn dimensions_beside_a_zero_count_too() {
        assert_eq!(element_count(&[]), Some(1));
        assert_eq!(element_count(&[3, 0, 5]), Some(0));
        assert_eq!(element_count(&[3, 4, 5]), Some(60));
        for shape in [&[0, usize::MAX][..], &[4, 0, isize::MAX as usize], &[1 << 30, 1 << 31]] {
            assert_eq!(element_count(shape), None, "{shape:?}");
        }
    }
}
