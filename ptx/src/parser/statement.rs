//! Function bodies.

use super::{Parsed, Parser};
use crate::asm;
use crate::error::{Error, Line};
use crate::lexer::TokenKind;
use crate::model::{Guard, Instruction, Location, Statement};
use crate::modifier::Space;
use crate::types::Type;

impl Parser<'_> {
    /// Statements after `{`, up to and including `}`.
    pub(super) fn block(&mut self) -> Parsed<Vec<Statement>> {
        self.registers.push(Vec::new());
        let statements = self.nested(|parser| {
            let mut statements = Vec::new();
            loop {
                if let Some(comment) = parser.comment() {
                    statements.push(Statement::Comment(comment.to_owned()));
                } else if parser.accept('}') {
                    return Ok(statements);
                } else {
                    parser.statement(&mut statements)?;
                }
            }
        });
        self.registers.pop();
        statements
    }

    /// Nothing but instructions, to the end of the text.
    pub(super) fn instructions(&mut self) -> Parsed<Vec<Instruction>> {
        let mut statements = Vec::new();
        while self.peek().is_some() {
            self.statement(&mut statements)?;
        }
        let instructions = statements.into_iter().map(|statement| match statement {
            Statement::Instruction(instruction) => Ok(instruction),
            _ => {
                let what = "a declaration, label or block inside inline PTX".to_owned();
                Err(Error::Unsupported { line: Line(0), what })
            }
        });
        instructions.collect()
    }

    fn statement(&mut self, out: &mut Vec<Statement>) -> Parsed<()> {
        match self.peek() {
            Some(TokenKind::Punctuation('{')) => {
                self.next();
                let inner = self.block()?;
                out.push(Statement::Block(inner));
            }
            Some(TokenKind::Punctuation(';')) => {
                self.next();
            }
            Some(TokenKind::Punctuation('@')) => {
                self.next();
                let negated = self.accept('!');
                let register = asm::register(self.word("a predicate register after `@`")?);
                let mut instruction = self.instruction()?;
                instruction.guard = Some(Guard { register, negated });
                out.push(Statement::Instruction(instruction));
            }
            Some(TokenKind::Directive(name)) => self.directive(name, out)?,
            Some(TokenKind::Word(name)) => {
                let after = self.tokens.get(self.position + 1).map(|token| token.kind);
                if after != Some(TokenKind::Punctuation(':')) {
                    let instruction = self.instruction()?;
                    out.push(Statement::Instruction(instruction));
                    return Ok(());
                }
                self.next();
                self.next();
                // Looked at as it stands: a comment that follows the label belongs to the body.
                let directly = self.tokens.get(self.position).map(|token| token.kind);
                let label = name.to_owned();
                out.push(match directly {
                    Some(TokenKind::Directive("branchtargets")) => {
                        self.next();
                        let targets = self.list(';', |p| p.word("a label").map(str::to_owned))?;
                        Statement::BranchTargets { label, targets }
                    }
                    Some(TokenKind::Directive("calltargets")) => {
                        self.next();
                        let targets = self.list(';', |p| p.word("a function").map(str::to_owned))?;
                        Statement::CallTargets { label, targets }
                    }
                    Some(TokenKind::Directive("callprototype")) => {
                        self.next();
                        Statement::CallPrototype(self.call_prototype(label)?)
                    }
                    _ => Statement::Label(label),
                });
            }
            _ => return self.expected("a statement or `}`"),
        }
        Ok(())
    }

    fn instruction(&mut self) -> Parsed<Instruction> {
        self.peek();
        let line = self.line();
        let opcode = self.word("an instruction")?;
        let operands = if self.accept(';') { Vec::new() } else { self.list(';', Self::operand)? };
        Instruction::at_line(opcode, operands, line)
    }

    fn directive(&mut self, name: &str, out: &mut Vec<Statement>) -> Parsed<()> {
        match name {
            "reg" => {
                self.next();
                let statement = self.registers()?;
                out.push(statement);
            }
            "loc" => {
                self.next();
                let location = self.location()?;
                out.push(Statement::Location(location));
            }
            "pragma" => {
                self.next();
                for text in self.list(';', |p| p.text().map(str::to_owned))? {
                    out.push(Statement::Pragma(text));
                }
            }
            "section" => self.skip_section()?,
            "branchtargets" | "callprototype" | "calltargets" => {
                return self.expected(&format!("a label before `.{name}`"));
            }
            "align" => out.extend(self.variables(None)?.into_iter().map(Statement::Variable)),
            _ if Space::from_modifier(name).is_some() => {
                out.extend(self.variables(None)?.into_iter().map(Statement::Variable));
            }
            _ => return self.expected("a statement or `}`"),
        }
        Ok(())
    }

    /// After `.reg`.
    fn registers(&mut self) -> Parsed<Statement> {
        let ty = match self.peek() {
            Some(TokenKind::Directive("v2" | "v4")) => return self.unsupported("a vector register"),
            Some(TokenKind::Directive(name)) if Type::fundamental(name).is_some() => Type::fundamental(name),
            _ => None,
        };
        let Some(ty) = ty else { return self.expected("a register type such as `.b32`") };
        self.next();
        let names = self.list(';', |parser| {
            let name = parser.word("a register name")?.to_owned();
            if !parser.accept('<') {
                return Ok((name, None));
            }
            let count = parser.unsigned("a register count")?;
            parser.expect('>')?;
            Ok((name, Some(count)))
        })?;
        if let Some(scope) = self.registers.last_mut() {
            scope.extend(names.iter().cloned());
        }
        Ok(Statement::Registers { ty, names })
    }

    /// After `.loc`; the rest of the line (function name and inlining) is skipped.
    fn location(&mut self) -> Parsed<Location> {
        let line_of_text = self.line();
        let file = self.unsigned("a `.file` index")?;
        let line = self.unsigned("a line number")?;
        let column = self.unsigned("a column number")?;
        while self.tokens.get(self.position).is_some_and(|token| token.line == line_of_text) {
            self.position += 1;
        }
        Ok(Location { file, line, column })
    }

    /// `.section name { ... }`, which holds debug data for tools.
    pub(super) fn skip_section(&mut self) -> Parsed<()> {
        let start = self.line();
        while !self.accept('{') {
            if self.next().is_none() {
                return self.expected("`{` of the section");
            }
        }
        let mut depth = 1;
        while depth > 0 {
            match self.next() {
                Some(TokenKind::Punctuation('{')) => depth += 1,
                Some(TokenKind::Punctuation('}')) => depth -= 1,
                Some(_) => {}
                None => {
                    let expected = "`}` that ends the section".to_owned();
                    let found = "the end of the text".to_owned();
                    return Err(Error::Syntax { line: Line(start), expected, found });
                }
            }
        }
        Ok(())
    }
}
