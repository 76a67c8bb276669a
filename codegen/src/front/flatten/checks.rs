//! Which types an operation may have: checked when all types are known.

use proc_macro2::Span;

use super::super::operators::{is_bitwise, is_comparison};
use super::super::terms::{Table, Term};
use super::Flattener;
use crate::ir::{AtomicOp, BinaryOp, Bound, Content, Expr, Intrinsic, Kind, Scalar, Type, UnaryOp};

fn name(ty: &Type) -> String {
    Table::default().describe(&Term::from(ty))
}

impl Flattener<'_, '_> {
    /// What a type may be: the members of its set if it is a type parameter, else itself.
    fn possible(&self, ty: &Type) -> Vec<Type> {
        match ty {
            Type::Parameter(name) if self.bound(name) != Bound::Copy => {
                self.bound(name).members().iter().copied().map(Type::Scalar).collect()
            }
            _ => vec![ty.clone()],
        }
    }

    /// Runs a check for everything that two types may be, until one of them has a mistake.
    fn for_possible(&mut self, types: [&Type; 2], check: impl Fn(&mut Self, &Type, &Type)) {
        let before = self.diagnostics.count();
        let [left, right] = types;
        for one in self.possible(left) {
            let others = if left == right { vec![one.clone()] } else { self.possible(right) };
            for other in others {
                check(self, &one, &other);
                if self.diagnostics.count() > before {
                    return;
                }
            }
        }
    }

    pub(super) fn check_unary(&mut self, operator: UnaryOp, operand: &Expr, span: Span) {
        let types = [&operand.ty; 2];
        self.for_possible(types, |this, ty, _| this.check_unary_of(operator, ty, span));
    }

    fn check_unary_of(&mut self, operator: UnaryOp, operand: &Type, span: Span) {
        let scalar = operand.scalar().filter(|_| !matches!(operand, Type::Enum(..)));
        let (fits, advice) = match operator {
            UnaryOp::Negate => (
                scalar.is_some_and(|scalar| scalar.is_signed() || scalar.is_float()),
                "`-` takes a signed integer or a float: write `wrapping_neg()` for an unsigned integer",
            ),
            UnaryOp::Not => (scalar.is_some_and(is_bitwise), "`!` takes an integer or a `bool`"),
        };
        if !fits {
            self.diagnostics.report(span, format!("{advice}, this is `{}`", name(operand)));
        }
    }

    pub(super) fn check_binary(&mut self, operator: BinaryOp, left: &Expr, right: &Expr, span: Span) {
        let types = [&left.ty, &right.ty];
        self.for_possible(types, |this, left, right| this.check_binary_of(operator, left, right, span));
    }

    fn check_binary_of(&mut self, operator: BinaryOp, left: &Type, right: &Type, span: Span) {
        let (a, b) = (left.scalar(), right.scalar());
        let (Some(a), Some(b)) = (a, b) else {
            let ty = if a.is_none() { left } else { right };
            let advice = match ty {
                Type::Parameter(_) => "bound it by a set that has them, such as `Number`",
                Type::Struct(_) | Type::Tuple(_) | Type::Array(..) => "write it for each part",
                _ => "use `at` to move a pointer",
            };
            self.diagnostics
                .report(span, format!("operators take scalars, and this is `{}`: {advice}", name(ty)));
            return;
        };
        let is_enum = |operand: &Type| matches!(operand, Type::Enum(..));
        let message = match operator {
            operator if (is_enum(left) || is_enum(right)) && !is_comparison(operator) => {
                Some("an enum is compared and cast only: write `value as u32`")
            }
            BinaryOp::ShiftLeft | BinaryOp::ShiftRight if a.is_integer() && b.is_integer() => None,
            BinaryOp::ShiftLeft | BinaryOp::ShiftRight => Some("a shift takes integers"),
            BinaryOp::And | BinaryOp::Or | BinaryOp::Xor if is_bitwise(a) => None,
            BinaryOp::And | BinaryOp::Or | BinaryOp::Xor => {
                Some("bitwise operators take integers or `bool`s: write `to_bits()`")
            }
            operator if is_comparison(operator) => None,
            _ if a == Scalar::Bool => Some("this operator takes numbers, not `bool`s: convert with `as u32`"),
            _ => None,
        };
        if let Some(message) = message {
            self.diagnostics.report(span, message);
        }
    }

    pub(super) fn check_cast(&mut self, operand: &Expr, to: &Type, span: Span) {
        self.for_possible([&operand.ty, to], |this, from, to| this.check_cast_of(from, to, span));
    }

    fn check_cast_of(&mut self, operand: &Type, to: &Type, span: Span) {
        let message = match (operand.scalar(), to.scalar()) {
            _ if matches!(to, Type::Enum(..)) && operand != to => {
                Some("a number does not cast to an enum: write a `match` that gives its variants".to_string())
            }
            (Some(from), Some(to)) if from == to => None,
            (Some(_), Some(Scalar::Bool)) => {
                Some("a number does not cast to `bool`: compare it, `value != 0`".to_string())
            }
            (Some(Scalar::Bool), Some(to)) if to.is_float() => {
                Some(format!("a `bool` does not cast to a float: write `value as u32 as {}`", to.name()))
            }
            (Some(_), Some(_)) => None,
            _ if matches!(operand, Type::Pointer(..)) => {
                Some("a pointer is cast with `pointer.cast::<T>()`".to_string())
            }
            _ => {
                Some(format!("`as` converts between scalars, and not `{}` to `{}`", name(operand), name(to)))
            }
        };
        if let Some(message) = message {
            self.diagnostics.report(span, message);
        }
    }

    pub(super) fn check_range(&mut self, start: &Expr, span: Span) {
        if !start.ty.scalar().is_some_and(Scalar::is_integer) {
            self.diagnostics
                .report(span, format!("`for` runs over integers, and this is `{}`", name(&start.ty)));
        }
    }

    pub(super) fn check_intrinsic(
        &mut self,
        intrinsic: Intrinsic,
        operands: &[Expr],
        result: &Type,
        span: Span,
    ) {
        let row = intrinsic.row();
        let (content, least) = match row.takes.first() {
            Some(&Kind::Pointer(_, content @ (Content::Number | Content::Strong))) => (content, 1),
            Some(Kind::Pointer(_, Content::Atomic)) => {
                let compares = matches!(intrinsic, Intrinsic::Atomic(AtomicOp::CompareExchange, ..));
                (Content::Atomic, if compares { 2 } else { 4 })
            }
            Some(Kind::Word) => (Content::Number, 4),
            _ => return,
        };
        let moved = match (row.gives, row.takes) {
            (Kind::Same, _) => result,
            (_, [_, Kind::Same, ..]) => match operands.get(1) {
                Some(value) => &value.ty,
                None => return,
            },
            _ => match operands.first() {
                Some(value) => &value.ty,
                None => return,
            },
        };
        self.for_possible([moved; 2], |this, moved, _| {
            this.check_moved(intrinsic, (content, least), moved, span);
        });
    }

    /// Whether a memory or warp operation can move the type.
    fn check_moved(
        &mut self,
        intrinsic: Intrinsic,
        (content, least): (Content, u64),
        moved: &Type,
        span: Span,
    ) {
        let whole = content == Content::Strong
            || matches!(intrinsic, Intrinsic::Atomic(AtomicOp::Exchange | AtomicOp::CompareExchange, ..));
        if let (true, Type::Struct(path)) = (whole, moved)
            && self.environment.definition(path).is_some_and(|definition| definition.align >= 16)
        {
            return;
        }
        if let (Intrinsic::Atomic(operation, ..), Type::Struct(_)) = (intrinsic, moved)
            && (operation == AtomicOp::Add || operation.half().is_some())
        {
            // Which structs these are is known when lengths are.
            return;
        }
        if let Intrinsic::Atomic(operation, ..) = intrinsic
            && let Some((_, called)) = operation.half()
        {
            let fits = match moved {
                Type::Scalar(Scalar::U32) => true,
                Type::Scalar(Scalar::U16) => called == "add",
                _ => false,
            };
            if !fits {
                let message = format!(
                    "16-bit floats lie two in a `u32`, or in a struct of such words{}, and this is `{}`",
                    if called == "add" { ", or alone in a `u16`" } else { "" },
                    name(moved)
                );
                self.diagnostics.report(span, message);
            }
            return;
        }
        let number = |scalar: &Scalar| scalar.bytes() >= least && *scalar != Scalar::Bool;
        let scalar = moved.scalar().filter(number);
        let Some(scalar) = scalar else {
            self.diagnostics.report(
                span,
                match least {
                    1 => format!(
                        "this operation takes a number of 8 to 64 bits, not `{}`: point to one with `cast`",
                        name(moved)
                    ),
                    _ => format!(
                        "this operation takes a 32- or 64-bit scalar, not `{}`: use a word such as `u32`",
                        name(moved)
                    ),
                },
            );
            return;
        };
        if let Intrinsic::Atomic(operation, ..) = intrinsic
            && scalar.is_float()
            && !matches!(operation, AtomicOp::Add | AtomicOp::Exchange)
        {
            self.diagnostics.report(
                span,
                format!(
                    "floats have `fetch_add` and `exchange` only, not this operation on `{}`: use integers",
                    scalar.name()
                ),
            );
        }
    }
}
