//! Reads inline PTX: `ptx!("mov.b32 {d}, {a};", d = out(u32), a = in(x#0))`.

use super::expressions::Node;
use super::{Parsed, Parser};
use crate::ir::intrinsic::parameters;
use crate::ir::{Asm, AsmOperand, ExprKind, Notation, Role};
use crate::text::lexer::Token;

impl Parser<'_> {
    /// At the `!` after `ptx`.
    pub(super) fn asm(&mut self) -> Parsed<Node> {
        self.expect("!")?;
        self.expect("(")?;
        let mut asm = Asm { text: Vec::new(), operands: Vec::new() };
        let (mut values, mut height) = (Vec::new(), 0);
        let mut instructions = true;
        while !self.is(")") {
            let quoted = match self.token {
                Token::Quoted(_) => Some(self.string("instructions between quotes")?),
                _ => None,
            };
            // An odd name of an operand is quoted too.
            instructions &= quoted.is_some() && !self.is("=");
            if let (true, Some(text)) = (instructions, &quoted) {
                asm.text.push(text.clone());
            } else {
                let name = match quoted {
                    Some(name) => self.checked(name)?,
                    None => self.name("the name of an operand")?,
                };
                self.expect("=")?;
                let (role, value) = self.role()?;
                if let Some((value, value_height)) = value {
                    values.push(value);
                    height = height.max(value_height);
                }
                asm.operands.push(AsmOperand { name, role });
            }
            if !self.is(")") && !self.accept(",")? {
                return self.expected("`,` or `)`");
            }
        }
        self.advance()?;
        if let Some(ty) = asm.result(values.iter().map(|value| &value.ty)) {
            self.limited(ty)?;
        }
        self.node(ExprKind::Asm(asm, values), height + 1)
    }

    fn role(&mut self) -> Parsed<(Role, Option<super::expressions::Tree>)> {
        let Token::Word(
            word @ ("in" | "inout" | "const" | "order" | "scope" | "type" | "sum" | "bits" | "out"
            | "scratch"),
        ) = self.token
        else {
            return self.expected(
                "`in(..)`, `inout(..)`, `const(..)`, `order(..)`, `scope(..)`, `type(..)`, `sum(..)`, `bits(..)`, `out(..)` or `scratch(..)`",
            );
        };
        self.advance()?;
        self.expect("(")?;
        let read = match word {
            "in" => (Role::In, Some(self.tree()?)),
            "inout" => (Role::InOut, Some(self.tree()?)),
            "const" => (Role::Const, Some(self.tree()?)),
            "order" => (Role::Order(self.choices(parameters::order)?), Some(self.tree()?)),
            "scope" => (Role::Scope(self.choices(parameters::scope)?), Some(self.tree()?)),
            "out" => (Role::Out(self.ty()?), None),
            "scratch" => (Role::Scratch(self.ty()?), None),
            _ => match Notation::named(word) {
                Some(notation) => (Role::Type(notation, self.ty()?), None),
                None => return self.expected("an operand"),
            },
        };
        self.expect(")")?;
        Ok(read)
    }

    /// Names of orders or scopes, each with a comma behind it.
    fn choices<T>(&mut self, named: fn(&str) -> Option<T>) -> Parsed<Vec<T>> {
        let mut choices = Vec::new();
        while let Token::Word(word) = self.token
            && let Some(choice) = named(word)
        {
            choices.push(choice);
            self.advance()?;
            self.expect(",")?;
        }
        Ok(choices)
    }
}
