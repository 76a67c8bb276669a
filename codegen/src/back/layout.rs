//! Types as registers and as memory: the scalars of a type in order, and where C's layout puts
//! them.

use super::program::Program;
use crate::ir::{Scalar, Size, Space, Type};

use super::emit::Class;

/// What one register of a flattened value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeafType {
    Scalar(Scalar),
    /// A pointer; `Peers` counts as global.
    Pointer(Space),
}

impl LeafType {
    /// The register class.
    pub(super) fn class(self) -> Class {
        match self {
            LeafType::Scalar(Scalar::Bool) => Class::Predicate,
            LeafType::Scalar(Scalar::F32) => Class::Float32,
            LeafType::Scalar(Scalar::F64) => Class::Float64,
            LeafType::Scalar(Scalar::U64 | Scalar::I64) => Class::Bits64,
            LeafType::Scalar(_) | LeafType::Pointer(Space::Shared) => Class::Bits32,
            LeafType::Pointer(_) => Class::Bits64,
        }
    }

    /// Size and alignment in memory.
    pub(super) fn bytes(self) -> u64 {
        match self {
            LeafType::Scalar(scalar) => scalar.bytes(),
            LeafType::Pointer(Space::Shared) => 4,
            LeafType::Pointer(_) => 8,
        }
    }
}

/// One register of a flattened value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Leaf {
    pub(super) ty: LeafType,
    /// Bytes from the start of the whole in memory.
    pub(super) offset: u64,
    /// What its register's name adds to the whole's name: `_rank`, `_3`, or nothing.
    pub(super) suffix: String,
}

/// Size and alignment in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) size: u64,
    pub(super) align: u64,
}

/// More registers than this in one value are an error, not an attempt.
pub(super) const MOST_LEAVES: u64 = 4096;

/// Array lengths in some function, const parameters known.
pub(super) trait Lengths {
    /// The number, or a sentence.
    fn length(&self, size: &Size) -> Result<u64, String>;
}

/// How many registers a value of the type takes.
pub(super) fn leaf_count(program: &Program, ty: &Type, lengths: &dyn Lengths) -> Result<u64, String> {
    let count = match ty {
        Type::Unit => 0,
        Type::Parameter(name) => return Err(unknown(name)),
        Type::Scalar(_) | Type::Enum(..) | Type::Pointer(..) | Type::Peers(_) => 1,
        Type::Struct(path) => {
            let mut count = 0u64;
            for field in &program.structure(path)?.fields {
                count = count.saturating_add(leaf_count(program, &field.ty, lengths)?);
            }
            count
        }
        Type::Tuple(parts) => {
            let mut count = 0u64;
            for part in parts {
                count = count.saturating_add(leaf_count(program, part, lengths)?);
            }
            count
        }
        Type::Array(element, size) => {
            leaf_count(program, element, lengths)?.saturating_mul(lengths.length(size)?)
        }
        Type::Slice(_) => 2,
    };
    match count > MOST_LEAVES {
        true => {
            Err(format!("a value of {count} registers does not fit: keep it in memory and use a pointer"))
        }
        false => Ok(count),
    }
}

/// The registers of a value, with their place in memory.
pub(super) fn leaves(program: &Program, ty: &Type, lengths: &dyn Lengths) -> Result<Vec<Leaf>, String> {
    leaf_count(program, ty, lengths)?;
    let mut found = Vec::new();
    collect(program, ty, lengths, 0, "", &mut found)?;
    Ok(found)
}

fn collect(
    program: &Program,
    ty: &Type,
    lengths: &dyn Lengths,
    offset: u64,
    suffix: &str,
    found: &mut Vec<Leaf>,
) -> Result<(), String> {
    let one = |ty| Leaf { ty, offset, suffix: suffix.to_string() };
    match ty {
        Type::Unit => {}
        Type::Parameter(name) => return Err(unknown(name)),
        Type::Scalar(scalar) | Type::Enum(_, scalar) => found.push(one(LeafType::Scalar(*scalar))),
        Type::Pointer(space, _) => found.push(one(LeafType::Pointer(*space))),
        Type::Peers(_) => found.push(one(LeafType::Pointer(Space::Global))),
        Type::Slice(pointer) => {
            collect(program, pointer, lengths, offset, suffix, found)?;
            let (ty, suffix) = (LeafType::Scalar(crate::ir::Scalar::U64), format!("{suffix}_length"));
            found.push(Leaf { ty, offset: add(offset, 8)?, suffix });
        }
        Type::Struct(path) => {
            let structure = program.structure(path)?;
            let mut end = 0u64;
            for field in &structure.fields {
                let layout = layout(program, &field.ty, lengths)?;
                let start = round_up(end, layout.align)?;
                let at = add(offset, start)?;
                collect(program, &field.ty, lengths, at, &format!("{suffix}_{}", field.name), found)?;
                end = add(start, layout.size)?;
            }
        }
        Type::Tuple(parts) => {
            let mut end = 0u64;
            for (index, part) in parts.iter().enumerate() {
                let layout = layout(program, part, lengths)?;
                let start = round_up(end, layout.align)?;
                collect(program, part, lengths, add(offset, start)?, &format!("{suffix}_{index}"), found)?;
                end = add(start, layout.size)?;
            }
        }
        Type::Array(element, size) => {
            let stride = layout(program, element, lengths)?.size;
            for index in 0..lengths.length(size)? {
                let at = add(offset, stride.saturating_mul(index))?;
                let before = found.len();
                collect(program, element, lengths, at, &format!("{suffix}_{index}"), found)?;
                if found.len() == before {
                    break;
                }
            }
        }
    }
    Ok(())
}

/// What a launch passes for a value of the type, one after the other: scalars and pointers, each
/// with what it adds to the name of the whole.
pub(super) fn launched(program: &Program, ty: &Type) -> Result<Vec<(String, Type)>, String> {
    let parts: Vec<(String, Type)> = match ty {
        Type::Struct(path) => {
            let fields = &program.structure(path)?.fields;
            fields.iter().map(|field| (format!("_{}", field.name), field.ty.clone())).collect()
        }
        Type::Slice(_) => {
            let parts = ty.slice_parts().into_iter().flatten().cloned();
            ["", "_length"].map(String::from).into_iter().zip(parts).collect()
        }
        _ => return Ok(vec![(String::new(), ty.clone())]),
    };
    let mut found = Vec::new();
    for (name, part) in parts {
        found.extend(
            launched(program, &part)?.into_iter().map(|(suffix, ty)| (format!("{name}{suffix}"), ty)),
        );
    }
    Ok(found)
}

/// Size and alignment of a type in memory, as C lays it out.
pub(super) fn layout(program: &Program, ty: &Type, lengths: &dyn Lengths) -> Result<Layout, String> {
    Ok(match ty {
        Type::Unit => Layout { size: 0, align: 1 },
        Type::Parameter(name) => return Err(unknown(name)),
        Type::Scalar(scalar) | Type::Enum(_, scalar) => {
            Layout { size: scalar.bytes(), align: scalar.bytes() }
        }
        Type::Pointer(Space::Shared, _) => Layout { size: 4, align: 4 },
        Type::Pointer(..) | Type::Peers(_) => Layout { size: 8, align: 8 },
        Type::Slice(_) => Layout { size: 16, align: 8 },
        Type::Struct(path) => {
            let structure = program.structure(path)?;
            in_order(program, structure.fields.iter().map(|field| &field.ty), structure.align, lengths)?
        }
        Type::Tuple(parts) => in_order(program, parts.iter(), 1, lengths)?,
        Type::Array(element, size) => {
            let element = layout(program, element, lengths)?;
            let size = element.size.checked_mul(lengths.length(size)?).ok_or_else(too_large)?;
            Layout { size, align: element.align }
        }
    })
}

fn in_order<'a>(
    program: &Program,
    parts: impl Iterator<Item = &'a Type>,
    align: u64,
    lengths: &dyn Lengths,
) -> Result<Layout, String> {
    let mut whole = Layout { size: 0, align: align.max(1) };
    for part in parts {
        let part = layout(program, part, lengths)?;
        whole.align = whole.align.max(part.align);
        whole.size = add(round_up(whole.size, part.align)?, part.size)?;
    }
    whole.size = round_up(whole.size, whole.align)?;
    Ok(whole)
}

fn round_up(value: u64, align: u64) -> Result<u64, String> {
    value.checked_next_multiple_of(align).ok_or_else(too_large)
}

fn add(left: u64, right: u64) -> Result<u64, String> {
    left.checked_add(right).ok_or_else(too_large)
}

fn unknown(name: &str) -> String {
    format!("what `{name}` stands for is not known")
}

fn too_large() -> String {
    "this type is larger than the address space".to_string()
}
