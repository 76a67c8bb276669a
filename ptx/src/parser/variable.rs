//! Variable and parameter declarations.

use super::{Parsed, Parser};
use crate::lexer::TokenKind;
use crate::model::{Linkage, Operand, PointerAttribute, Variable};
use crate::modifier::Space;
use crate::types::Type;

impl Parser<'_> {
    /// `.shared .align 16 .b8 a[64], b;` as one variable per name.
    pub(super) fn variables(&mut self, linkage: Option<Linkage>) -> Parsed<Vec<Variable>> {
        let template = self.declaration_type(linkage)?;
        self.list(';', |parser| {
            let mut variable = template.clone();
            parser.declared_name(&mut variable)?;
            if parser.accept('=') {
                variable.initializer = parser.initializer()?;
            }
            Ok(variable)
        })
    }

    /// One parameter of a function.
    pub(super) fn parameter(&mut self) -> Parsed<Variable> {
        if self.peek() == Some(TokenKind::Directive("reg")) {
            return self.unsupported("a `.reg` parameter");
        }
        let mut variable = self.declaration_type(None)?;
        self.declared_name(&mut variable)?;
        Ok(variable)
    }

    /// State space, alignment, type and pointer attribute, in any order.
    fn declaration_type(&mut self, linkage: Option<Linkage>) -> Parsed<Variable> {
        let (mut space, mut ty, mut align, mut vector) = (None, None, None, 1);
        let mut pointer: Option<PointerAttribute> = None;
        while let Some(TokenKind::Directive(name)) = self.peek() {
            self.next();
            match (name, pointer.as_mut()) {
                ("attribute", None) => self.skip_attributes()?,
                ("ptr", None) => pointer = Some(PointerAttribute { space: None, align: None }),
                ("align", Some(pointer)) => pointer.align = Some(self.unsigned("an alignment in bytes")?),
                ("align", None) => align = Some(self.unsigned("an alignment in bytes")?),
                ("v2", _) => vector = 2,
                ("v4", _) => vector = 4,
                _ => match (
                    Space::from_modifier(name).map(Space::declared),
                    Type::fundamental(name),
                    pointer.as_mut(),
                ) {
                    (Some(pointee), _, Some(pointer)) if pointer.space.is_none() => {
                        pointer.space = Some(pointee)
                    }
                    (Some(declared), _, None) if space.is_none() => space = Some(declared),
                    (_, Some(declared), _) if ty.is_none() => ty = Some(declared),
                    _ => return self.unsupported(format!("`.{name}` in a declaration")),
                },
            }
        }
        let Some(space) = space else { return self.expected("a state space such as `.shared`") };
        let Some(ty) = ty else { return self.expected("a type such as `.b32`") };
        if pointer.is_some() && (align.is_some() || vector != 1) {
            return self.unsupported("a `.ptr` parameter with its own alignment or vector type");
        }
        let (name, dimensions, initializer) = (String::new(), Vec::new(), Vec::new());
        Ok(Variable { linkage, space, align, ty, vector, pointer, name, dimensions, initializer })
    }

    /// After `.attribute`: `(.managed, .unified(1, 2))` says how a driver shares what is declared,
    /// and nothing about it.
    pub(super) fn skip_attributes(&mut self) -> Parsed<()> {
        self.expect('(')?;
        self.list(')', |parser| match parser.peek() {
            Some(TokenKind::Directive("managed")) => {
                parser.next();
                Ok(())
            }
            Some(TokenKind::Directive("unified")) => {
                parser.next();
                parser.expect('(')?;
                parser.list(')', |parser| parser.unsigned::<u64>("half of an identifier")).map(|_| ())
            }
            _ => parser.expected("`.managed` or `.unified`"),
        })
        .map(|_| ())
    }

    fn declared_name(&mut self, variable: &mut Variable) -> Parsed<()> {
        variable.name = self.word("a variable name")?.to_owned();
        while self.accept('[') {
            let dimension = if self.accept(']') {
                0
            } else {
                let dimension = self.unsigned("an array dimension")?;
                self.expect(']')?;
                dimension
            };
            variable.dimensions.push(dimension);
        }
        Ok(())
    }

    fn initializer(&mut self) -> Parsed<Vec<Operand>> {
        match self.operand()? {
            Operand::Vector(values) => Ok(values),
            value => Ok(vec![value]),
        }
    }
}
