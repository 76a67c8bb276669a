//! `.safetensors` files: several arrays by name.

use std::path::Path;

use ::safetensors::tensor::{Dtype, SafeTensors};

use super::{Array, Element, Format, decode_all, wrong_format};
use crate::failure::Failure;

fn load<R>(path: &Path, look: impl FnOnce(&SafeTensors<'_>) -> Result<R, Failure>) -> Result<R, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file(path, error))?;
    let tensors = SafeTensors::deserialize(&bytes)
        .map_err(|error| Failure::file(path, format!("this is no .safetensors file ({error})")))?;
    look(&tensors)
}

/// Whether the file has the tensor that `T` is read from.
pub(super) fn contains<T: Element>(path: &Path) -> Result<bool, Failure> {
    load(path, |tensors| Ok(tensors.tensor(T::TENSOR).is_ok()))
}

/// Reads the tensor named [`Element::TENSOR`].
pub(super) fn read<T: Element>(path: &Path) -> Result<Array<T>, Failure> {
    load(path, |tensors| {
        let tensor = tensors.tensor(T::TENSOR).map_err(|_| {
            let mut names: Vec<_> = tensors.names().into_iter().map(|name| format!("`{name}`")).collect();
            names.sort();
            let names = if names.is_empty() { "none".into() } else { names.join(", ") };
            Failure::file(path, format!("there is no tensor `{}`, the file has {names}", T::TENSOR))
        })?;
        let format = match tensor.dtype() {
            Dtype::BF16 => Format::Bf16,
            Dtype::F16 => Format::F16,
            Dtype::F32 => Format::F32,
            Dtype::I32 => Format::I32,
            Dtype::I64 => Format::I64,
            other => return Err(wrong_format::<T>(path, format!("{other:?}"))),
        };
        let values = decode_all(format, tensor.data()).ok_or_else(|| wrong_format::<T>(path, format))?;
        Ok(Array { shape: tensor.shape().to_vec(), values })
    })
}
