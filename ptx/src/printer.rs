//! Canonical PTX text: `parse(print(module)) == module`.

use std::fmt::{self, Display, Formatter, Write};

use crate::model::*;
use crate::modifier::Space;
use crate::types::Type;

/// Operands as they are written: `a, b, c`.
pub(crate) fn comma_separated<T: Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

impl Display for Type {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, ".{}", self.modifier())
    }
}

impl Display for Space {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, ".{}", self.modifier())
    }
}

impl Display for Linkage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Linkage::Visible => ".visible",
            Linkage::Extern => ".extern",
            Linkage::Weak => ".weak",
            Linkage::Common => ".common",
        })
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Register(name) => f.write_str(name),
            Operand::Not(name) => write!(f, "!{name}"),
            Operand::Pair(first, second) => write!(f, "{first}|{second}"),
            Operand::Integer(value) if *value > i128::from(i64::MAX) => write!(f, "{value}U"),
            Operand::Integer(value) => write!(f, "{value}"),
            Operand::Float32(bits) => write!(f, "0f{bits:08X}"),
            Operand::Float64(bits) => write!(f, "0d{bits:016X}"),
            Operand::Address { base: Some(base), offset: 0 } => write!(f, "[{base}]"),
            Operand::Address { base: Some(base), offset } => write!(f, "[{base}{offset:+}]"),
            Operand::Address { base: None, offset } => write!(f, "[{offset}]"),
            Operand::Vector(elements) => write!(f, "{{{}}}", comma_separated(elements)),
            Operand::Symbol(name, 0) => f.write_str(name),
            Operand::Symbol(name, offset) => write!(f, "{name}{offset:+}"),
            Operand::Generic(name, 0) => write!(f, "generic({name})"),
            Operand::Generic(name, offset) => write!(f, "generic({name}){offset:+}"),
            Operand::Masked { mask, address } => write!(f, "{mask:#X}({address})"),
            Operand::Sink => f.write_str("_"),
            Operand::List(elements) => write!(f, "({})", comma_separated(elements)),
        }
    }
}

impl Display for Guard {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "@{}{}", if self.negated { "!" } else { "" }, self.register)
    }
}

/// Without the semicolon.
impl Display for Instruction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(guard) = &self.guard {
            write!(f, "{guard} ")?;
        }
        write!(f, "{}", self.opcode)?;
        if self.operands.is_empty() { Ok(()) } else { write!(f, " {}", comma_separated(&self.operands)) }
    }
}

/// Without the semicolon.
impl Display for Variable {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(linkage) = self.linkage {
            write!(f, "{linkage} ")?;
        }
        f.write_str(&declaration(self))?;
        match (&self.initializer[..], self.dimensions.is_empty() && self.vector == 1) {
            ([], _) => Ok(()),
            ([value], true) => write!(f, " = {value}"),
            (values, _) => write!(f, " = {{{}}}", comma_separated(values)),
        }
    }
}

fn declaration(variable: &Variable) -> String {
    let mut words = vec![variable.space.to_string()];
    let alignment = variable.align.map(|align| format!(".align {align}"));
    match variable.pointer {
        None => words.extend(alignment),
        Some(pointer) => {
            words.extend([variable.ty.to_string(), ".ptr".to_owned()]);
            words.extend(pointer.space.map(|space| space.to_string()));
            words.extend(pointer.align.map(|align| format!(".align {align}")));
        }
    }
    if variable.vector != 1 {
        words.push(format!(".v{}", variable.vector));
    }
    if variable.pointer.is_none() {
        words.push(variable.ty.to_string());
    }
    let mut name = variable.name.clone();
    for dimension in &variable.dimensions {
        name.push_str(&if *dimension == 0 { "[]".to_owned() } else { format!("[{dimension}]") });
    }
    words.push(name);
    words.join(" ")
}

impl Display for Directive {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, ".{}", self.name)?;
        if self.values.is_empty() { Ok(()) } else { write!(f, " {}", comma_separated(&self.values)) }
    }
}

/// Without the label and the semicolon.
impl Display for CallPrototype {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(".callprototype ")?;
        if !self.results.is_empty() {
            write!(f, "({}) ", comma_separated(&self.results))?;
        }
        write!(f, "_ ({})", comma_separated(&self.parameters))?;
        self.directives.iter().try_for_each(|directive| write!(f, " {directive}"))
    }
}

impl Display for Function {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(linkage) = self.linkage {
            write!(f, "{linkage} ")?;
        }
        f.write_str(match self.kind {
            FunctionKind::Entry => ".entry ",
            FunctionKind::Func => ".func ",
        })?;
        if !self.results.is_empty() {
            write!(f, "({}) ", comma_separated(&self.results))?;
        }
        f.write_str(&self.name)?;
        if self.parameters.is_empty() {
            f.write_str("()")?;
        } else {
            let lines: Vec<String> = self.parameters.iter().map(|p| format!("    {p}")).collect();
            write!(f, "(\n{}\n)", lines.join(",\n"))?;
        }
        for directive in &self.directives {
            write!(f, "\n{directive}")?;
        }
        let Some(body) = &self.body else {
            return f.write_str(";\n");
        };
        f.write_str("\n{\n")?;
        write_statements(f, body, 1)?;
        f.write_str("}\n")
    }
}

/// Statements are indented by four spaces per block, labels by one step less.
fn write_statements(f: &mut Formatter<'_>, statements: &[Statement], depth: usize) -> fmt::Result {
    let indent = "    ".repeat(depth);
    for statement in statements {
        match statement {
            Statement::Registers { ty, names } => {
                let names = names.iter().map(|(name, count)| match count {
                    Some(count) => format!("{name}<{count}>"),
                    None => name.clone(),
                });
                writeln!(f, "{indent}.reg {ty} {};", names.collect::<Vec<_>>().join(", "))?;
            }
            Statement::Variable(variable) => writeln!(f, "{indent}{variable};")?,
            Statement::Label(name) => writeln!(f, "{}{name}:", "    ".repeat(depth - 1))?,
            Statement::Instruction(instruction) => writeln!(f, "{indent}{instruction};")?,
            Statement::Location(Location { file, line, column }) => {
                writeln!(f, "{indent}.loc {file} {line} {column}")?;
            }
            Statement::Block(inner) => {
                writeln!(f, "{indent}{{")?;
                write_statements(f, inner, depth + 1)?;
                writeln!(f, "{indent}}}")?;
            }
            Statement::Comment(text) => write_comment(f, text, &indent)?,
            Statement::Pragma(text) => writeln!(f, "{indent}.pragma \"{text}\";")?,
            Statement::BranchTargets { label, targets } => {
                writeln!(f, "{}{label}:", "    ".repeat(depth - 1))?;
                writeln!(f, "{indent}.branchtargets {};", targets.join(", "))?;
            }
            Statement::CallTargets { label, targets } => {
                writeln!(f, "{}{label}:", "    ".repeat(depth - 1))?;
                writeln!(f, "{indent}.calltargets {};", targets.join(", "))?;
            }
            Statement::CallPrototype(prototype) => {
                writeln!(f, "{}{}:", "    ".repeat(depth - 1), prototype.label)?;
                writeln!(f, "{indent}{prototype};")?;
            }
        }
    }
    Ok(())
}

fn write_comment(f: &mut Formatter<'_>, text: &str, indent: &str) -> fmt::Result {
    let mut lines = text.split(['\n', '\r']);
    lines.try_for_each(|line| writeln!(f, "{}", format!("{indent}// {line}").trim_end()))
}

impl Display for Module {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, ".version {}", self.version)?;
        writeln!(f, ".target {}", self.target.join(", "))?;
        writeln!(f, ".address_size {}", self.address_size)?;
        let mut previous_is_line = false;
        for (position, item) in self.items.iter().enumerate() {
            let is_line = !matches!(item, Item::Function(_));
            let follows_comment = position > 0 && matches!(self.items[position - 1], Item::Comment(_));
            if position == 0 || !(follows_comment || (previous_is_line && is_line)) {
                f.write_char('\n')?;
            }
            match item {
                Item::File { index, path } => writeln!(f, ".file {index} \"{path}\"")?,
                Item::Variable(variable) => writeln!(f, "{variable};")?,
                Item::Alias { alias, function } => writeln!(f, ".alias {alias}, {function};")?,
                Item::Pragma(text) => writeln!(f, ".pragma \"{text}\";")?,
                Item::Function(function) => write!(f, "{function}")?,
                Item::Comment(text) => write_comment(f, text, "")?,
            }
            previous_is_line = is_line;
        }
        Ok(())
    }
}
