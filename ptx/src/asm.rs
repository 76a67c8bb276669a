//! Instructions with named holes: `mad.lo.u32 {sum}, {a}, {b}, {sum};`, which a compiler fills with
//! registers.
//!
//! `{name}` is an operand, `[{name}+8]` an address, `@{name}` a guard, `{a, b}` a vector of
//! operands, and `.{name}` a modifier. In the model an operand's hole is a register that is spelled
//! `{name}`, which no real register can be.

use std::fmt::Write;

use crate::error::{Error, Line};
use crate::model::Instruction;
use crate::modifier::Space;
use crate::parser;
use crate::table::Row;
use crate::table::operand::OperandPattern;

/// Reads instructions, each ended by `;` (the last may go without). `modifier` gives the text of a
/// hole in an opcode.
///
/// # Errors
/// The first thing that is no instruction of the table, with its line. Declarations, labels and
/// blocks are refused.
pub fn parse(text: &str, modifier: &dyn Fn(&str) -> Option<&'static str>) -> Result<Vec<Instruction>, Error> {
    let mut text = spelled(text, modifier)?;
    if !text.trim_end().is_empty() && !text.trim_end().ends_with([';', '}']) {
        text.push(';');
    }
    parser::parse_asm(&text)
}

/// How a hole is spelled for the lexer, which knows braces as vectors.
const MARK: &str = "%$";

/// The model's spelling of a register that the lexer read.
pub(crate) fn register(word: &str) -> String {
    word.strip_prefix(MARK).map_or_else(|| word.to_owned(), |name| format!("{{{name}}}"))
}

fn spelled(text: &str, modifier: &dyn Fn(&str) -> Option<&'static str>) -> Result<String, Error> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let line = Line(1 + out.matches('\n').count() as u32);
        let Some((inside, after)) = rest[open + 1..].split_once('}') else {
            let expected = "`}` that ends the name of an operand".to_owned();
            return Err(Error::Syntax { line, expected, found: "the end of the text".to_owned() });
        };
        let parts: Vec<&str> = inside.split(',').map(str::trim).collect();
        match parts.as_slice() {
            [name] if out.ends_with('.') => match modifier(name) {
                Some(text) => out.push_str(text),
                None => {
                    let expected = "a memory order or scope as a modifier".to_owned();
                    return Err(Error::Syntax { line, expected, found: format!("`{{{name}}}`") });
                }
            },
            [name] if is_name(name) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "{MARK}{name}");
            }
            _ => {
                let parts: Vec<String> = parts
                    .iter()
                    .map(|part| if is_name(part) { format!("{MARK}{part}") } else { (*part).to_owned() })
                    .collect();
                let _ = write!(out, "{{{}}}", parts.join(", "));
            }
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn is_name(text: &str) -> bool {
    text != "_"
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl Instruction {
    /// The state space of each address operand in order; `None` is the generic space.
    ///
    /// Spaces are written in the order of the addresses (`cp.async.shared.global [d], [s]`); an
    /// mbarrier lies in shared memory whether or not that is written.
    pub fn address_spaces(&self) -> Vec<Option<Space>> {
        let mut written = self
            .opcode
            .modifiers
            .iter()
            .filter_map(|modifier| Space::from_modifier(modifier).map(Space::declared));
        let addresses = self.patterns().unwrap_or_default().iter().filter_map(|pattern| match pattern {
            OperandPattern::Address(name) => Some(*name),
            _ => None,
        });
        let spaces = addresses.map(|name| match name {
            "mbarrier" => Some(Space::Shared),
            _ => written.next(),
        });
        spaces.collect()
    }
}

impl Row {
    /// Whether it decides which instruction comes next.
    pub fn is_control_flow(&self) -> bool {
        matches!(self.name, "bra" | "brx" | "call" | "ret" | "exit")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<String>, String> {
        let scope = |name: &str| (name == "scope").then_some("sys");
        let parsed = parse(text, &scope).map_err(|error| error.to_string())?;
        Ok(parsed.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn holes_are_operands_addresses_guards_vectors_and_modifiers() {
        let text = "@!{p} st.release.{scope}.global.v2.b32 [{to}+8], {a, b}; cp.async.wait_group {n}";
        let expected = ["@!{p} st.release.sys.global.v2.b32 [{to}+8], {{a}, {b}}", "cp.async.wait_group {n}"];
        assert_eq!(parsed(text), Ok(expected.map(str::to_owned).to_vec()));
    }

    #[test]
    fn only_instructions_stand_inline() {
        for (text, sentence) in [
            (".reg .b32 %x;", "a declaration, label or block inside inline PTX is not supported"),
            (
                "again: add.u32 {a}, {a}, 1;",
                "a declaration, label or block inside inline PTX is not supported",
            ),
            (
                "add.u32 {a}, {b",
                "line 1: expected `}` that ends the name of an operand, found the end of the text",
            ),
            ("addd.u32 {a}, {b}, 1;", "line 1: unknown instruction `addd`"),
            (
                "ld.{order}.u32 {a}, [{b}];",
                "line 1: expected a memory order or scope as a modifier, found `{order}`",
            ),
        ] {
            assert_eq!(parsed(text), Err(sentence.to_owned()), "{text}");
        }
    }

    #[test]
    fn spaces_follow_the_addresses() {
        let spaces =
            |text: &str| parse(text, &|_| None).map(|all| all[0].address_spaces()).unwrap_or_default();
        let copy = "cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes [{d}], [{s}], {n}, [{b}]";
        assert_eq!(spaces(copy), [Some(Space::Shared), Some(Space::Global), Some(Space::Shared)]);
        assert_eq!(spaces("ld.u32 {d}, [{s}]"), [None]);
    }
}
