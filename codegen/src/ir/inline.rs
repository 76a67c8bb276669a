//! Inline PTX: instructions whose operands are values of the language.

use super::{Order, Scope, Type};

/// A block of PTX instructions that run one after the other, with named operands.
///
/// An expression that holds it carries one more list: the values of the operands that have one ([`Role::takes_value`]), in
/// order. The result is the value of the only operand that gives one ([`Role::gives_value`]), a tuple of several, or `()`.
/// The instructions are checked against the instruction table; what they do to memory and who must be there follow from
/// it. All of them stay, in order, except those that only compute something that nobody reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Inline {
    /// PTX text, `{name}` where operands stand; each entry holds one instruction or several, ended by `;`.
    pub text: Vec<String>,
    /// The operands in the order in which they are written; names are unique.
    pub operands: Vec<InlineOperand>,
}

/// What stands for `{name}`.
#[derive(Clone, Debug, PartialEq)]
pub struct InlineOperand {
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
    /// The number of one of these orders (its place in [`Order::ALL`]), whose modifier stands in the text: `.{name}`. A `u32` that is constant
    /// when the kernel is specialised.
    Order(Vec<Order>),
    /// As `Order`, for scopes.
    Scope(Vec<Scope>),
    /// A result of that type.
    Out(Type),
    /// A register for the instructions alone.
    Scratch(Type),
}

impl Role {
    /// Whether an expression states its value.
    pub fn takes_value(&self) -> bool {
        !matches!(self, Role::Out(_) | Role::Scratch(_))
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

impl Inline {
    /// The type of every operand; `None` if the number of values is wrong.
    pub fn types<'a>(&'a self, values: impl IntoIterator<Item = &'a Type>) -> Option<Vec<&'a Type>> {
        let mut values = values.into_iter();
        let mut types = Vec::with_capacity(self.operands.len());
        for operand in &self.operands {
            types.push(match &operand.role {
                Role::Out(ty) | Role::Scratch(ty) => ty,
                _ => values.next()?,
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
