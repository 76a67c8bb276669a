//! Reads expressions: operators, casts, projections, and the types and positions that are stated
//! after them.

use super::{NESTING, Parsed, Parser};
use crate::ir::{Expr, ExprKind, Span, Type, UnaryOp};
use crate::text::known::span_of;
use crate::text::lexer::Token;
use crate::text::spelling::operator;

/// An expression whose type may still be missing, and the height of its tree.
pub(super) struct Node {
    pub(super) kind: ExprKind,
    pub(super) ty: Option<Type>,
    pub(super) span: Span,
    pub(super) height: u32,
}

/// A finished expression and the height of its tree.
pub(super) type Tree = (Expr, u32);

impl Parser<'_> {
    /// An expression.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.tree().map(|(expression, _)| expression)
    }

    /// An operand, or two with one operator between them.
    pub(super) fn tree(&mut self) -> Parsed<Tree> {
        let left = self.operand()?;
        match self.token {
            Token::Symbol(symbol) if operator(symbol).is_some() => self.binary(left),
            _ => Ok(left),
        }
    }

    /// The rest of an operation after its left operand.
    fn binary(&mut self, left: Tree) -> Parsed<Tree> {
        let Token::Symbol(symbol) = self.advance()? else { return Ok(left) };
        let right = self.operand()?;
        if let Token::Symbol(next) = self.token
            && operator(next).is_some()
        {
            return self
                .fail(format!("expected parentheses around one of the operations `{symbol}` and `{next}`"));
        }
        let Some(binary) = operator(symbol) else { return Ok(left) };
        let height = left.1.max(right.1) + 1;
        self.finish(ExprKind::Binary(binary, Box::new(left.0), Box::new(right.0)), height)
    }

    /// Any number of `-` and `!`, a value, any number of `as T`.
    fn operand(&mut self) -> Parsed<Tree> {
        self.descend()?;
        let value = match self.token {
            Token::Symbol("-" | "!") => self.unary(),
            _ => self.postfix(false),
        }?;
        self.ascend();
        if self.is_word("as") { self.casts(value) } else { Ok(value) }
    }

    fn casts(&mut self, mut value: Tree) -> Parsed<Tree> {
        while self.accept_word("as")? {
            let ty = self.ty()?;
            let node = self.typed(ExprKind::Cast(Box::new(value.0)), ty, value.1 + 1)?;
            value = self.complete(node)?;
        }
        Ok(value)
    }

    /// A `-` right before a number belongs to the number.
    fn unary(&mut self) -> Parsed<Tree> {
        let mut operators = Vec::new();
        loop {
            operators.push(match self.token {
                Token::Symbol("-") => UnaryOp::Negate,
                Token::Symbol("!") => UnaryOp::Not,
                _ => break,
            });
            self.advance()?;
        }
        let negative = matches!(self.token, Token::Number(_)) && operators.last() == Some(&UnaryOp::Negate);
        if negative {
            operators.pop();
        }
        let mut value = self.postfix(negative)?;
        for operator in operators.into_iter().rev() {
            value = self.finish(ExprKind::Unary(operator, Box::new(value.0)), value.1 + 1)?;
        }
        Ok(value)
    }

    /// An atom, then any of `.field`, `[index]`, `: Type` and `@line:column`. `negative` says that
    /// a `-` stood before the number.
    fn postfix(&mut self, negative: bool) -> Parsed<Tree> {
        let mut node = self.atom(negative)?;
        loop {
            node = match self.token {
                Token::Field(index) => self.field(node, index),
                Token::Symbol("[") => self.index(node),
                Token::Symbol(":") => self.stated_type(node),
                Token::Span(line, column) => self.stated_span(node, line, column),
                _ => return self.complete(node),
            }?;
        }
    }

    fn field(&mut self, value: Node, index: u32) -> Parsed<Node> {
        self.advance()?;
        let (value, height) = self.complete(value)?;
        self.node(ExprKind::Field(Box::new(value), index), height + 1)
    }

    fn index(&mut self, value: Node) -> Parsed<Node> {
        self.advance()?;
        let (value, height) = self.complete(value)?;
        let (index, index_height) = self.tree()?;
        self.expect("]")?;
        let height = height.max(index_height) + 1;
        self.node(ExprKind::Index(Box::new(value), Box::new(index)), height)
    }

    fn stated_type(&mut self, mut node: Node) -> Parsed<Node> {
        self.advance()?;
        node.ty = Some(self.ty()?);
        Ok(node)
    }

    fn stated_span(&mut self, mut node: Node, line: Option<u32>, column: u32) -> Parsed<Node> {
        self.advance()?;
        node.span = Span { line: line.unwrap_or(self.statement.line), column };
        Ok(node)
    }

    /// A const argument: an expression that `>` cannot be a part of.
    pub(super) fn const_argument(&mut self) -> Parsed<Tree> {
        let negative = self.accept("-")?;
        if negative && !matches!(self.token, Token::Number(_)) {
            return self.expected("a number after `-`, or parentheses around the operation");
        }
        self.descend()?;
        let argument = self.postfix(negative)?;
        self.ascend();
        Ok(argument)
    }

    /// A node with the type and position that follow from its operands.
    pub(super) fn node(&self, kind: ExprKind, height: u32) -> Parsed<Node> {
        let ty = self.known.type_of(&kind);
        self.sized(kind, ty, height)
    }

    /// A node of a type that its spelling states.
    pub(super) fn typed(&self, kind: ExprKind, ty: Type, height: u32) -> Parsed<Node> {
        self.sized(kind, Some(ty), height)
    }

    fn sized(&self, kind: ExprKind, ty: Option<Type>, height: u32) -> Parsed<Node> {
        if height > NESTING {
            return self.too_deep();
        }
        let span = span_of(&kind, self.statement);
        Ok(Node { kind, ty, span, height })
    }

    fn finish(&self, kind: ExprKind, height: u32) -> Parsed<Tree> {
        let node = self.node(kind, height)?;
        self.complete(node)
    }

    fn complete(&self, node: Node) -> Parsed<Tree> {
        match node.ty {
            Some(ty) => Ok((Expr { kind: node.kind, ty, span: node.span }, node.height)),
            None => self.fail(match node.kind {
                ExprKind::Integer(value) => {
                    format!("expected a type after `{value}`, such as in `{value}u32`, found {}", self.token)
                }
                _ => format!("expected `:` and the type of the expression before, found {}", self.token),
            }),
        }
    }
}
