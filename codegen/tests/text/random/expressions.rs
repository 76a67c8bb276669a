//! Random expressions of a given type.

use crossdock_codegen::ir::{BinaryOp, Expr, ExprKind, Local, LocalId, Scalar, Size, Type, UnaryOp};

use super::choices::Choices;
use super::literals::literal;
use super::types::{self, Items};

/// The function whose body is being made.
pub(super) struct Function<'c> {
    pub(super) choices: &'c mut Choices,
    pub(super) items: Items,
    pub(super) is_const: bool,
    pub(super) const_parameters: Vec<(String, Scalar)>,
    pub(super) locals: Vec<Local>,
    /// Whether each local has been assigned on every way here.
    pub(super) assigned: Vec<bool>,
    /// Loop variables, which may not be assigned.
    pub(super) fixed: Vec<LocalId>,
    pub(super) loops: u32,
    pub(super) odd_names: bool,
}

impl Function<'_> {
    /// An expression with a random position.
    pub(super) fn expr(&mut self, kind: ExprKind, ty: Type) -> Expr {
        Expr { kind, ty, span: types::span(self.choices) }
    }

    pub(super) fn u32_value(&mut self, depth: u32) -> Box<Expr> {
        Box::new(self.value(&Type::Scalar(Scalar::U32), depth))
    }

    /// An expression of a type without pointers that depends on constants only.
    pub(super) fn constant(&mut self, ty: &Type, depth: u32) -> Expr {
        let assigned = vec![false; self.assigned.len()];
        let assigned = std::mem::replace(&mut self.assigned, assigned);
        let was_const = std::mem::replace(&mut self.is_const, true);
        let value = self.value(ty, depth);
        self.is_const = was_const;
        self.assigned = assigned;
        value
    }

    /// An expression of a type without pointers.
    pub(super) fn value(&mut self, ty: &Type, depth: u32) -> Expr {
        let kind = if depth == 0 || self.choices.are_over() {
            self.leaf(ty)
        } else {
            match self.choices.below(10) {
                0 | 1 => self.leaf(ty),
                2 => self.projection(ty, depth - 1),
                3 => self.select(ty, depth - 1),
                4 => self.call(ty, depth - 1).unwrap_or_else(|| self.leaf(ty)),
                5 if !self.is_const && self.choices.once_in(3) => {
                    self.asm(ty, depth - 1).unwrap_or_else(|| self.leaf(ty))
                }
                5 | 6 if !self.is_const => self.intrinsic(ty, depth - 1).unwrap_or_else(|| self.leaf(ty)),
                _ => match ty.scalar() {
                    Some(_) if matches!(ty, Type::Enum(..)) => self.leaf(ty),
                    Some(scalar) => self.operation(scalar, depth - 1),
                    None => self.parts(ty, depth - 1),
                },
            }
        };
        self.expr(kind, ty.clone())
    }

    /// A local, const generic or constant of that type, or a literal.
    fn leaf(&mut self, ty: &Type) -> ExprKind {
        let mut leaves: Vec<ExprKind> = Vec::new();
        for (index, local) in (0u32..).zip(&self.locals) {
            if self.assigned[index as usize] && local.ty == *ty {
                leaves.push(ExprKind::Local(LocalId(index)));
            }
        }
        for (name, scalar) in &self.const_parameters {
            if *ty == Type::Scalar(*scalar) {
                leaves.push(ExprKind::ConstParameter(name.clone()));
            }
        }
        for (path, constant) in &self.items.constants {
            if constant == ty {
                leaves.push(ExprKind::Constant(path.clone()));
            }
        }
        match (self.choices.maybe_one(&leaves), ty.scalar()) {
            (Some(leaf), None) => leaf,
            (Some(leaf), Some(_)) if self.choices.once_in(2) => leaf,
            (_, Some(scalar)) => match ty {
                Type::Enum(path, _) => {
                    let definition = self.items.enums.iter().find(|(known, ..)| known == path).cloned();
                    let values = definition.map(|(.., values)| values).unwrap_or_default();
                    ExprKind::Integer(self.choices.maybe_one(&values).unwrap_or_default())
                }
                _ => literal(self.choices, scalar),
            },
            (None, None) => self.parts(ty, 0),
        }
    }

    fn parts(&mut self, ty: &Type, depth: u32) -> ExprKind {
        if let Type::Array(element, size) = ty
            && (!matches!(size, Size::Literal(_)) || self.choices.once_in(2))
        {
            return ExprKind::Repeat(Box::new(self.value(element, depth)));
        }
        let parts = self.items.parts(ty).unwrap_or_default();
        ExprKind::Aggregate(parts.iter().map(|part| self.value(part, depth)).collect())
    }

    /// A part of a larger value.
    fn projection(&mut self, ty: &Type, depth: u32) -> ExprKind {
        let mut wholes: Vec<(Type, u32)> = Vec::new();
        let locals: Vec<Type> = self.locals.iter().map(|local| local.ty.clone()).collect();
        let structs = self.items.structs.iter().map(|(path, _)| Type::Struct(path.clone()));
        let array = Type::Array(Box::new(ty.clone()), Size::Literal(2));
        let tuple = Type::Tuple(vec![Type::Scalar(Scalar::Bool), ty.clone()]);
        for whole in locals.into_iter().chain(structs).chain([array, tuple]) {
            let parts = self.items.parts(&whole).unwrap_or_default();
            if let Some(index) = parts.iter().position(|part| part == ty) {
                wholes.push((whole, index as u32));
            }
        }
        let (whole, index) = self.choices.one(&wholes);
        let value = Box::new(self.value(&whole, depth));
        if matches!(whole, Type::Array(..)) {
            let kind = ExprKind::Integer(index.into());
            ExprKind::Index(value, Box::new(self.expr(kind, Type::Scalar(Scalar::U64))))
        } else {
            ExprKind::Field(value, index)
        }
    }

    fn select(&mut self, ty: &Type, depth: u32) -> ExprKind {
        let condition = Box::new(self.value(&Type::Scalar(Scalar::Bool), depth));
        let then = Box::new(self.value(ty, depth));
        let otherwise = Box::new(self.value(ty, depth));
        ExprKind::Select { condition, then, otherwise }
    }

    fn operation(&mut self, scalar: Scalar, depth: u32) -> ExprKind {
        use BinaryOp as B;
        let ty = Type::Scalar(scalar);
        if self.choices.once_in(4) {
            return ExprKind::Unary(unary(scalar), Box::new(self.value(&ty, depth)));
        }
        if scalar != Scalar::Bool && self.choices.once_in(4) {
            let from =
                if scalar.is_integer() { types::scalar(self.choices) } else { types::number(self.choices) };
            return ExprKind::Cast(Box::new(self.value(&Type::Scalar(from), depth)));
        }
        const COMPARISONS: [B; 6] =
            [B::Equal, B::NotEqual, B::Less, B::LessEqual, B::Greater, B::GreaterEqual];
        const BITS: [B; 3] = [B::And, B::Or, B::Xor];
        const WRAPPING: [B; 3] = [B::WrappingAdd, B::WrappingSubtract, B::WrappingMultiply];
        const ARITHMETIC: [B; 5] = [B::Add, B::Subtract, B::Multiply, B::Divide, B::Remainder];
        let (operator, operands) = match scalar {
            Scalar::Bool if self.choices.once_in(2) => (self.choices.one(&BITS), ty),
            Scalar::Bool => {
                let compared = types::number(self.choices);
                (self.choices.one(&COMPARISONS), Type::Scalar(compared))
            }
            _ if scalar.is_integer() && self.choices.once_in(3) => {
                let operator = self.choices.one(&[B::ShiftLeft, B::ShiftRight]);
                let left = Box::new(self.value(&ty, depth));
                let amount = Type::Scalar(types::integer(self.choices));
                return ExprKind::Binary(operator, left, Box::new(self.value(&amount, depth)));
            }
            _ if scalar.is_integer() && self.choices.once_in(2) => (self.choices.one(&BITS), ty),
            _ if scalar.is_integer() && self.choices.once_in(3) => (self.choices.one(&WRAPPING), ty),
            _ => (self.choices.one(&ARITHMETIC), ty),
        };
        let left = Box::new(self.value(&operands, depth));
        ExprKind::Binary(operator, left, Box::new(self.value(&operands, depth)))
    }

    /// A call of a function with that result.
    pub(super) fn call(&mut self, ty: &Type, depth: u32) -> Option<ExprKind> {
        let callable: Vec<_> = self
            .items
            .functions
            .iter()
            .filter(|function| function.result == *ty && (function.is_const || !self.is_const))
            .cloned()
            .collect();
        let function = self.choices.maybe_one(&callable)?;
        let mut arguments = Vec::new();
        for parameter in &function.parameters {
            arguments.push(match parameter {
                Type::Pointer(space, pointee) => self.pointer(*space, pointee, depth)?,
                Type::Slice(pointer) => {
                    let Type::Pointer(space, pointee) = &**pointer else { return None };
                    let length = self.value(&Type::Scalar(Scalar::U64), depth);
                    let parts = vec![self.pointer(*space, pointee, depth)?, length];
                    let kind = ExprKind::Intrinsic(crossdock_codegen::ir::Intrinsic::Slice, parts);
                    self.expr(kind, parameter.clone())
                }
                Type::Peers(_) => {
                    let local = self.local_of(|ty| ty == parameter)?;
                    self.expr(ExprKind::Local(local), parameter.clone())
                }
                value => self.value(value, depth),
            });
        }
        let const_arguments =
            function.const_parameters.iter().map(|scalar| self.constant(&Type::Scalar(*scalar), 2)).collect();
        Some(ExprKind::Call { function: function.path, const_arguments, arguments })
    }

    /// An assigned local whose type fits.
    pub(super) fn local_of(&mut self, fits: impl Fn(&Type) -> bool) -> Option<LocalId> {
        let fitting: Vec<_> = (0u32..)
            .zip(&self.locals)
            .filter(|(index, local)| self.assigned[*index as usize] && fits(&local.ty))
            .map(|(index, _)| LocalId(index))
            .collect();
        self.choices.maybe_one(&fitting)
    }
}

fn unary(scalar: Scalar) -> UnaryOp {
    if scalar.is_signed() || scalar.is_float() { UnaryOp::Negate } else { UnaryOp::Not }
}
