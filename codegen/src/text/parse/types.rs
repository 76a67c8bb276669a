//! Reads types.

use super::{Parsed, Parser};
use crate::ir::{Path, Size, Space, Type};
use crate::text::known::weight;
use crate::text::lexer::Token;
use crate::text::spelling::scalar;

/// How large a type may be: types are copied into every expression.
const WEIGHT: usize = 8192;

fn slice_of(space: Space, element: Box<Type>) -> Type {
    Type::Slice(Box::new(Type::Pointer(space, element)))
}

impl Parser<'_> {
    /// A type.
    pub(super) fn ty(&mut self) -> Parsed<Type> {
        if let Token::Word(word) = self.token
            && let Some(scalar) = scalar(word)
        {
            self.advance()?;
            // A module may be called as a scalar is.
            if self.is("::") {
                return self.quoted_item(word).and_then(|path| self.named_type(path));
            }
            return Ok(Type::Scalar(scalar));
        }
        self.descend()?;
        let ty = self.compound()?;
        self.ascend();
        self.limited(ty)
    }

    /// Refuses a type that is too large.
    pub(super) fn limited(&self, ty: Type) -> Parsed<Type> {
        if weight(&ty) > WEIGHT {
            return self.fail("expected a smaller type");
        }
        Ok(ty)
    }

    fn compound(&mut self) -> Parsed<Type> {
        if self.accept("(")? {
            return self.tuple();
        }
        if self.accept("[")? {
            let element = self.ty()?;
            self.expect(";")?;
            let size = self.size()?;
            self.expect("]")?;
            return Ok(Type::Array(Box::new(element), size));
        }
        if let Token::Quoted(_) = self.token {
            return self.name("a type parameter").map(Type::Parameter);
        }
        let Token::Word(word) = self.token else {
            return if self.is("<") {
                self.path().and_then(|path| self.named_type(path))
            } else {
                self.expected("a type")
            };
        };
        let pointer: fn(Box<Type>) -> Type = match word {
            "Global" => |pointee| Type::Pointer(Space::Global, pointee),
            "Shared" => |pointee| Type::Pointer(Space::Shared, pointee),
            "Peer" => |pointee| Type::Pointer(Space::Peer, pointee),
            "Peers" => Type::Peers,
            "GlobalSlice" => |element| slice_of(Space::Global, element),
            "SharedSlice" => |element| slice_of(Space::Shared, element),
            "PeerSlice" => |element| slice_of(Space::Peer, element),
            _ => return self.struct_type(word),
        };
        self.advance()?;
        if self.is("::") {
            return self.quoted_item(word).and_then(|path| self.named_type(path));
        }
        self.open_angle()?;
        let pointee = self.ty()?;
        self.close_angle()?;
        Ok(pointer(Box::new(pointee)))
    }

    /// A struct, or an enum if `#scalar` follows.
    fn named_type(&mut self, mut path: Path) -> Parsed<Type> {
        if self.accept("#")? {
            return self.scalar().map(|scalar| Type::Enum(path, scalar));
        }
        self.type_arguments(&mut path)?;
        Ok(Type::Struct(path))
    }

    /// `<f32, u32>` after the path of a struct, if it has any.
    pub(super) fn type_arguments(&mut self, path: &mut Path) -> Parsed<()> {
        if !self.is("<") && !self.is("<<") {
            return Ok(());
        }
        self.open_angle()?;
        loop {
            path.arguments.push(self.ty()?);
            if !self.accept(",")? {
                break;
            }
        }
        self.close_angle()
    }

    fn struct_type(&mut self, word: &str) -> Parsed<Type> {
        if word.contains("::") {
            return self.path().and_then(|path| self.named_type(path));
        }
        let start = self.start;
        self.advance()?;
        if self.is("::") {
            return self.quoted_item(word).and_then(|path| self.named_type(path));
        }
        if self.known.is_type_parameter(word) {
            return Ok(Type::Parameter(word.to_string()));
        }
        Err(crate::text::lexer::Failure {
            position: start,
            message: format!("expected a type, found `{word}`: structs are written `self::{word}`"),
        })
    }

    /// After `(`: `()` is the unit type, `(,)` the empty tuple.
    fn tuple(&mut self) -> Parsed<Type> {
        if self.accept(")")? {
            return Ok(Type::Unit);
        }
        if self.accept(",")? {
            self.expect(")")?;
            return Ok(Type::Tuple(Vec::new()));
        }
        let first = self.ty()?;
        if self.accept(")")? {
            return Ok(first);
        }
        self.expect(",")?;
        let mut parts = self.separated(")", Self::ty)?;
        parts.insert(0, first);
        Ok(Type::Tuple(parts))
    }

    /// The length of an array: a number, a const generic, or a constant item.
    pub(super) fn size(&mut self) -> Parsed<Size> {
        const EXPECTED: &str = "an array length: a number below 2^64, a const generic, or `self::CONSTANT`";
        match self.token {
            Token::Number(_) => self.integer(EXPECTED).map(Size::Literal),
            Token::Word(word) if !word.contains("::") => {
                self.advance()?;
                if self.is("::") {
                    return self.quoted_item(word).map(Size::Constant);
                }
                Ok(Size::Parameter(word.to_string()))
            }
            Token::Quoted(_) => self.name(EXPECTED).map(Size::Parameter),
            _ if self.is_path() => self.path().map(Size::Constant),
            _ => self.expected(EXPECTED),
        }
    }
}
