//! Splits IR text into tokens that borrow from it.

use std::fmt;

use super::spelling::{is_word, is_word_start};

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// A plain name, or several joined by `::`.
    Word(&'t str),
    /// What stands between double quotes, escapes untouched.
    Quoted(&'t str),
    /// `name#index`, `"name"#index` or `#index`; the name is a word or a quoted name.
    Local(Option<LocalName<'t>>, u32),
    /// Begins with a digit; the spelling is untouched.
    Number(&'t str),
    /// `.index` directly after a value.
    Field(u32),
    /// `@line:column`, or `@:column` on the line of the statement.
    Span(Option<u32>, u32),
    /// Punctuation.
    Symbol(&'static str),
    /// The end of the text.
    End,
}

impl fmt::Display for Token<'_> {
    /// Names the token in an error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Word(text) | Token::Number(text) => write!(f, "`{}`", shortened(text)),
            Token::Quoted(text) => write!(f, "`\"{}\"`", shortened(text)),
            Token::Local(None, index) => write!(f, "`#{index}`"),
            Token::Local(Some(LocalName::Plain(name)), index) => write!(f, "`{}#{index}`", shortened(name)),
            Token::Local(Some(LocalName::Quoted(name)), index) => {
                write!(f, "`\"{}\"#{index}`", shortened(name))
            }
            Token::Field(index) => write!(f, "`.{index}`"),
            Token::Span(Some(line), column) => write!(f, "`@{line}:{column}`"),
            Token::Span(None, column) => write!(f, "`@:{column}`"),
            Token::Symbol(symbol) => write!(f, "`{symbol}`"),
            Token::End => f.write_str("the end of the text"),
        }
    }
}

/// At most the first 40 characters, for messages.
fn shortened(text: &str) -> &str {
    text.char_indices().nth(40).map_or(text, |(end, _)| &text[..end])
}

/// The name of a local as it is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LocalName<'t> {
    /// Bare.
    Plain(&'t str),
    /// What stands between double quotes.
    Quoted(&'t str),
}

/// Why text is refused, and where.
#[derive(Debug)]
pub(super) struct Failure {
    /// Byte position in the text.
    pub(super) position: usize,
    /// The sentence.
    pub(super) message: String,
}

/// Reads tokens from left to right.
pub(super) struct Lexer<'t> {
    text: &'t str,
    position: usize,
}

impl<'t> Lexer<'t> {
    /// Begins at the first character.
    pub(super) fn new(text: &'t str) -> Self {
        Lexer { text, position: 0 }
    }

    /// How long the text is, in bytes.
    pub(super) fn length(&self) -> usize {
        self.text.len()
    }

    /// The next token and the byte position where it begins.
    pub(super) fn next(&mut self) -> Result<(Token<'t>, usize), Failure> {
        self.skip_blanks();
        let start = self.position;
        let token = match self.byte(0) {
            None => Token::End,
            Some(b'"') => {
                let name = self.quoted()?;
                match self.local_index()? {
                    Some(index) => Token::Local(Some(LocalName::Quoted(name)), index),
                    None => Token::Quoted(name),
                }
            }
            Some(b'#') if self.digit_at(1) => {
                let index = self.local_index()?;
                Token::Local(None, index.unwrap_or_default())
            }
            Some(b'.') if self.digit_at(1) => {
                self.position += 1;
                Token::Field(self.integer()?)
            }
            Some(b'@') => self.span()?,
            Some(byte) if byte.is_ascii_digit() => Token::Number(self.number()),
            Some(byte) if is_word_start(byte) => {
                let word = self.word();
                match self.local_index()? {
                    Some(index) => Token::Local(Some(LocalName::Plain(word)), index),
                    None => Token::Word(word),
                }
            }
            Some(_) => self.symbol()?,
        };
        Ok((token, start))
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.position + ahead).copied()
    }

    fn digit_at(&self, ahead: usize) -> bool {
        self.byte(ahead).is_some_and(|byte| byte.is_ascii_digit())
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T, Failure> {
        Err(Failure { position: self.position, message: message.into() })
    }

    /// Skips white space and `//` comments.
    fn skip_blanks(&mut self) {
        loop {
            match self.byte(0) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.position += 1,
                Some(b'/') if self.byte(1) == Some(b'/') => {
                    self.position = match self.text[self.position..].find('\n') {
                        Some(end) => self.position + end,
                        None => self.text.len(),
                    };
                }
                _ => return,
            }
        }
    }

    fn take_while(&mut self, belongs: impl Fn(u8) -> bool) -> &'t str {
        let start = self.position;
        while self.byte(0).is_some_and(&belongs) {
            self.position += 1;
        }
        &self.text[start..self.position]
    }

    fn word(&mut self) -> &'t str {
        let start = self.position;
        loop {
            self.take_while(is_word);
            let continues = self.byte(0) == Some(b':')
                && self.byte(1) == Some(b':')
                && self.byte(2).is_some_and(is_word_start);
            if !continues {
                return &self.text[start..self.position];
            }
            self.position += 2;
        }
    }

    fn integer(&mut self) -> Result<u32, Failure> {
        let start = self.position;
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        digits.parse().map_err(|_| Failure {
            position: start,
            message: format!("expected a number below 4294967296, found `{digits}`"),
        })
    }

    fn local_index(&mut self) -> Result<Option<u32>, Failure> {
        if self.byte(0) != Some(b'#') || !self.digit_at(1) {
            return Ok(None);
        }
        self.position += 1;
        self.integer().map(Some)
    }

    /// Digits and a suffix, or digits, a point, digits and a suffix. `0..4` and `5u32.0` stop
    /// before the point.
    fn number(&mut self) -> &'t str {
        let start = self.position;
        let whole = self.take_while(is_word);
        if whole.bytes().all(|byte| byte.is_ascii_digit()) && self.byte(0) == Some(b'.') && self.digit_at(1) {
            self.position += 1;
            self.take_while(is_word);
        }
        &self.text[start..self.position]
    }

    fn span(&mut self) -> Result<Token<'t>, Failure> {
        self.position += 1;
        let line = if self.digit_at(0) { Some(self.integer()?) } else { None };
        if self.byte(0) != Some(b':') || !self.digit_at(1) {
            return self.fail("expected a position: `@line:column`, or `@:column` on the statement's line");
        }
        self.position += 1;
        Ok(Token::Span(line, self.integer()?))
    }

    fn quoted(&mut self) -> Result<&'t str, Failure> {
        let start = self.position + 1;
        let bytes = self.text.as_bytes();
        let mut end = start;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') if bytes.get(end + 1).is_some_and(|byte| !matches!(byte, b'\n')) => end += 2,
                Some(b'\n' | b'\\') | None => return self.fail("expected `\"` before the end of the line"),
                Some(_) => end += 1,
            }
        }
        self.position = end + 1;
        Ok(&self.text[start..end])
    }

    fn symbol(&mut self) -> Result<Token<'t>, Failure> {
        let symbol = match (self.byte(0).unwrap_or_default(), self.byte(1).unwrap_or_default()) {
            (b'.', b'.') if self.byte(2) == Some(b'=') => "..=",
            (b'.', b'.') => "..",
            (b'<', b'<') => "<<",
            (b'>', b'>') => ">>",
            (b'=', b'=') => "==",
            (b'!', b'=') => "!=",
            (b'<', b'=') => "<=",
            (b'>', b'=') => ">=",
            (b'-', b'>') => "->",
            (b':', b':') => "::",
            (b'+', b'%') => "+%",
            (b'-', b'%') => "-%",
            (b'*', b'%') => "*%",
            (b'(', _) => "(",
            (b')', _) => ")",
            (b'[', _) => "[",
            (b']', _) => "]",
            (b'{', _) => "{",
            (b'}', _) => "}",
            (b'<', _) => "<",
            (b'>', _) => ">",
            (b',', _) => ",",
            (b';', _) => ";",
            (b':', _) => ":",
            (b'=', _) => "=",
            (b'+', _) => "+",
            (b'-', _) => "-",
            (b'*', _) => "*",
            (b'/', _) => "/",
            (b'%', _) => "%",
            (b'&', _) => "&",
            (b'|', _) => "|",
            (b'^', _) => "^",
            (b'!', _) => "!",
            (b'#', _) => "#",
            _ => {
                let character = self.text[self.position..].chars().next().unwrap_or_default();
                return self.fail(format!("`{}` means nothing here", character.escape_debug()));
            }
        };
        self.position += symbol.len();
        Ok(Token::Symbol(symbol))
    }
}
