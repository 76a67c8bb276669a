//! What both directions know at a point of the text: from it the type and span of most expressions
//! follow, and only the others are written down.
//!
//! The printer and the parser declare the same items and locals in the same order, and leave out or
//! fill in exactly what [`Known::type_of`] and [`span_of`] derive.

use rustc_hash::FxHashMap;

use crate::ir::{
    BinaryOp, Call, Expr, ExprKind, Local, LocalId, Path, Scalar, Size, Span, StructDefinition, Type,
};

/// The declarations above a point of the text.
#[derive(Default)]
pub(super) struct Known {
    /// Name of the module itself.
    pub(super) module: String,
    structs: FxHashMap<String, Vec<Type>>,
    constants: FxHashMap<String, Type>,
    const_parameters: FxHashMap<String, Scalar>,
    type_parameters: Vec<String>,
    /// For each local index, its position in `locals` plus one; zero when it is not declared.
    slots: Vec<u32>,
    locals: Vec<(LocalId, Local)>,
}

impl Known {
    /// At the top of a module of that name.
    pub(super) fn new(module: &str) -> Self {
        Known { module: module.to_string(), ..Known::default() }
    }

    /// Makes a struct's fields known.
    pub(super) fn declare_struct(&mut self, definition: &StructDefinition) {
        let fields = definition.fields.iter().map(|field| field.ty.clone()).collect();
        self.structs.insert(definition.name.clone(), fields);
    }

    /// Makes a constant's type known.
    pub(super) fn declare_constant(&mut self, name: &str, ty: &Type) {
        self.constants.insert(name.to_string(), ty.clone());
    }

    /// Makes a const generic of the current function known.
    pub(super) fn declare_const_parameter(&mut self, name: &str, scalar: Scalar) {
        self.const_parameters.insert(name.to_string(), scalar);
    }

    /// Makes a type parameter of the current struct or function known.
    pub(super) fn declare_type_parameter(&mut self, name: &str) {
        self.type_parameters.push(name.to_string());
    }

    /// Whether that word stands for a type parameter.
    pub(super) fn is_type_parameter(&self, name: &str) -> bool {
        self.type_parameters.iter().any(|known| known == name)
    }

    /// Ends the struct: its type parameters are forgotten.
    pub(super) fn end_type_parameters(&mut self) {
        self.type_parameters.clear();
    }

    /// Makes a local of the current function known; false when it already is.
    pub(super) fn declare_local(&mut self, id: LocalId, local: Local) -> bool {
        let index = id.0 as usize;
        if index >= self.slots.len() {
            self.slots.resize(index + 1, 0);
        }
        if self.slots[index] != 0 {
            return false;
        }
        self.locals.push((id, local));
        self.slots[index] = u32::try_from(self.locals.len()).unwrap_or(u32::MAX);
        true
    }

    /// The declaration of a local of the current function.
    pub(super) fn local(&self, id: LocalId) -> Option<&Local> {
        let position = self.slots.get(id.0 as usize)?.checked_sub(1)?;
        self.locals.get(position as usize).map(|(_, local)| local)
    }

    /// Ends the function: its locals in the order of their indices, or the first index that was not
    /// declared.
    pub(super) fn end_function(&mut self) -> Result<Vec<Local>, u32> {
        for (id, _) in &self.locals {
            self.slots[id.0 as usize] = 0;
        }
        self.const_parameters.clear();
        self.end_type_parameters();
        let mut locals = std::mem::take(&mut self.locals);
        locals.sort_unstable_by_key(|(id, _)| *id);
        for (position, (id, _)) in (0..).zip(&locals) {
            if id.0 != position {
                return Err(position);
            }
        }
        Ok(locals.into_iter().map(|(_, local)| local).collect())
    }

    /// The type that follows from an expression's operands. Literals, casts, aggregates and repeats
    /// are not asked: their spelling decides.
    pub(super) fn type_of(&self, kind: &ExprKind) -> Option<Type> {
        match kind {
            ExprKind::Bool(_) => Some(Type::Scalar(Scalar::Bool)),
            ExprKind::Local(id) => self.local(*id).map(|local| local.ty.clone()),
            ExprKind::ConstParameter(name) => self.const_parameters.get(name).copied().map(Type::Scalar),
            ExprKind::Constant(path) if path.module == self.module => self.constants.get(&path.item).cloned(),
            ExprKind::Unary(_, operand) => Some(operand.ty.clone()),
            ExprKind::Binary(operator, left, _) => {
                Some(if is_comparison(*operator) { Type::Scalar(Scalar::Bool) } else { left.ty.clone() })
            }
            ExprKind::Field(value, index) => self.field(&value.ty, *index).cloned(),
            ExprKind::Index(value, _) => match &value.ty {
                Type::Array(element, _) => Some((**element).clone()),
                _ => None,
            },
            ExprKind::Select { then, .. } => Some(then.ty.clone()),
            ExprKind::Call { .. } => Some(Type::Unit),
            ExprKind::Asm(asm, values) => asm.result(values.iter().map(|value| &value.ty)),
            ExprKind::Intrinsic(intrinsic, arguments) => {
                intrinsic.row().result(arguments.first().map(|first| &first.ty))
            }
            _ => None,
        }
    }

    fn field<'a>(&'a self, ty: &'a Type, index: u32) -> Option<&'a Type> {
        match ty {
            Type::Tuple(parts) => parts.get(index as usize),
            Type::Slice(_) => ty.slice_parts()?.get(index as usize).copied(),
            Type::Struct(path) if path.module == self.module && path.arguments.is_empty() => {
                self.structs.get(&path.item)?.get(index as usize)
            }
            _ => None,
        }
    }
}

/// The type of `[first, ..]` with `count` elements.
pub(super) fn array_of(first: &Expr, count: usize) -> Type {
    Type::Array(Box::new(first.ty.clone()), Size::Literal(count as u64))
}

/// The type of `(parts, ..)`; `()` is the unit type.
pub(super) fn tuple_of(parts: &[Expr]) -> Type {
    match parts {
        [] => Type::Unit,
        _ => Type::Tuple(parts.iter().map(|part| part.ty.clone()).collect()),
    }
}

/// A rough size in memory of a type: a limit on it keeps hostile text from growing without bound.
pub(super) fn weight(ty: &Type) -> usize {
    let path =
        |path: &Path| path.module.len() + path.item.len() + path.arguments.iter().map(weight).sum::<usize>();
    1 + match ty {
        Type::Unit | Type::Scalar(_) => 0,
        Type::Parameter(name) => name.len(),
        Type::Struct(name) | Type::Enum(name, _) => path(name),
        Type::Tuple(parts) => parts.iter().map(weight).sum(),
        Type::Array(element, size) => {
            weight(element)
                + match size {
                    Size::Literal(_) => 0,
                    Size::Parameter(name) => name.len(),
                    Size::Constant(name) => path(name),
                }
        }
        Type::Pointer(_, inner) | Type::Peers(inner) | Type::Slice(inner) => weight(inner),
    }
}

/// Where an expression is written unless it says so: with its first operand when it begins with it
/// in Rust, otherwise with the statement.
pub(super) fn span_of(kind: &ExprKind, statement: Span) -> Span {
    match kind {
        ExprKind::Binary(_, first, _)
        | ExprKind::Cast(first)
        | ExprKind::Field(first, _)
        | ExprKind::Index(first, _) => first.span,
        ExprKind::Intrinsic(intrinsic, arguments) if intrinsic.row().call == Call::Method => {
            arguments.first().map_or(statement, |first| first.span)
        }
        _ => statement,
    }
}

fn is_comparison(operator: BinaryOp) -> bool {
    use BinaryOp::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
    matches!(operator, Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual)
}
