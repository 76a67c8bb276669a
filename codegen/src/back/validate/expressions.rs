//! Statements and expressions: every expression has the type that it says it has.

use super::Checker;
use super::types::{same, text};
use crate::asm::check;
use crate::back::constant::range;
use crate::ir::{Asm, BinaryOp, Expr, ExprKind, Path, Scalar, Size, Span, Type, UnaryOp};

impl<'a> Checker<'a> {
    pub(super) fn field(&mut self, ty: &Type, field: u32, span: Span) -> Option<Type> {
        let part = match ty {
            Type::Tuple(parts) => parts.get(field as usize).cloned(),
            Type::Slice(_) => {
                ty.slice_parts().and_then(|parts| parts.get(field as usize).map(|part| (*part).clone()))
            }
            Type::Struct(path) => self
                .program
                .structure(path)
                .ok()
                .and_then(|structure| structure.fields.get(field as usize))
                .map(|field| field.ty.clone()),
            _ => None,
        };
        if part.is_none() {
            self.mistake(span, format!("{} has no field number {field}", text(ty)));
        }
        part
    }

    pub(super) fn element(&mut self, ty: &Type, index: &Expr, span: Span) -> Option<Type> {
        if !index.ty.scalar().is_some_and(Scalar::is_integer) {
            self.mistake(index.span, "an index is an integer");
        }
        match ty {
            Type::Array(element, _) => Some((**element).clone()),
            _ => {
                self.mistake(span, format!("{} has no elements: only arrays do", text(ty)));
                None
            }
        }
    }

    /// Checks an expression and everything in it.
    pub(super) fn expression(&mut self, expression: &'a Expr) {
        if self.enter(expression.span) {
            self.typed(expression);
            self.depth -= 1;
        }
    }

    fn typed(&mut self, expression: &'a Expr) {
        self.ty(&expression.ty, expression.span);
        let span = expression.span;
        let scalar = expression.ty.scalar();
        let found = match &expression.kind {
            ExprKind::Bool(_) => Some(Type::Scalar(Scalar::Bool)),
            ExprKind::Integer(value) => {
                if let Type::Enum(path, _) = &expression.ty
                    && let Some(definition) = self.program.enumeration(path)
                    && !definition.variants.iter().any(|(_, variant)| variant == value)
                {
                    self.mistake(span, format!("`{path}` has no variant {value}"));
                }
                match scalar.filter(|scalar| scalar.is_integer()) {
                    Some(scalar) => {
                        let (least, greatest) = range(scalar);
                        if !(least..=greatest).contains(value) {
                            self.mistake(span, format!("{value} does not fit into {}", scalar.name()));
                        }
                    }
                    None => self.mistake(span, format!("an integer cannot be a {}", text(&expression.ty))),
                }
                None
            }
            ExprKind::Float(bits) => {
                let fits = match scalar {
                    Some(Scalar::F32) => u32::try_from(*bits).is_ok(),
                    Some(Scalar::F64) => true,
                    _ => false,
                };
                if !fits {
                    self.mistake(span, format!("these float bits are no {}", text(&expression.ty)));
                }
                None
            }
            ExprKind::Local(local) => {
                let ty = self.local(local.0);
                if ty.is_none() {
                    self.mistake(span, "this reads a local that does not exist here");
                }
                ty
            }
            ExprKind::ConstParameter(name) => {
                let scalar = self.const_parameter(name);
                if scalar.is_none() {
                    self.mistake(span, format!("`{name}` is no const parameter here"));
                }
                scalar.map(Type::Scalar)
            }
            ExprKind::Constant(path) => {
                let ty = self.program.constant(path).map(|(_, constant)| constant.ty.clone());
                if ty.is_none() {
                    self.mistake(span, format!("there is no constant `{path}`"));
                }
                ty
            }
            ExprKind::Unary(op, operand) => {
                self.expression(operand);
                let works = plain(&operand.ty).is_some_and(|scalar| match op {
                    UnaryOp::Negate => scalar.is_signed() || scalar.is_float(),
                    UnaryOp::Not => !scalar.is_float(),
                });
                if !works {
                    let sign = if *op == UnaryOp::Negate { "-" } else { "!" };
                    self.mistake(span, format!("`{sign}` does not work on {}", text(&operand.ty)));
                }
                Some(operand.ty.clone())
            }
            ExprKind::Binary(op, left, right) => self.binary(*op, left, right, span),
            ExprKind::Cast(operand) => {
                self.expression(operand);
                self.cast(&operand.ty, &expression.ty, span);
                None
            }
            ExprKind::Field(whole, field) => {
                self.expression(whole);
                self.field(&whole.ty, *field, span)
            }
            ExprKind::Index(whole, index) => {
                self.expression(whole);
                self.expression(index);
                self.element(&whole.ty, index, span)
            }
            ExprKind::Aggregate(parts) => {
                self.aggregate(expression, parts);
                None
            }
            ExprKind::Repeat(element) => {
                self.expression(element);
                match &expression.ty {
                    Type::Array(ty, _) => self.agree(ty, &element.ty, element.span, "the element"),
                    ty => self.mistake(span, format!("`[value; N]` is an array, not {}", text(ty))),
                }
                None
            }
            ExprKind::Select { condition, then, otherwise } => {
                self.condition(condition);
                self.expression(then);
                self.expression(otherwise);
                self.agree(&then.ty, &otherwise.ty, otherwise.span, "the other value");
                Some(then.ty.clone())
            }
            ExprKind::Call { function, const_arguments, arguments } => {
                self.call(function, const_arguments, arguments, span)
            }
            ExprKind::Asm(asm, values) => {
                values.iter().for_each(|value| self.expression(value));
                self.asm(asm, values, span)
            }
            ExprKind::Intrinsic(intrinsic, arguments) => {
                arguments.iter().for_each(|argument| self.expression(argument));
                self.intrinsic(*intrinsic, arguments, &expression.ty, span);
                None
            }
        };
        if let Some(found) = found {
            self.agree(&expression.ty, &found, span, "this expression");
        }
    }

    fn binary(&mut self, op: BinaryOp, left: &'a Expr, right: &'a Expr, span: Span) -> Option<Type> {
        self.expression(left);
        self.expression(right);
        let (Some(first), Some(second)) = (left.ty.scalar(), right.ty.scalar()) else {
            self.mistake(
                span,
                format!("operators work on scalars, not on {} and {}", text(&left.ty), text(&right.ty)),
            );
            return None;
        };
        if matches!(op, BinaryOp::ShiftLeft | BinaryOp::ShiftRight) {
            if !first.is_integer() || !second.is_integer() {
                self.mistake(span, "a shift works on integers");
            }
            return Some(left.ty.clone());
        }
        if first != second {
            let message =
                format!("both operands need one type: these are {} and {}", first.name(), second.name());
            self.mistake(span, message);
        }
        let is_enum = |operand: &Expr| matches!(operand.ty, Type::Enum(..));
        let works = match op {
            _ if is_comparison(op) => {
                if first == second {
                    self.agree(&left.ty, &right.ty, right.span, "the other operand");
                }
                return Some(Type::Scalar(Scalar::Bool));
            }
            _ if is_enum(left) || is_enum(right) => false,
            BinaryOp::Add
            | BinaryOp::Subtract
            | BinaryOp::Multiply
            | BinaryOp::Divide
            | BinaryOp::Remainder => first != Scalar::Bool,
            BinaryOp::WrappingAdd | BinaryOp::WrappingSubtract | BinaryOp::WrappingMultiply => {
                first.is_integer()
            }
            BinaryOp::And | BinaryOp::Or | BinaryOp::Xor => !first.is_float(),
            _ => true,
        };
        if !works {
            self.mistake(span, format!("this operator does not work on {}", first.name()));
        }
        Some(left.ty.clone())
    }

    fn cast(&mut self, from: &Type, to: &Type, span: Span) {
        let works = match (from.scalar(), to.scalar()) {
            _ if matches!(to, Type::Enum(..)) => from == to,
            (Some(from), Some(to)) if from == to => true,
            (Some(Scalar::Bool), Some(to)) => to.is_integer(),
            (Some(_), Some(to)) => to != Scalar::Bool,
            _ => false,
        };
        if !works {
            self.mistake(span, format!("{} cannot be cast to {}", text(from), text(to)));
        }
    }

    fn aggregate(&mut self, expression: &Expr, parts: &'a [Expr]) {
        parts.iter().for_each(|part| self.expression(part));
        let types: Vec<Type> = match &expression.ty {
            Type::Unit => Vec::new(),
            Type::Tuple(types) => types.clone(),
            Type::Struct(path) => match self.program.structure(path) {
                Ok(structure) => structure.fields.iter().map(|field| field.ty.clone()).collect(),
                Err(_) => return,
            },
            Type::Array(element, size) => {
                if let Size::Literal(length) = size
                    && *length != parts.len() as u64
                {
                    let message = format!("this array has {} elements, but {length} are needed", parts.len());
                    self.mistake(expression.span, message);
                    return;
                }
                vec![(**element).clone(); parts.len()]
            }
            ty => {
                self.mistake(expression.span, format!("{} has no parts to make it from", text(ty)));
                return;
            }
        };
        if types.len() != parts.len() {
            let message = format!("{} has {} parts, not {}", text(&expression.ty), types.len(), parts.len());
            self.mistake(expression.span, message);
            return;
        }
        for (part, ty) in parts.iter().zip(&types) {
            self.agree(ty, &part.ty, part.span, "this part");
        }
    }

    /// Inline PTX: its operands fit its instructions. Its result type, if the number of values is
    /// right.
    fn asm(&mut self, asm: &Asm, values: &[Expr], span: Span) -> Option<Type> {
        let types = values.iter().map(|value| &value.ty);
        let Some(operands) = asm.types(types.clone()) else {
            self.mistake(span, "inline PTX needs a value for each operand that takes one");
            return None;
        };
        for problem in check(asm, &operands, &text) {
            self.mistake(span, problem.message);
        }
        asm.result(types)
    }

    fn call(
        &mut self,
        path: &Path,
        const_arguments: &'a [Expr],
        arguments: &'a [Expr],
        span: Span,
    ) -> Option<Type> {
        const_arguments.iter().chain(arguments).for_each(|argument| self.expression(argument));
        let Some((_, function)) = self.program.function(path) else {
            self.mistake(span, format!("there is no function `{path}`"));
            return None;
        };
        if function.kernel.is_some() {
            self.mistake(span, format!("`{}` is a kernel: it can be launched, not called", function.name));
        }
        let counts = [
            ("const argument", function.const_parameters.len(), const_arguments.len()),
            ("argument", function.parameters, arguments.len()),
        ];
        for (what, needed, given) in counts {
            if needed != given {
                let message = format!("`{}` takes {needed} {what}(s), {given} given", function.name);
                self.mistake(span, message);
            }
        }
        for ((_, scalar), argument) in function.const_parameters.iter().zip(const_arguments) {
            self.agree(&Type::Scalar(*scalar), &argument.ty, argument.span, "this const argument");
        }
        for (local, argument) in function.locals.iter().take(function.parameters).zip(arguments) {
            if !same(&local.ty, &argument.ty) {
                let (found, needed) = (text(&argument.ty), text(&local.ty));
                let message = format!("`{}` takes {needed} for `{}`, not {found}", function.name, local.name);
                self.mistake(argument.span, message);
            }
        }
        Some(function.result.clone())
    }
}

/// The scalar type, if it is one and no enum.
fn plain(ty: &Type) -> Option<Scalar> {
    match ty {
        Type::Scalar(scalar) => Some(*scalar),
        _ => None,
    }
}

fn is_comparison(op: BinaryOp) -> bool {
    use BinaryOp::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
    matches!(op, Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual)
}
