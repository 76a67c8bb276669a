//! Special registers (PTX ISA section 10) and their types.

use crate::types::Type;

/// The type of a special register, with its `%` and component (`%tid.x`); `None` when `name` is
/// none.
pub fn type_of(name: &str) -> Option<Type> {
    let (register, component) = match name.split_once('.') {
        Some((register, component)) => (register, Some(component)),
        None => (name, None),
    };
    if component.is_none()
        && (is_numbered(register, "%envreg", 32)
            || is_numbered(register, "%pm", 8)
            || is_numbered(register, "%reserved_smem_offset_", 2))
    {
        return Some(Type::U32);
    }
    let row = SPECIAL.iter().find(|row| row.0 == register)?;
    match (row.2, component) {
        (Shape::Scalar, None) => Some(row.1),
        (Shape::Vector, Some("x" | "y" | "z" | "w")) => Some(row.1),
        _ => None,
    }
}

/// `%envreg0` to `%envreg31`, for example.
fn is_numbered(register: &str, prefix: &str, count: u32) -> bool {
    (0..count).any(|index| register.strip_prefix(prefix) == Some(index.to_string().as_str()))
}

/// Whether a register is read whole or by component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `%laneid`
    Scalar,
    /// `%tid.x`, `.y`, `.z` (and `.w`, which is always 0).
    Vector,
}

/// Name, type, shape.
pub static SPECIAL: &[(&str, Type, Shape)] = &[
    ("%tid", Type::U32, Shape::Vector),
    ("%ntid", Type::U32, Shape::Vector),
    ("%ctaid", Type::U32, Shape::Vector),
    ("%nctaid", Type::U32, Shape::Vector),
    ("%clusterid", Type::U32, Shape::Vector),
    ("%nclusterid", Type::U32, Shape::Vector),
    ("%cluster_ctaid", Type::U32, Shape::Vector),
    ("%cluster_nctaid", Type::U32, Shape::Vector),
    ("%cluster_ctarank", Type::U32, Shape::Scalar),
    ("%cluster_nctarank", Type::U32, Shape::Scalar),
    ("%is_explicit_cluster", Type::Pred, Shape::Scalar),
    ("%laneid", Type::U32, Shape::Scalar),
    ("%warpid", Type::U32, Shape::Scalar),
    ("%nwarpid", Type::U32, Shape::Scalar),
    ("%smid", Type::U32, Shape::Scalar),
    ("%nsmid", Type::U32, Shape::Scalar),
    ("%gridid", Type::U64, Shape::Scalar),
    ("%lanemask_eq", Type::U32, Shape::Scalar),
    ("%lanemask_le", Type::U32, Shape::Scalar),
    ("%lanemask_lt", Type::U32, Shape::Scalar),
    ("%lanemask_ge", Type::U32, Shape::Scalar),
    ("%lanemask_gt", Type::U32, Shape::Scalar),
    ("%clock", Type::U32, Shape::Scalar),
    ("%clock_hi", Type::U32, Shape::Scalar),
    ("%clock64", Type::U64, Shape::Scalar),
    ("%globaltimer", Type::U64, Shape::Scalar),
    ("%globaltimer_lo", Type::U32, Shape::Scalar),
    ("%globaltimer_hi", Type::U32, Shape::Scalar),
    ("%total_smem_size", Type::U32, Shape::Scalar),
    ("%aggr_smem_size", Type::U32, Shape::Scalar),
    ("%dynamic_smem_size", Type::U32, Shape::Scalar),
    ("%reserved_smem_offset_begin", Type::B32, Shape::Scalar),
    ("%reserved_smem_offset_end", Type::B32, Shape::Scalar),
    ("%reserved_smem_offset_cap", Type::B32, Shape::Scalar),
    ("%current_graph_exec", Type::U64, Shape::Scalar),
];
