//! Parses PTX text. Lenient where assemblers are: modifiers in any order, comments anywhere.

mod module;
mod operand;
mod statement;
mod variable;

use crate::error::{Error, Line};
use crate::lexer::{Token, TokenKind, tokens};
use crate::model::{Instruction, Module};

/// Reads a module.
///
/// Full-line `//` comments at module level and between statements are kept; `.section` blocks,
/// `.attribute` lists and the inlining part of `.loc` lines are skipped. Text may end with the zero
/// bytes that a driver wants.
///
/// # Errors
/// The first thing that is not PTX, or that the table or the model does not know, with its line.
pub fn parse(text: &str) -> Result<Module, Error> {
    let tokens = tokens(text.trim_end_matches('\0'))?;
    Parser { tokens: &tokens, position: 0, depth: 0, registers: Vec::new() }.module()
}

/// Reads instructions whose operands may be holes; see [`crate::asm`].
pub(crate) fn parse_asm(text: &str) -> Result<Vec<Instruction>, Error> {
    let tokens = tokens(text)?;
    Parser { tokens: &tokens, position: 0, depth: 0, registers: Vec::new() }.instructions()
}

/// Blocks and vectors may nest this deep.
const DEPTH_LIMIT: u32 = 64;

struct Parser<'a> {
    tokens: &'a [Token<'a>],
    position: usize,
    depth: u32,
    /// Declared register names (`%r`, `Some(10)` for `%r<10>`) of each open block, innermost last.
    registers: Vec<Vec<(String, Option<u32>)>>,
}

type Parsed<T> = Result<T, Error>;

impl<'a> Parser<'a> {
    /// The next token that is not a comment.
    fn peek(&mut self) -> Option<TokenKind<'a>> {
        while let Some(Token { kind: TokenKind::Comment(_), .. }) = self.tokens.get(self.position) {
            self.position += 1;
        }
        self.tokens.get(self.position).map(|token| token.kind)
    }

    fn next(&mut self) -> Option<TokenKind<'a>> {
        let kind = self.peek();
        self.position += usize::from(kind.is_some());
        kind
    }

    /// A comment at this point, which a statement or item list keeps.
    fn comment(&mut self) -> Option<&'a str> {
        match self.tokens.get(self.position)?.kind {
            TokenKind::Comment(text) => {
                self.position += 1;
                Some(text)
            }
            _ => None,
        }
    }

    /// Line of the next token, or of the last one at the end of the text.
    fn line(&self) -> u32 {
        self.tokens.get(self.position).or(self.tokens.last()).map_or(1, |token| token.line)
    }

    fn expected<T>(&mut self, expected: &str) -> Parsed<T> {
        let found = self.peek().map_or("the end of the text".to_owned(), |kind| kind.describe());
        Err(Error::Syntax { line: Line(self.line()), expected: expected.to_owned(), found })
    }

    fn unsupported<T>(&self, what: impl Into<String>) -> Parsed<T> {
        Err(Error::Unsupported { line: Line(self.line()), what: what.into() })
    }

    fn accept(&mut self, punctuation: char) -> bool {
        let found = self.peek() == Some(TokenKind::Punctuation(punctuation));
        self.position += usize::from(found);
        found
    }

    fn expect(&mut self, punctuation: char) -> Parsed<()> {
        if self.accept(punctuation) { Ok(()) } else { self.expected(&format!("`{punctuation}`")) }
    }

    fn accept_directive(&mut self, name: &str) -> bool {
        let found = self.peek() == Some(TokenKind::Directive(name));
        self.position += usize::from(found);
        found
    }

    /// A symbol, label or register name, described for the error.
    fn word(&mut self, description: &str) -> Parsed<&'a str> {
        match self.peek() {
            Some(TokenKind::Word(word)) => {
                self.position += 1;
                Ok(word)
            }
            _ => self.expected(description),
        }
    }

    fn text(&mut self) -> Parsed<&'a str> {
        match self.peek() {
            Some(TokenKind::Text(text)) => {
                self.position += 1;
                Ok(text)
            }
            _ => self.expected("a quoted string"),
        }
    }

    /// An unsigned integer that fits `T`.
    fn unsigned<T: TryFrom<i128>>(&mut self, description: &str) -> Parsed<T> {
        if let Some(TokenKind::Number(text)) = self.peek()
            && let Some(value) = operand::integer(text)
            && let Ok(value) = T::try_from(value)
        {
            self.position += 1;
            return Ok(value);
        }
        self.expected(description)
    }

    /// Runs `inner` one nesting level deeper.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEPTH_LIMIT {
            return self.unsupported(format!("nesting deeper than {DEPTH_LIMIT}"));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// Items separated by commas up to `close`, which is consumed.
    fn list<T>(&mut self, close: char, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = Vec::new();
        if self.accept(close) {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if self.accept(close) {
                return Ok(items);
            }
            if !self.accept(',') {
                return self.expected(&format!("`,` or `{close}`"));
            }
        }
    }
}
