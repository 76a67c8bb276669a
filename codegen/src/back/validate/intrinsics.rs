//! Operations of the table: operands and results, and the orders that PTX allows.

use super::Checker;
use super::types::{same, text};
use crate::back::specialise::Change;
use crate::ir::{AtomicOp, Content, Expr, Intrinsic, Kind, Scalar, Space, Span, Type};

impl Checker<'_> {
    /// Checks an intrinsic whose arguments are checked already.
    pub(super) fn intrinsic(&mut self, intrinsic: Intrinsic, arguments: &[Expr], result: &Type, span: Span) {
        let types: Vec<&Type> = arguments.iter().map(|argument| &argument.ty).collect();
        if let Some(message) = parameter_mistake(intrinsic) {
            self.mistake(span, message);
        }
        let row = intrinsic.row();
        let gives = row.result(types.first().copied());
        // Where the expression says what it gives, that is part of what the operation takes.
        let fits = match row.gives {
            Kind::Written => is_written(&types, result),
            Kind::WrittenSlice => matches!(result, Type::Slice(pointer) if is_written(&types, pointer)),
            Kind::Bits => gives.as_ref() == Some(result),
            _ => true,
        };
        if !fits || !takes(intrinsic, &types) {
            let given = types.iter().map(|ty| text(ty)).collect::<Vec<_>>().join(", ");
            self.mistake(span, format!("{} takes {}, not ({given})", row.called(), row.needs));
        } else if let Some(ty) = gives
            && !same(&ty, result)
        {
            self.mistake(span, format!("this operation gives {}, not {}", text(&ty), text(result)));
        }
    }
}

/// The sentence for an order or hint that the operation cannot have.
fn parameter_mistake(intrinsic: Intrinsic) -> Option<String> {
    if let Intrinsic::ReadOnlyHinted(hint) = intrinsic
        && !hint.is_for_read_only()
    {
        return Some(format!("read-only data cannot be read with {hint:?}: use another hint"));
    }
    let (order, _) = intrinsic.ordering()?;
    let legal = intrinsic.orders();
    if legal.contains(&order) {
        return None;
    }
    let what = match intrinsic {
        Intrinsic::Atomic(..) => "read-modify-write operation".to_string(),
        _ => intrinsic.row().name.to_string(),
    };
    let names = legal.iter().map(|order| format!("{order:?}")).collect::<Vec<_>>().join(" or ");
    Some(format!("a {what} cannot be {order:?}: use {names}"))
}

/// Whether the pointer that the expression says it gives is into the space of the operand, or else
/// into shared memory.
fn is_written(types: &[&Type], result: &Type) -> bool {
    match (types.first(), result) {
        (Some(Type::Pointer(from, _)), Type::Pointer(to, _)) => from == to,
        (_, Type::Pointer(to, _)) => *to == Space::Shared,
        _ => false,
    }
}

/// Whether these are operands of the operation.
fn takes(intrinsic: Intrinsic, types: &[&Type]) -> bool {
    let row = intrinsic.row();
    let shared = types.first().and_then(|first| row.same(first));
    let fits = |(kind, ty): (&Kind, &&Type)| match (kind, ty) {
        (Kind::Any, _) => true,
        (Kind::Same, _) => shared.is_some_and(|shared| same(shared, ty)),
        (Kind::Peers, Type::Peers(_)) => true,
        (Kind::Pointer(reach, wanted), Type::Pointer(space, content)) => {
            reach.includes(*space) && holds(intrinsic, *wanted, content)
        }
        (kind, ty) => scalar(ty).is_some_and(|scalar| kind.includes(scalar)),
    };
    types.len() == row.takes.len() && row.takes.iter().zip(types).all(fits)
}

fn scalar(ty: &Type) -> Option<Scalar> {
    match ty {
        Type::Scalar(scalar) => Some(*scalar),
        _ => None,
    }
}

/// Whether the operation works on what is there.
fn holds(intrinsic: Intrinsic, wanted: Content, content: &Type) -> bool {
    // Whether a struct has 16 bytes is known when lengths are.
    let wide = matches!(content, Type::Struct(_));
    let number = scalar(content).filter(|scalar| *scalar != Scalar::Bool);
    match (wanted, intrinsic) {
        (Content::Any, _) => true,
        (Content::Number, _) => number.is_some(),
        (Content::Strong, _) => wide || number.is_some(),
        (Content::Atomic, Intrinsic::Atomic(op, ..)) => {
            let least = match op.half() {
                Some((_, "add")) => 1,
                _ if op == AtomicOp::CompareExchange => 2,
                _ => 4,
            };
            let scalar = number.filter(|scalar| scalar.bytes() >= least);
            scalar.is_some_and(|scalar| Change::of(op, scalar).is_some())
                || op.half().is_some() && (wide || number == Some(Scalar::U32))
                || wide && matches!(op, AtomicOp::Exchange | AtomicOp::CompareExchange | AtomicOp::Add)
        }
        (Content::Atomic, _) => false,
    }
}
