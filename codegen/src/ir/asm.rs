//! Inline PTX: instructions whose operands are values of the language.

use super::{Order, Scalar, Scope, Type};

/// A block of PTX instructions that run one after the other, with named operands.
///
/// An expression that holds it carries one more list: the values of the operands that have one
/// ([`Role::takes_value`]), in order. The result is the value of the only operand that gives one
/// ([`Role::gives_value`]), a tuple of several, or `()`. The instructions are checked against the
/// instruction table; what they do to memory and who must be there follow from it. All of them
/// stay, in order, except those that only compute something that nobody reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Asm {
    /// PTX text, `{name}` where operands stand; each entry holds one instruction or several, ended
    /// by `;`.
    pub text: Vec<String>,
    /// The operands in the order in which they are written; names are unique.
    pub operands: Vec<AsmOperand>,
}

/// What stands for `{name}`.
#[derive(Clone, Debug, PartialEq)]
pub struct AsmOperand {
    /// The name between the braces.
    pub name: String,
    /// What it is to the instructions.
    pub role: Role,
}

/// What an operand is to the instructions. Types are scalars and pointers.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// A value that is read.
    In,
    /// A value that is read and written: what it is after the instructions is a result.
    InOut,
    /// A constant integer that is written into the text.
    Const,
    /// The number of one of these orders (its place in [`Order::ALL`]), whose modifier stands in
    /// the text: `.{name}`. A `u32` that is constant when the kernel is specialised.
    Order(Vec<Order>),
    /// As `Order`, for scopes.
    Scope(Vec<Scope>),
    /// The name in PTX of a type, which is written into the text: `.{name}` stands for `.s32`. A
    /// struct is called as it is.
    Type(Notation, Type),
    /// A result of that type.
    Out(Type),
    /// A register for the instructions alone.
    Scratch(Type),
}

/// What of a number's type an instruction wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// The type itself: `.f32`, `.u32`, `.s32`.
    Number,
    /// The type in which PTX adds in memory: `.f32`, `.u32`, `.s32`, but `.u64` of `i64`, whose
    /// bits are the same.
    Sum,
    /// Its bits: `.b32`.
    Bits,
}

impl Notation {
    /// The word for it in inline PTX.
    pub fn word(self) -> &'static str {
        match self {
            Notation::Number => "type",
            Notation::Sum => "sum",
            Notation::Bits => "bits",
        }
    }

    /// What that word stands for.
    pub fn named(word: &str) -> Option<Notation> {
        [Notation::Number, Notation::Sum, Notation::Bits].into_iter().find(|known| known.word() == word)
    }
}

impl Role {
    /// The type that it states, if it states one and no value.
    pub fn ty(&self) -> Option<&Type> {
        match self {
            Role::Type(_, ty) | Role::Out(ty) | Role::Scratch(ty) => Some(ty),
            _ => None,
        }
    }

    /// As [`ty`](Self::ty), to change it.
    pub fn ty_mut(&mut self) -> Option<&mut Type> {
        match self {
            Role::Type(_, ty) | Role::Out(ty) | Role::Scratch(ty) => Some(ty),
            _ => None,
        }
    }

    /// What stands in the text for a type that is known.
    fn written(&self) -> Option<String> {
        match self {
            // A struct that stands for a type of PTX has its name.
            Role::Type(Notation::Number, Type::Struct(path)) => Some(path.item.clone()),
            Role::Type(notation, Type::Scalar(scalar)) if *scalar != Scalar::Bool => {
                let kind = match (notation, scalar.is_float(), scalar.is_signed()) {
                    (Notation::Bits, ..) => 'b',
                    (_, true, _) => 'f',
                    (Notation::Number, _, true) => 's',
                    (Notation::Sum, _, true) if scalar.bytes() < 8 => 's',
                    _ => 'u',
                };
                Some(format!("{kind}{}", 8 * scalar.bytes()))
            }
            _ => None,
        }
    }

    /// Whether an expression states its value.
    pub fn takes_value(&self) -> bool {
        self.ty().is_none()
    }

    /// What may stand in the text, with the code of each; `None` if it is no modifier.
    pub fn modifiers(&self) -> Option<Vec<(i128, &'static str)>> {
        match self {
            Role::Order(orders) => {
                Some(orders.iter().map(|order| (*order as i128, order.modifier())).collect())
            }
            Role::Scope(scopes) => {
                Some(scopes.iter().map(|scope| (*scope as i128, scope.modifier())).collect())
            }
            _ => None,
        }
    }

    /// Whether it is part of the result.
    pub fn gives_value(&self) -> bool {
        matches!(self, Role::InOut | Role::Out(_))
    }
}

impl Asm {
    /// The same with the names of types, as far as they are known, in the text.
    pub fn with_types(&self) -> Asm {
        let mut asm = self.clone();
        asm.operands.retain(|operand| {
            let Some(written) = operand.role.written() else { return true };
            let hole = format!("{{{}}}", operand.name);
            asm.text.iter_mut().for_each(|text| *text = text.replace(&hole, &written));
            false
        });
        asm
    }

    /// The type of every operand; `None` if the number of values is wrong.
    pub fn types<'a>(&'a self, values: impl IntoIterator<Item = &'a Type>) -> Option<Vec<&'a Type>> {
        let mut values = values.into_iter();
        let mut types = Vec::with_capacity(self.operands.len());
        for operand in &self.operands {
            types.push(match operand.role.ty() {
                Some(ty) => ty,
                None => values.next()?,
            });
        }
        values.next().is_none().then_some(types)
    }

    /// The type of the result; `None` if the number of values is wrong.
    pub fn result<'a>(&'a self, values: impl IntoIterator<Item = &'a Type>) -> Option<Type> {
        let types = self.types(values)?;
        let given = self.operands.iter().zip(types).filter(|(operand, _)| operand.role.gives_value());
        let mut given: Vec<Type> = given.map(|(_, ty)| ty.clone()).collect();
        Some(match given.len() {
            0 => Type::Unit,
            1 => given.swap_remove(0),
            _ => Type::Tuple(given),
        })
    }
}
