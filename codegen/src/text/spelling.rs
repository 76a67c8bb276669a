//! How names, strings and operators are spelled: shared by the printer and the parser.

use std::borrow::Cow;
use std::fmt::Write;

use crate::ir::{BinaryOp, Scalar};

/// Words that mean something else where an expression begins; a const generic of that name is
/// quoted.
pub(super) const RESERVED: [&str; 5] = ["true", "false", "new", "type", "_"];

/// Words that begin the type of a pointer; a type parameter of that name is quoted.
pub(super) const POINTERS: [&str; 7] =
    ["Global", "Shared", "Peer", "Peers", "GlobalSlice", "SharedSlice", "PeerSlice"];

/// Every scalar, to look one up by name.
const SCALARS: [Scalar; 11] = [
    Scalar::U32,
    Scalar::U64,
    Scalar::Bool,
    Scalar::F32,
    Scalar::I32,
    Scalar::U8,
    Scalar::U16,
    Scalar::I8,
    Scalar::I16,
    Scalar::I64,
    Scalar::F64,
];

/// The scalar of that name.
pub(super) fn scalar(name: &str) -> Option<Scalar> {
    SCALARS.into_iter().find(|scalar| scalar.name() == name)
}

/// Whether `name` is an ASCII identifier and needs no quotes.
pub(super) fn is_plain(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.first().is_some_and(|&first| is_word_start(first)) && bytes.iter().all(|&byte| is_word(byte))
}

/// Whether `name` is a path of plain names joined by `::`.
pub(super) fn is_plain_path(name: &str) -> bool {
    name.split("::").all(is_plain)
}

/// Whether a word may begin with `byte`.
pub(super) fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// Whether a word may contain `byte`.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The short name of an imported module when `use` does not state one: its last segment, or the one
/// before `code`, which is what device modules are usually called.
pub(super) fn default_alias(module: &str) -> Option<&str> {
    let mut segments = module.rsplit("::");
    let last = segments.next()?;
    let alias = if last == "code" { segments.next().unwrap_or(last) } else { last };
    (is_plain(alias) && alias != "self").then_some(alias)
}

/// Writes `text` between double quotes.
pub(super) fn write_quoted(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control.is_control() => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(control));
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
}

/// Undoes the escapes of [`write_quoted`] in what stood between the quotes.
pub(super) fn unquote(raw: &str) -> Result<Cow<'_, str>, String> {
    if !raw.contains('\\') {
        return Ok(Cow::Borrowed(raw));
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(position) = rest.find('\\') {
        text.push_str(&rest[..position]);
        let escape = &rest[position + 1..];
        let (character, length) = match escape.as_bytes().first() {
            Some(b'"') => ('"', 1),
            Some(b'\\') => ('\\', 1),
            Some(b'n') => ('\n', 1),
            Some(b'r') => ('\r', 1),
            Some(b't') => ('\t', 1),
            Some(b'u') => {
                unicode_escape(escape).ok_or("expected `\\u{hexadecimal digits of a character}`")?
            }
            _ => return Err("expected one of the escapes \\\" \\\\ \\n \\r \\t \\u{..}".to_string()),
        };
        text.push(character);
        rest = &escape[length..];
    }
    text.push_str(rest);
    Ok(Cow::Owned(text))
}

fn unicode_escape(escape: &str) -> Option<(char, usize)> {
    let digits = escape.strip_prefix("u{")?;
    let digits = &digits[..digits.find('}')?];
    let character = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
    Some((character, digits.len() + "u{}".len()))
}

/// Makes both directions from one table.
macro_rules! operators {
    ($($symbol:literal = $operator:ident;)*) => {
        /// The symbol of a binary operator.
        pub(super) fn symbol(operator: BinaryOp) -> &'static str {
            match operator {
                $(BinaryOp::$operator => $symbol,)*
            }
        }

        /// The binary operator of a symbol.
        pub(super) fn operator(symbol: &str) -> Option<BinaryOp> {
            match symbol {
                $($symbol => Some(BinaryOp::$operator),)*
                _ => None,
            }
        }
    };
}

operators! {
    "+" = Add;
    "-" = Subtract;
    "*" = Multiply;
    "/" = Divide;
    "%" = Remainder;
    "&" = And;
    "|" = Or;
    "^" = Xor;
    "<<" = ShiftLeft;
    ">>" = ShiftRight;
    "==" = Equal;
    "!=" = NotEqual;
    "<" = Less;
    "<=" = LessEqual;
    ">" = Greater;
    ">=" = GreaterEqual;
    "+%" = WrappingAdd;
    "-%" = WrappingSubtract;
    "*%" = WrappingMultiply;
}
