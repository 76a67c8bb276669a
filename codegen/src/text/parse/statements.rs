//! Reads blocks and statements.

use super::{Parsed, Parser};
use crate::ir::{Block, Place, Projection, Statement, StatementKind, WarpRole};
use crate::text::lexer::Token;

impl Parser<'_> {
    /// `{ statements }`; a declaration without a value is none.
    pub(super) fn block(&mut self) -> Parsed<Block> {
        self.expect("{")?;
        let mut statements = Vec::new();
        while !self.is("}") {
            let span = self.position()?;
            self.descend()?;
            if let Some(kind) = self.statement()? {
                statements.push(Statement { kind, span });
            }
            self.ascend();
        }
        self.advance()?;
        Ok(statements)
    }

    fn statement(&mut self) -> Parsed<Option<StatementKind>> {
        match self.token {
            Token::Local(..) => self.assignment(),
            Token::Word("let") => return self.let_statement(),
            Token::Word("if") => self.if_statement(),
            Token::Word("loop") => self.loop_statement(),
            Token::Word("for") => self.for_statement(false),
            Token::Symbol("#") => self.unrolled(),
            Token::Word("roles") => self.roles(),
            Token::Word("break") => self.jump().map(StatementKind::Break),
            Token::Word("continue") => self.jump().map(StatementKind::Continue),
            Token::Word("return") => self.return_statement(),
            Token::Word("assert") => self.assert_statement(),
            Token::Word("_") => self.dropped(),
            Token::End => self.expected("a statement or `}`"),
            _ => self.evaluate(),
        }
        .map(Some)
    }

    fn loop_statement(&mut self) -> Parsed<StatementKind> {
        self.advance()?;
        self.block().map(|body| StatementKind::Loop { body })
    }

    /// `roles { role "name" start..end, registers { .. } .. }`
    fn roles(&mut self) -> Parsed<StatementKind> {
        self.advance()?;
        self.expect("{")?;
        let mut roles = Vec::new();
        while !self.accept("}")? {
            self.expect_word("role")?;
            let name = self.string("the role's name in quotes")?;
            let start = self.expression()?;
            self.expect("..")?;
            let end = self.expression()?;
            let registers = if self.accept(",")? { Some(self.expression()?) } else { None };
            self.descend()?;
            let body = self.block()?;
            self.ascend();
            roles.push(WarpRole { name, start, end, registers, body });
        }
        Ok(StatementKind::Roles(roles))
    }

    /// `_ = value;`
    fn dropped(&mut self) -> Parsed<StatementKind> {
        self.advance()?;
        self.expect("=")?;
        self.evaluate()
    }

    fn evaluate(&mut self) -> Parsed<StatementKind> {
        let value = self.expression()?;
        self.expect(";")?;
        Ok(StatementKind::Evaluate(value))
    }

    /// `let x#3: T;`, `let x#3: T = value;` or `let x#3 = value;`, which takes the type of the
    /// value.
    fn let_statement(&mut self) -> Parsed<Option<StatementKind>> {
        self.advance()?;
        let (id, name) = self.new_local()?;
        let ty = if self.accept(":")? { Some(self.ty()?) } else { None };
        if let Some(ty) = &ty
            && self.is(";")
        {
            self.declare(id, name, ty.clone())?;
            self.advance()?;
            return Ok(None);
        }
        self.expect("=")?;
        let value = self.expression()?;
        self.declare(id, name, ty.unwrap_or_else(|| value.ty.clone()))?;
        self.expect(";")?;
        Ok(Some(StatementKind::Assign(Place { local: id, projections: Vec::new() }, value)))
    }

    fn assignment(&mut self) -> Parsed<StatementKind> {
        let local = self.local()?;
        let mut projections = Vec::new();
        loop {
            if let Token::Field(index) = self.token {
                self.advance()?;
                projections.push(Projection::Field(index));
            } else if self.accept("[")? {
                projections.push(Projection::Index(self.expression()?));
                self.expect("]")?;
            } else {
                break;
            }
        }
        self.expect("=")?;
        let value = self.expression()?;
        self.expect(";")?;
        Ok(StatementKind::Assign(Place { local, projections }, value))
    }

    fn if_statement(&mut self) -> Parsed<StatementKind> {
        self.advance()?;
        let condition = self.expression()?;
        let then = self.block()?;
        let mut otherwise = Vec::new();
        if self.accept_word("else")? {
            if self.is("{") {
                otherwise = self.block()?;
            } else {
                self.descend()?;
                otherwise.push(self.else_if()?);
                self.ascend();
            }
        }
        Ok(StatementKind::If { condition, then, otherwise })
    }

    fn else_if(&mut self) -> Parsed<Statement> {
        let span = self.position()?;
        if !self.is_word("if") {
            return self.expected("`{` or `if` after `else`");
        }
        Ok(Statement { kind: self.if_statement()?, span })
    }

    /// `#[unroll] for ..`
    fn unrolled(&mut self) -> Parsed<StatementKind> {
        self.advance()?;
        self.expect("[")?;
        self.expect_word("unroll")?;
        self.expect("]")?;
        if !self.is_word("for") {
            return self.expected("`for` after `#[unroll]`");
        }
        self.for_statement(true)
    }

    fn for_statement(&mut self, unroll: bool) -> Parsed<StatementKind> {
        self.advance()?;
        let Token::Local(_, index) = self.token else {
            return self.expected("a loop variable, `name#index`");
        };
        let local = if self.known.local(crate::ir::LocalId(index)).is_some() {
            self.local()?
        } else {
            let (id, name) = self.new_local()?;
            if self.accept(":")? {
                let ty = self.ty()?;
                self.declare(id, name, ty)?;
            } else if !name.is_empty() {
                return self.expected("`:` and the type of the loop variable");
            }
            id
        };
        self.expect_word("in")?;
        let start = self.expression()?;
        let inclusive = self.accept("..=")?;
        if !inclusive && !self.accept("..")? {
            return self.expected("`..` or `..=`");
        }
        let end = self.expression()?;
        let body = self.block()?;
        Ok(StatementKind::For { local, start, end, inclusive, unroll, body })
    }

    /// After `break` or `continue`: how many loops further out, 0 when not stated.
    fn jump(&mut self) -> Parsed<u32> {
        self.advance()?;
        let depth = if self.is(";") { 0 } else { self.integer("`;` or a number of loops to leave")? };
        self.expect(";")?;
        Ok(depth)
    }

    fn return_statement(&mut self) -> Parsed<StatementKind> {
        self.advance()?;
        let value = if self.is(";") { None } else { Some(self.expression()?) };
        self.expect(";")?;
        Ok(StatementKind::Return(value))
    }

    /// `assert!(condition, "message", arguments)`
    fn assert_statement(&mut self) -> Parsed<StatementKind> {
        self.advance()?;
        self.expect("!")?;
        self.expect("(")?;
        let condition = self.expression()?;
        self.expect(",")?;
        let message = self.string("a message in quotes")?;
        let arguments = if self.accept(",")? {
            self.separated(")", Self::expression)?
        } else {
            self.expect(")")?;
            Vec::new()
        };
        self.expect(";")?;
        Ok(StatementKind::Assert { condition, message, arguments })
    }
}
