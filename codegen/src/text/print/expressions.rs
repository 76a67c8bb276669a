//! Writes expressions; a type or position is written only where the parser would derive another
//! one.

use std::fmt::Write;

use super::Printer;
use crate::ir::{Asm, Expr, ExprKind, Intrinsic, Role, Scalar, Size, Type, UnaryOp};
use crate::text::known::{array_of, span_of, tuple_of};
use crate::text::spelling::{symbol, write_quoted};

/// What surrounds an expression.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    /// Commas or keywords: nothing that could take a part of it.
    Nothing,
    /// An operator.
    Operator,
    /// `.field` or `[index]` follows.
    Projection,
}

impl Printer<'_> {
    /// An expression where any may stand.
    pub(super) fn expression(&mut self, expression: &Expr) {
        self.within(expression, Around::Nothing);
    }

    fn within(&mut self, expression: &Expr, around: Around) {
        let states_type = self.derived(expression).as_ref() != Some(&expression.ty);
        let states_span = span_of(&expression.kind, self.statement) != expression.span;
        let loose = matches!(expression.kind, ExprKind::Unary(..) | ExprKind::Binary(..) | ExprKind::Cast(_));
        let inner = loose && (states_type || states_span || around != Around::Nothing);
        let outer = states_type && around == Around::Projection;
        if outer {
            self.word("(");
        }
        if inner {
            self.word("(");
        }
        self.kind(expression);
        if inner {
            self.word(")");
        }
        if states_type {
            self.word(": ");
            self.ty(&expression.ty);
        }
        if states_span {
            if expression.span.line == self.statement.line {
                let _ = write!(self.out, "@:{}", expression.span.column);
            } else {
                let _ = write!(self.out, "@{}:{}", expression.span.line, expression.span.column);
            }
        }
        if outer {
            self.word(")");
        }
    }

    /// The type that the parser will give to the spelling that [`Self::kind`] chooses.
    fn derived(&self, expression: &Expr) -> Option<Type> {
        let ty = &expression.ty;
        match &expression.kind {
            ExprKind::Integer(_) => ty.scalar().filter(|scalar| scalar.is_integer()).map(Type::Scalar),
            ExprKind::Float(bits) => Some(Type::Scalar(float_suffix(*bits, ty))),
            ExprKind::Cast(_) => Some(ty.clone()),
            ExprKind::Aggregate(parts) => match ty {
                Type::Struct(_) => Some(ty.clone()),
                Type::Array(..) => parts.first().map(|first| array_of(first, parts.len())),
                _ => Some(tuple_of(parts)),
            },
            ExprKind::Repeat(value) => Some(Type::Array(
                Box::new(value.ty.clone()),
                repeat_size(ty).unwrap_or(&Size::Literal(0)).clone(),
            )),
            kind => self.known.type_of(kind),
        }
    }

    fn kind(&mut self, expression: &Expr) {
        match &expression.kind {
            ExprKind::Bool(value) => self.word(if *value { "true" } else { "false" }),
            ExprKind::Integer(value) => {
                let suffix = expression.ty.scalar().filter(|scalar| scalar.is_integer());
                let _ = write!(self.out, "{value}{}", suffix.map_or("", Scalar::name));
            }
            ExprKind::Float(bits) => {
                let _ = write!(self.out, "{bits:#x}_{}", float_suffix(*bits, &expression.ty).name());
            }
            ExprKind::Local(id) => {
                let name = self.known.local(*id).map_or_else(String::new, |local| local.name.clone());
                self.local_name(*id, &name);
            }
            ExprKind::ConstParameter(name) => self.name(name),
            ExprKind::Constant(path) => self.path(path),
            ExprKind::Unary(operator, operand) => self.unary(*operator, operand),
            ExprKind::Binary(operator, left, right) => {
                self.within(left, Around::Operator);
                self.word(" ");
                self.word(symbol(*operator));
                self.word(" ");
                self.within(right, Around::Operator);
            }
            ExprKind::Cast(value) => {
                self.within(value, Around::Operator);
                self.word(" as ");
                self.ty(&expression.ty);
            }
            ExprKind::Field(value, index) => {
                self.within(value, Around::Projection);
                let _ = write!(self.out, ".{index}");
            }
            ExprKind::Index(value, index) => {
                self.within(value, Around::Projection);
                self.word("[");
                self.expression(index);
                self.word("]");
            }
            ExprKind::Aggregate(parts) => self.aggregate(parts, &expression.ty),
            ExprKind::Repeat(value) => {
                self.word("[");
                self.expression(value);
                self.word("; ");
                self.size(repeat_size(&expression.ty).unwrap_or(&Size::Literal(0)));
                self.word("]");
            }
            ExprKind::Select { condition, then, otherwise } => {
                self.word("select(");
                self.separated([condition, then, otherwise], |printer, part| printer.expression(part));
                self.word(")");
            }
            ExprKind::Call { function, const_arguments, arguments } => {
                self.path(function);
                let types = &function.arguments;
                if !const_arguments.is_empty() || !types.is_empty() {
                    self.word("::<");
                    self.separated(types, |printer, ty| {
                        printer.word("type ");
                        printer.ty(ty);
                    });
                    if !types.is_empty() && !const_arguments.is_empty() {
                        self.word(", ");
                    }
                    self.separated(const_arguments, |printer, part| printer.within(part, Around::Operator));
                    self.word(">");
                }
                self.arguments(arguments);
            }
            ExprKind::Intrinsic(intrinsic, arguments) => self.intrinsic(*intrinsic, arguments),
            ExprKind::Asm(asm, values) => self.asm(asm, values),
        }
    }

    fn unary(&mut self, operator: UnaryOp, operand: &Expr) {
        self.word(match operator {
            UnaryOp::Negate => "-",
            UnaryOp::Not => "!",
        });
        let start = self.out.len();
        self.within(operand, Around::Operator);
        // `-5` is a literal; the negation of 5 is `-(5)`.
        if self.out.as_bytes().get(start).is_some_and(u8::is_ascii_digit) {
            self.out.insert(start, '(');
            self.word(")");
        }
    }

    fn aggregate(&mut self, parts: &[Expr], ty: &Type) {
        match ty {
            Type::Struct(path) => {
                self.word("new ");
                self.struct_path(path);
                self.arguments(parts);
            }
            Type::Array(..) => {
                self.word("[");
                self.separated(parts, Self::expression);
                self.word("]");
            }
            _ => {
                self.word("(");
                self.separated(parts, Self::expression);
                self.word(if parts.len() == 1 { ",)" } else { ")" });
            }
        }
    }

    fn intrinsic(&mut self, intrinsic: Intrinsic, arguments: &[Expr]) {
        let _ = write!(self.out, "{}", intrinsic.row().name);
        if let Some((order, scope)) = intrinsic.ordering() {
            let _ = write!(self.out, "::<{order:?}, {scope:?}>");
        }
        self.arguments(arguments);
    }

    fn asm(&mut self, asm: &Asm, values: &[Expr]) {
        self.word("ptx!(");
        self.separated(&asm.text, |printer, text| write_quoted(&mut printer.out, text));
        let mut values = values.iter();
        for operand in &asm.operands {
            if !self.out.ends_with('(') {
                self.word(", ");
            }
            self.name(&operand.name);
            let word = match operand.role {
                Role::In => "in",
                Role::InOut => "inout",
                Role::Const => "const",
                Role::Order(_) => "order",
                Role::Scope(_) => "scope",
                Role::Type(notation, _) => notation.word(),
                Role::Out(_) => "out",
                Role::Scratch(_) => "scratch",
            };
            let _ = write!(self.out, " = {word}(");
            match &operand.role {
                Role::Order(orders) => orders.iter().for_each(|order| {
                    let _ = write!(self.out, "{order:?}, ");
                }),
                Role::Scope(scopes) => scopes.iter().for_each(|scope| {
                    let _ = write!(self.out, "{scope:?}, ");
                }),
                _ => {}
            }
            match operand.role.ty() {
                Some(ty) => self.ty(ty),
                None => values.next().into_iter().for_each(|value| self.expression(value)),
            }
            self.word(")");
        }
        self.word(")");
    }

    fn arguments(&mut self, arguments: &[Expr]) {
        self.word("(");
        self.separated(arguments, Self::expression);
        self.word(")");
    }
}

fn float_suffix(bits: u64, ty: &Type) -> Scalar {
    let fits = u32::try_from(bits).is_ok();
    if fits && ty.scalar() == Some(Scalar::F32) { Scalar::F32 } else { Scalar::F64 }
}

fn repeat_size(ty: &Type) -> Option<&Size> {
    match ty {
        Type::Array(_, size) => Some(size),
        _ => None,
    }
}
