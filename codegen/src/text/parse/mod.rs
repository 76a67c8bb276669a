//! Reads a module from text: recursive descent over one token of lookahead.

mod asm;
mod atoms;
mod expressions;
mod items;
mod names;
mod statements;
mod types;

use rustc_hash::FxHashMap;

use super::known::Known;
use super::lexer::{Failure, Lexer, Token};
use crate::Error;
use crate::ir::{Module, Span};

/// How deeply blocks, expressions and types may be nested, and how high an expression tree may
/// grow. Phases that walk the IR recursively rely on it.
pub(super) const NESTING: u32 = 128;

/// See [`super::parse`].
pub(super) fn parse(text: &str) -> Result<Module, Error> {
    let outcome = Parser::new(text).and_then(Parser::module);
    outcome.map_err(|failure| {
        let before = text.as_bytes().get(..failure.position).unwrap_or(text.as_bytes());
        let newlines = before.iter().filter(|&&byte| byte == b'\n').count();
        Error::Text {
            line: u32::try_from(newlines).unwrap_or(u32::MAX).saturating_add(1),
            message: failure.message,
        }
    })
}

type Parsed<T> = Result<T, Failure>;

struct Parser<'t> {
    lexer: Lexer<'t>,
    /// The token that comes next, and where it begins.
    token: Token<'t>,
    start: usize,
    known: Known,
    /// Imported modules by their short names.
    aliases: FxHashMap<String, String>,
    /// Where the current statement or item is written.
    statement: Span,
    depth: u32,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Parsed<Self> {
        let mut lexer = Lexer::new(text);
        let (token, start) = lexer.next()?;
        Ok(Parser {
            lexer,
            token,
            start,
            known: Known::default(),
            aliases: FxHashMap::default(),
            statement: Span::default(),
            depth: 0,
        })
    }

    /// Steps over the next token and returns it.
    fn advance(&mut self) -> Parsed<Token<'t>> {
        let token = self.token;
        (self.token, self.start) = self.lexer.next()?;
        Ok(token)
    }

    /// Fails at the next token.
    fn fail<T>(&self, message: impl Into<String>) -> Parsed<T> {
        Err(Failure { position: self.start, message: message.into() })
    }

    /// Fails because the next token is not `what`.
    fn expected<T>(&self, what: &str) -> Parsed<T> {
        self.fail(format!("expected {what}, found {}", self.token))
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(self.token, Token::Symbol(found) if found == symbol)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.token, Token::Word(found) if found == word)
    }

    /// Steps over `symbol` if it is next.
    fn accept(&mut self, symbol: &str) -> Parsed<bool> {
        let found = self.is(symbol);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn accept_word(&mut self, word: &str) -> Parsed<bool> {
        let found = self.is_word(word);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, symbol: &str) -> Parsed<()> {
        if self.accept(symbol)? { Ok(()) } else { self.expected(&format!("`{symbol}`")) }
    }

    fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.accept_word(word)? { Ok(()) } else { self.expected(&format!("`{word}`")) }
    }

    /// Steps over a `<`, or over the first half of a `<<` before a `<module>::item`.
    fn open_angle(&mut self) -> Parsed<()> {
        if self.is("<<") {
            self.token = Token::Symbol("<");
            return Ok(());
        }
        self.expect("<")
    }

    /// Steps over a `>`, or over the first half of a `>>` or `>=`.
    fn close_angle(&mut self) -> Parsed<()> {
        match self.token {
            Token::Symbol(">>") => {
                self.token = Token::Symbol(">");
                Ok(())
            }
            Token::Symbol(">=") => {
                self.token = Token::Symbol("=");
                Ok(())
            }
            _ => self.expect(">"),
        }
    }

    /// Items with commas between, up to `close`, which is stepped over.
    fn separated<T>(&mut self, close: &str, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = Vec::new();
        while !self.is(close) {
            items.push(item(self)?);
            if !self.is(close) && !self.accept(",")? {
                return self.expected(&format!("`,` or `{close}`"));
            }
        }
        self.expect(close)?;
        Ok(items)
    }

    /// Enters a level of nesting; [`Self::ascend`] leaves it. A parse that fails need not leave.
    fn descend(&mut self) -> Parsed<()> {
        if self.depth >= NESTING {
            return self.too_deep();
        }
        self.depth += 1;
        Ok(())
    }

    fn ascend(&mut self) {
        self.depth -= 1;
    }

    fn too_deep<T>(&self) -> Parsed<T> {
        self.fail(format!("nested more than {NESTING} levels deep"))
    }
}
