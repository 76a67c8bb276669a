//! PTX text as tokens. Comments vanish, except `//` comments that have a line to themselves.

use crate::error::{Error, Line};

/// A token and its line, from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind<'a>,
    pub(crate) line: u32,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TokenKind<'a> {
    /// An opcode, register, label or symbol: `ld.global.u32`, `%tid.x`, `$L1`.
    Word(&'a str),
    /// `.reg`, without the dot; `.visible.entry` is two of them.
    Directive(&'a str),
    /// Anything that starts with a digit.
    Number(&'a str),
    /// Without the quotes.
    Text(&'a str),
    /// One punctuation character.
    Punctuation(char),
    /// A full-line comment, without the slashes and one space.
    Comment(&'a str),
}

impl TokenKind<'_> {
    pub(crate) fn describe(&self) -> String {
        match self {
            TokenKind::Word(text) | TokenKind::Number(text) => format!("`{text}`"),
            TokenKind::Directive(text) => format!("`.{text}`"),
            TokenKind::Text(text) => format!("the string \"{text}\""),
            TokenKind::Punctuation(c) => format!("`{c}`"),
            TokenKind::Comment(_) => "a comment".to_owned(),
        }
    }
}

const PUNCTUATION: &str = ",;:[]{}()<>+-!|@=*";

/// Splits `text` into tokens.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Error> {
    let mut lexer = Lexer { text, position: 0, line: 1, line_is_empty: true, tokens: Vec::new() };
    lexer.run()?;
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    text: &'a str,
    position: usize,
    line: u32,
    line_is_empty: bool,
    tokens: Vec<Token<'a>>,
}

fn continues_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '%')
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    fn push(&mut self, kind: TokenKind<'a>, length: usize) {
        self.tokens.push(Token { kind, line: self.line });
        self.position += length;
        self.line_is_empty = false;
    }

    fn error(&self, expected: &str, found: String) -> Error {
        Error::Syntax { line: Line(self.line), expected: expected.to_owned(), found }
    }

    fn run(&mut self) -> Result<(), Error> {
        while let Some(c) = self.rest().chars().next() {
            match c {
                '\n' => {
                    self.position += 1;
                    self.line += 1;
                    self.line_is_empty = true;
                }
                _ if c.is_whitespace() => self.position += c.len_utf8(),
                '/' => self.comment()?,
                '"' => self.quoted()?,
                _ if c.is_ascii_digit() || is_fraction(self.rest()) => {
                    let length = number_length(self.rest());
                    self.push(TokenKind::Number(&self.rest()[..length]), length);
                }
                '.' => self.directives()?,
                _ if continues_word(c) => {
                    let length = word_length(self.rest());
                    self.push(TokenKind::Word(&self.rest()[..length]), length);
                }
                _ if PUNCTUATION.contains(c) => self.push(TokenKind::Punctuation(c), 1),
                _ => return Err(self.error("PTX text", format!("the character {c:?}"))),
            }
        }
        Ok(())
    }

    fn comment(&mut self) -> Result<(), Error> {
        let rest = self.rest();
        if let Some(body) = rest.strip_prefix("//") {
            let body = &body[..body.find('\n').unwrap_or(body.len())];
            if self.line_is_empty {
                let text = body.strip_prefix(' ').unwrap_or(body).trim_end();
                self.tokens.push(Token { kind: TokenKind::Comment(text), line: self.line });
            }
            self.position += 2 + body.len();
            return Ok(());
        }
        if !rest.starts_with("/*") {
            return Err(self.error("PTX text", "`/`".to_owned()));
        }
        let Some(end) = rest[2..].find("*/") else {
            return Err(self.error("`*/` that ends the comment", "the end of the text".to_owned()));
        };
        let body = &rest[..end + 4];
        self.line += body.bytes().filter(|b| *b == b'\n').count() as u32;
        self.position += body.len();
        Ok(())
    }

    fn quoted(&mut self) -> Result<(), Error> {
        let body = &self.rest()[1..];
        match body.find(['"', '\n']) {
            Some(end) if body[end..].starts_with('"') => {
                self.push(TokenKind::Text(&body[..end]), end + 2);
                Ok(())
            }
            _ => Err(self.error("`\"` that ends the string", "the end of the line".to_owned())),
        }
    }

    fn directives(&mut self) -> Result<(), Error> {
        let body = &self.rest()[1..];
        let length = body.find(|c| !continues_word(c) && c != ':').unwrap_or(body.len());
        let name = body[..length].trim_end_matches(':');
        if name.is_empty() {
            return Err(self.error("a directive or type after `.`", "nothing".to_owned()));
        }
        self.push(TokenKind::Directive(name), 1 + name.len());
        Ok(())
    }
}

/// Letters, digits, `_$%`, and `.` or `::` between them.
fn word_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let continues = |i: usize| bytes.get(i).is_some_and(|b| continues_word(char::from(*b)));
    let mut end = 0;
    loop {
        if continues(end) {
            end += 1;
        } else if text[end..].starts_with('.') && continues(end + 1) {
            end += 2;
        } else if text[end..].starts_with("::") && continues(end + 2) {
            end += 3;
        } else {
            return end;
        }
    }
}

/// Whether a number begins here without a digit before its point, as in `.5`.
fn is_fraction(text: &str) -> bool {
    matches!(text.as_bytes(), [b'.', digit, ..] if digit.is_ascii_digit())
}

/// Digits and letters, a `.` before a digit, and the sign of a decimal exponent.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_plain = !(bytes[0] == b'0' && bytes.get(1).is_some_and(u8::is_ascii_alphabetic));
    let mut end = 0;
    while let Some(byte) = bytes.get(end) {
        let next_is_digit = bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        let point_may_end =
            !bytes.get(end + 1).is_some_and(|next| next.is_ascii_alphanumeric() || *next == b'.');
        let previous_is_exponent = end > 0 && matches!(bytes[end - 1], b'e' | b'E');
        let takes = byte.is_ascii_alphanumeric()
            || (*byte == b'.' && (next_is_digit || (is_plain && point_may_end)))
            || (matches!(byte, b'+' | b'-') && is_plain && previous_is_exponent && next_is_digit);
        if !takes {
            break;
        }
        end += 1;
    }
    end
}
