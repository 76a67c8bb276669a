//! Reads the expressions that stand alone: literals, locals, constants, calls, aggregates,
//! parentheses.

use super::expressions::Node;
use super::{Parsed, Parser};
use crate::ir::intrinsic::parameters;
use crate::ir::{Expr, ExprKind, Intrinsic, Path, Scalar, Type};
use crate::text::known::{array_of, tuple_of};
use crate::text::lexer::Token;
use crate::text::spelling::scalar;

impl Parser<'_> {
    pub(super) fn atom(&mut self, negative: bool) -> Parsed<Node> {
        match self.token {
            Token::Number(digits) => self.number(digits, negative),
            Token::Local(..) => {
                let kind = ExprKind::Local(self.local()?);
                self.node(kind, 1)
            }
            Token::Quoted(_) => {
                let kind = ExprKind::ConstParameter(self.name("a const generic")?);
                self.node(kind, 1)
            }
            Token::Word(word) if word.contains("::") => self.item_path(),
            Token::Word(word) => self.bare_word(word),
            Token::Symbol("<") => self.item_path(),
            Token::Symbol("(") => self.parentheses(),
            Token::Symbol("[") => self.brackets(),
            _ => self.expected("an expression"),
        }
    }

    fn bare_word(&mut self, word: &str) -> Parsed<Node> {
        self.advance()?;
        match (word, self.token) {
            ("true" | "false", _) => self.node(ExprKind::Bool(word == "true"), 1),
            ("new", _) => self.structure_value(),
            ("select", Token::Symbol("(")) => self.select(),
            ("ptx", Token::Symbol("!")) => self.asm(),
            (_, Token::Symbol("(")) => self.plain_intrinsic(word),
            (_, Token::Symbol("::")) => self.ordered_or_quoted(word),
            _ => self.node(ExprKind::ConstParameter(word.to_string()), 1),
        }
    }

    fn plain_intrinsic(&mut self, word: &str) -> Parsed<Node> {
        match Intrinsic::named(word) {
            Some(intrinsic) if intrinsic.ordering().is_none() => self.intrinsic(intrinsic),
            _ => self.fail(format!(
                "expected the name of an intrinsic before `(`, found `{word}`: calls are written `self::{word}(..)`"
            )),
        }
    }

    /// After a bare word, at `::`: `load::<Acquire, System>(..)` or `self::"odd item"`.
    fn ordered_or_quoted(&mut self, word: &str) -> Parsed<Node> {
        let named = Intrinsic::named(word).filter(|intrinsic| intrinsic.ordering().is_some());
        let Some(intrinsic) = named else {
            let path = self.quoted_item(word)?;
            return self.call_or_constant(path);
        };
        self.advance()?;
        self.open_angle()?;
        let order = self.choice(parameters::order, "a memory order, such as `Acquire`")?;
        self.expect(",")?;
        let scope = self.choice(parameters::scope, "`Block`, `Cluster`, `Gpu` or `System`")?;
        self.close_angle()?;
        self.intrinsic(intrinsic.stated(order, scope))
    }

    fn choice<T>(&mut self, find: impl Fn(&str) -> Option<T>, what: &str) -> Parsed<T> {
        let Token::Word(word) = self.token else { return self.expected(what) };
        let Some(found) = find(word) else { return self.expected(what) };
        self.advance()?;
        Ok(found)
    }

    fn intrinsic(&mut self, intrinsic: Intrinsic) -> Parsed<Node> {
        let (arguments, height) = self.arguments()?;
        self.node(ExprKind::Intrinsic(intrinsic, arguments), height + 1)
    }

    fn item_path(&mut self) -> Parsed<Node> {
        let path = self.path()?;
        self.call_or_constant(path)
    }

    fn call_or_constant(&mut self, mut function: Path) -> Parsed<Node> {
        if !self.is("(") && !self.is("::") {
            return self.node(ExprKind::Constant(function), 1);
        }
        let (const_arguments, const_height) =
            if self.accept("::")? { self.generics(&mut function.arguments)? } else { (Vec::new(), 0) };
        let (arguments, height) = self.arguments()?;
        let kind = ExprKind::Call { function, const_arguments, arguments };
        self.node(kind, height.max(const_height) + 1)
    }

    /// `<type T, a, b>`: types go into `types`; the constants, and the height of the highest.
    fn generics(&mut self, types: &mut Vec<Type>) -> Parsed<(Vec<Expr>, u32)> {
        self.open_angle()?;
        let mut arguments = Vec::new();
        let mut highest = 0;
        loop {
            if arguments.is_empty() && self.accept_word("type")? {
                types.push(self.ty()?);
            } else {
                let (argument, height) = self.const_argument()?;
                arguments.push(argument);
                highest = highest.max(height);
            }
            if !self.accept(",")? {
                break;
            }
        }
        self.close_angle()?;
        Ok((arguments, highest))
    }

    /// `(a, b)` and the height of the highest.
    fn arguments(&mut self) -> Parsed<(Vec<Expr>, u32)> {
        self.expect("(")?;
        self.list(")")
    }

    /// Expressions up to `close`, which is stepped over.
    fn list(&mut self, close: &str) -> Parsed<(Vec<Expr>, u32)> {
        let mut parts = Vec::new();
        let mut highest = 0;
        while !self.is(close) {
            let (part, height) = self.tree()?;
            parts.push(part);
            highest = highest.max(height);
            if !self.is(close) && !self.accept(",")? {
                return self.expected(&format!("`,` or `{close}`"));
            }
        }
        self.advance()?;
        Ok((parts, highest))
    }

    fn select(&mut self) -> Parsed<Node> {
        let (arguments, height) = self.arguments()?;
        let Ok([condition, then, otherwise]) = <[Expr; 3]>::try_from(arguments) else {
            return self.fail("expected `select(condition, then, otherwise)`");
        };
        let (condition, then, otherwise) = (Box::new(condition), Box::new(then), Box::new(otherwise));
        self.node(ExprKind::Select { condition, then, otherwise }, height + 1)
    }

    /// After `new`: `path(parts)`.
    fn structure_value(&mut self) -> Parsed<Node> {
        let mut path = self.path()?;
        self.type_arguments(&mut path)?;
        let (parts, height) = self.arguments()?;
        let ty = self.limited(Type::Struct(path))?;
        self.typed(ExprKind::Aggregate(parts), ty, height + 1)
    }

    /// `(expression)`, `()`, `(a,)` or `(a, b)`.
    fn parentheses(&mut self) -> Parsed<Node> {
        self.advance()?;
        let mut parts = Vec::new();
        let mut height = 0;
        if !self.is(")") {
            let (first, first_height) = self.tree()?;
            if self.accept(")")? {
                return Ok(Node {
                    kind: first.kind,
                    ty: Some(first.ty),
                    span: first.span,
                    height: first_height,
                });
            }
            self.expect(",")?;
            parts.push(first);
            height = first_height;
        }
        let (rest, rest_height) = self.list(")")?;
        parts.extend(rest);
        let ty = self.limited(tuple_of(&parts))?;
        self.typed(ExprKind::Aggregate(parts), ty, height.max(rest_height) + 1)
    }

    /// `[a, b]` or `[value; N]`.
    fn brackets(&mut self) -> Parsed<Node> {
        self.advance()?;
        if self.accept("]")? {
            // The type of an empty array is always stated.
            return self.untyped_aggregate();
        }
        let (first, height) = self.tree()?;
        if self.accept(";")? {
            let size = self.size()?;
            self.expect("]")?;
            let ty = self.limited(Type::Array(Box::new(first.ty.clone()), size))?;
            return self.typed(ExprKind::Repeat(Box::new(first)), ty, height + 1);
        }
        let mut parts = vec![first];
        let mut highest = height;
        if !self.is("]") {
            self.expect(",")?;
        }
        let (rest, rest_height) = self.list("]")?;
        highest = highest.max(rest_height);
        parts.extend(rest);
        let ty = self.limited(array_of(&parts[0], parts.len()))?;
        self.typed(ExprKind::Aggregate(parts), ty, highest + 1)
    }

    fn untyped_aggregate(&self) -> Parsed<Node> {
        self.node(ExprKind::Aggregate(Vec::new()), 1)
    }

    /// A number: `5u32`, `0x3f800000_f32` (the bits), `1.5f32`, or `5` with its type stated after
    /// it.
    fn number(&mut self, digits: &str, negative: bool) -> Parsed<Node> {
        let (kind, ty) = match literal(digits, negative) {
            Some(literal) => literal,
            None => {
                return self.expected(
                    "a number: an integer such as `5u32`, a float such as `1.5f32`, or its bits such as `0x3fc00000_f32`",
                );
            }
        };
        self.advance()?;
        match ty {
            Some(scalar) => self.typed(kind, Type::Scalar(scalar), 1),
            None => self.node(kind, 1),
        }
    }
}

fn literal(digits: &str, negative: bool) -> Option<(ExprKind, Option<Scalar>)> {
    if let Some(bits) = digits.strip_prefix("0x") {
        let (bits, suffix) = bits.split_once('_')?;
        let bits = u64::from_str_radix(bits, 16).ok()?;
        let scalar = scalar(suffix).filter(|scalar| scalar.is_float())?;
        let fits = scalar == Scalar::F64 || u32::try_from(bits).is_ok();
        return (fits && !negative).then_some((ExprKind::Float(bits), Some(scalar)));
    }
    let end = digits.find(|character: char| character.is_ascii_alphabetic()).unwrap_or(digits.len());
    let (value, suffix) = digits.split_at(end);
    match suffix {
        "f32" => {
            let value: f32 = value.parse().ok()?;
            let bits = if negative { -value } else { value }.to_bits();
            Some((ExprKind::Float(bits.into()), Some(Scalar::F32)))
        }
        "f64" => {
            let value: f64 = value.parse().ok()?;
            Some((ExprKind::Float(if negative { -value } else { value }.to_bits()), Some(Scalar::F64)))
        }
        _ => {
            let scalar =
                if suffix.is_empty() { None } else { Some(scalar(suffix).filter(|s| s.is_integer())?) };
            let magnitude: u128 = value.parse().ok()?;
            let value = if negative {
                0i128.checked_sub_unsigned(magnitude)?
            } else {
                i128::try_from(magnitude).ok()?
            };
            Some((ExprKind::Integer(value), scalar))
        }
    }
}
