//! Writes a module as text.

mod declarations;
mod expressions;
mod names;
mod statements;
mod types;

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use super::known::Known;
use super::spelling::{default_alias, write_quoted};
use crate::ir::{
    Constant, EnumDefinition, Function, Local, LocalId, Module, Scalar, Span, StructDefinition, TypeParameter,
};

/// See [`super::print`].
pub(super) fn print(module: &Module) -> String {
    let mut printer = Printer {
        out: String::with_capacity(1024),
        known: Known::new(&module.name),
        aliases: HashMap::new(),
        statement: Span::default(),
        indentation: 0,
    };
    printer.module(module);
    printer.out
}

struct Printer<'m> {
    out: String,
    known: Known,
    /// Short names of the imported modules.
    aliases: HashMap<&'m str, String>,
    /// Where the current statement or item is written.
    statement: Span,
    indentation: usize,
}

impl<'m> Printer<'m> {
    fn module(&mut self, module: &'m Module) {
        self.word("module ");
        self.path_name(&module.name);
        self.word(";\nfile ");
        write_quoted(&mut self.out, &module.file);
        self.word(";\n");
        self.imports(&module.imports);
        for definition in &module.structs {
            self.structure(definition);
        }
        for definition in &module.enums {
            self.enumeration(definition);
        }
        for constant in &module.constants {
            self.constant(constant);
        }
        for function in &module.functions {
            self.function(function);
        }
        for (number, text) in &module.lines {
            let _ = write!(self.out, "line {number} ");
            write_quoted(&mut self.out, text);
            self.word("\n");
        }
    }

    fn imports(&mut self, imports: &'m [String]) {
        let mut taken = HashSet::new();
        for import in imports {
            let first = default_alias(import);
            let mut alias = first.unwrap_or("module").to_string();
            let mut number = 1;
            while !taken.insert(alias.clone()) {
                number += 1;
                alias = format!("{}_{number}", first.unwrap_or("module"));
            }
            self.word("use ");
            self.path_name(import);
            if first != Some(alias.as_str()) {
                let _ = write!(self.out, " as {alias}");
            }
            self.word(";\n");
            self.aliases.entry(import).or_insert(alias);
        }
    }

    fn structure(&mut self, definition: &StructDefinition) {
        self.position(definition.span);
        self.word("struct ");
        self.path_name(&definition.name);
        self.generics(&definition.type_parameters, &[]);
        if definition.align != 1 {
            let _ = write!(self.out, " align({})", definition.align);
        }
        self.word(" { ");
        self.separated(&definition.fields, |printer, field| {
            printer.field_name(&field.name);
            printer.word(": ");
            printer.ty(&field.ty);
        });
        self.word(" }\n");
        self.known.declare_struct(definition);
        self.known.end_type_parameters();
    }

    /// `<T: Number, const ROW: u32>`, which are known from here on.
    fn generics(&mut self, types: &[TypeParameter], constants: &[(String, Scalar)]) {
        if types.is_empty() && constants.is_empty() {
            return;
        }
        self.word("<");
        self.separated(types, |printer, parameter| {
            printer.name(&parameter.name);
            printer.word(": ");
            printer.word(parameter.bound.name());
            printer.known.declare_type_parameter(&parameter.name);
        });
        if !types.is_empty() && !constants.is_empty() {
            self.word(", ");
        }
        self.separated(constants, |printer, (name, scalar)| {
            printer.word("const ");
            printer.name(name);
            printer.word(": ");
            printer.word(scalar.name());
            printer.known.declare_const_parameter(name, *scalar);
        });
        self.word(">");
    }

    fn enumeration(&mut self, definition: &EnumDefinition) {
        self.position(definition.span);
        self.word("enum ");
        self.path_name(&definition.name);
        self.word(if definition.stated { " repr(" } else { " (" });
        self.word(definition.scalar.name());
        self.word(") { ");
        self.separated(&definition.variants, |printer, (name, value)| {
            printer.field_name(name);
            let _ = write!(printer.out, " = {value}");
        });
        self.word(" }\n");
    }

    fn constant(&mut self, constant: &Constant) {
        self.position(constant.span);
        self.word("const ");
        self.path_name(&constant.name);
        self.word(": ");
        self.ty(&constant.ty);
        self.word(" = ");
        self.expression(&constant.value);
        self.word(";\n");
        self.known.declare_constant(&constant.name, &constant.ty);
    }

    fn function(&mut self, function: &Function) {
        if let Some(kernel) = &function.kernel {
            let _ = writeln!(self.out, "#[kernel({kernel})]");
        }
        self.position(function.span);
        self.word(if function.is_const { "const fn " } else { "fn " });
        self.path_name(&function.name);
        self.generics(&function.type_parameters, &function.const_parameters);
        let parameters = function.parameters.min(function.locals.len());
        self.word("(");
        self.separated((0..).zip(&function.locals[..parameters]), |printer, (index, local)| {
            printer.declaration(LocalId(index), local);
        });
        self.word(")");
        if function.result != crate::ir::Type::Unit {
            self.word(" -> ");
            self.ty(&function.result);
        }
        self.word(" {\n");
        self.indentation = 1;
        let in_place = declarations::in_place(function);
        for (index, local) in (0..).zip(&function.locals).skip(parameters) {
            if !in_place[index as usize] {
                self.indent();
                self.word("let ");
                self.declaration(LocalId(index), local);
                self.word(";\n");
            }
        }
        self.statements(&function.body, &function.locals);
        self.word("}\n");
        // Only resets; locals that no statement mentions were declared above.
        let _ = self.known.end_function();
    }

    /// Writes `name#index: Type` and makes the local known.
    fn declaration(&mut self, id: LocalId, local: &Local) {
        self.local_name(id, &local.name);
        self.word(": ");
        self.ty(&local.ty);
        self.known.declare_local(id, local.clone());
    }
}
