//! Operands and literals.

use super::{Parsed, Parser};
use crate::asm;
use crate::lexer::TokenKind;
use crate::model::Operand;

/// The value of an integer literal: decimal, `0x`, `0b` or octal, with an optional `U`.
pub(super) fn integer(text: &str) -> Option<i128> {
    let digits = text.strip_suffix(['U', 'u']).unwrap_or(text);
    let radix = |prefix: [&str; 2], radix| {
        let digits = digits.strip_prefix(prefix[0]).or(digits.strip_prefix(prefix[1]))?;
        u64::from_str_radix(digits, radix).ok()
    };
    let value = radix(["0x", "0X"], 16).or_else(|| radix(["0b", "0B"], 2));
    let octal = || digits.strip_prefix('0').filter(|d| !d.is_empty()).map(|d| u64::from_str_radix(d, 8).ok());
    value.or_else(|| octal().unwrap_or_else(|| digits.parse().ok())).map(i128::from)
}

/// A number literal as an operand; `None` when it is malformed.
fn number(text: &str) -> Option<Operand> {
    let bits = |prefix: [&str; 2], length: usize| {
        let digits = text.strip_prefix(prefix[0]).or(text.strip_prefix(prefix[1]))?;
        if digits.len() == length { u64::from_str_radix(digits, 16).ok() } else { None }
    };
    if let Some(value) = bits(["0f", "0F"], 8) {
        return Some(Operand::Float32(u32::try_from(value).ok()?));
    }
    if let Some(value) = bits(["0d", "0D"], 16) {
        return Some(Operand::Float64(value));
    }
    if let Some(value) = integer(text) {
        return Some(Operand::Integer(value));
    }
    let is_decimal =
        text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    let value: f64 = text.parse().ok().filter(|_| is_decimal && text.contains(['.', 'e', 'E']))?;
    Some(Operand::Float64(value.to_bits()))
}

fn negated(operand: Operand) -> Operand {
    match operand {
        Operand::Integer(value) => Operand::Integer(-value),
        Operand::Float32(bits) => Operand::Float32(bits ^ (1 << 31)),
        Operand::Float64(bits) => Operand::Float64(bits ^ (1 << 63)),
        other => other,
    }
}

impl Parser<'_> {
    pub(super) fn operand(&mut self) -> Parsed<Operand> {
        let first = self.single_operand()?;
        if !self.accept('|') {
            return Ok(first);
        }
        Ok(Operand::Pair(Box::new(first), Box::new(self.single_operand()?)))
    }

    fn single_operand(&mut self) -> Parsed<Operand> {
        if self.accept('[') {
            return self.address();
        }
        if self.accept('{') {
            return self.nested(|p| p.list('}', Self::operand)).map(Operand::Vector);
        }
        if self.accept('(') {
            return self.nested(|p| p.list(')', Self::operand)).map(Operand::List);
        }
        if self.accept('!') {
            return self.word("a predicate register after `!`").map(|name| Operand::Not(asm::register(name)));
        }
        if self.accept('-') {
            return self.number().map(negated);
        }
        match self.peek() {
            Some(TokenKind::Number(_)) => {
                let number = self.number()?;
                let mask = match number {
                    Operand::Integer(mask) => u64::try_from(mask).ok(),
                    _ => None,
                };
                match mask {
                    Some(mask) if self.accept('(') => {
                        let address = Box::new(self.nested(Self::operand)?);
                        self.expect(')')?;
                        Ok(Operand::Masked { mask, address })
                    }
                    _ => Ok(number),
                }
            }
            Some(TokenKind::Word("_")) => {
                self.next();
                Ok(Operand::Sink)
            }
            Some(TokenKind::Word("WARP_SZ")) => {
                self.next();
                Ok(Operand::Integer(32))
            }
            Some(TokenKind::Word(name)) => {
                self.next();
                if self.is_register(name) {
                    return Ok(Operand::Register(asm::register(name)));
                }
                if name == "generic" && self.accept('(') {
                    let name = self.word("a variable")?.to_owned();
                    self.expect(')')?;
                    return Ok(Operand::Generic(name, self.offset()?));
                }
                if self.peek() == Some(TokenKind::Punctuation('(')) {
                    return self.unsupported(format!("the operator `{name}( )`"));
                }
                Ok(Operand::Symbol(name.to_owned(), self.offset()?))
            }
            _ => self.expected("an operand"),
        }
    }

    fn number(&mut self) -> Parsed<Operand> {
        if let Some(TokenKind::Number(text)) = self.peek()
            && let Some(operand) = number(text)
        {
            self.next();
            return Ok(operand);
        }
        self.expected("a number")
    }

    /// After `[`.
    fn address(&mut self) -> Parsed<Operand> {
        let base = match self.peek() {
            Some(TokenKind::Word(name)) => {
                self.next();
                Some(asm::register(name))
            }
            _ => None,
        };
        let offset = match base {
            Some(_) => self.offset()?,
            None => {
                let minus = self.accept('-');
                self.offset_number(minus)?
            }
        };
        if self.peek() == Some(TokenKind::Punctuation(',')) {
            return self.unsupported("a tensor address with coordinates");
        }
        self.expect(']')?;
        Ok(Operand::Address { base, offset })
    }

    /// `+8`, `-8`, `+-8`, or nothing.
    fn offset(&mut self) -> Parsed<i64> {
        if self.accept('+') {
            let minus = self.accept('-');
            return self.offset_number(minus);
        }
        if self.accept('-') { self.offset_number(true) } else { Ok(0) }
    }

    fn offset_number(&mut self, minus: bool) -> Parsed<i64> {
        if let Some(TokenKind::Number(text)) = self.peek()
            && let Some(value) = integer(text)
            && let Ok(value) = i64::try_from(if minus { -value } else { value })
        {
            self.next();
            return Ok(value);
        }
        self.expected("a byte offset")
    }

    /// Registers start with `%`, or are declared without one.
    fn is_register(&self, name: &str) -> bool {
        name.starts_with('%') || self.registers.iter().flatten().any(|declared| declares(declared, name))
    }
}

/// Whether `.reg` name `declared` (`("%r", Some(10))` for `%r<10>`) declares `name`.
pub(crate) fn declares((prefix, count): &(String, Option<u32>), name: &str) -> bool {
    match count {
        None => prefix == name,
        Some(count) => name
            .strip_prefix(prefix.as_str())
            .filter(|digits| *digits == "0" || !digits.starts_with(['0', '+']))
            .and_then(|digits| digits.parse::<u32>().ok())
            .is_some_and(|index| index < *count),
    }
}
