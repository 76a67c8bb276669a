//! Items: unique names, well-formed types, kernels that can be launched.

use rustc_hash::FxHashSet;

use super::Checker;
use crate::Mistake;
use crate::back::constant::range;
use crate::back::program::Program;
use crate::ir::{Function, KernelAttributes, Span, Type};

/// Modules with one name could not be told apart.
pub(super) fn repeated_modules(program: &Program) -> Vec<Mistake> {
    let mut seen = FxHashSet::default();
    let repeated = program.modules.iter().filter(|module| !seen.insert(&module.name));
    repeated
        .map(|module| Mistake {
            file: module.file.clone(),
            span: Span::default(),
            message: format!("there are two modules `{}`: link each module once", module.name),
        })
        .collect()
}

impl<'a> Checker<'a> {
    /// Checks everything in the module.
    pub(super) fn items(&mut self) {
        let module = self.module;
        for name in &module.imports {
            if !self.program.modules.iter().any(|module| module.name == *name) {
                let message = format!("`{}` uses the module `{name}`, which is not linked", module.name);
                self.mistake(Span::default(), message);
            }
        }
        self.repeated("struct", module.structs.iter().map(|item| (&item.name, item.span)));
        self.repeated("constant", module.constants.iter().map(|item| (&item.name, item.span)));
        self.repeated("function", module.functions.iter().map(|item| (&item.name, item.span)));
        self.repeated("enum", module.enums.iter().map(|item| (&item.name, item.span)));
        for definition in &module.enums {
            self.repeated("variant", definition.variants.iter().map(|(name, _)| (name, definition.span)));
            let fits = |value| {
                let (least, greatest) = range(definition.scalar);
                (least..=greatest).contains(value)
            };
            if !definition.scalar.is_integer() || !definition.variants.iter().all(|(_, value)| fits(value)) {
                let message =
                    format!("the discriminants of `{}` must be integers that fit its type", definition.name);
                self.mistake(definition.span, message);
            }
        }
        for structure in &module.structs {
            if !structure.align.is_power_of_two() || structure.align > 4096 {
                let message =
                    format!("the alignment of `{}` must be a power of two up to 4096", structure.name);
                self.mistake(structure.span, message);
            }
            self.repeated("field", structure.fields.iter().map(|field| (&field.name, structure.span)));
            for field in &structure.fields {
                self.ty(&field.ty, structure.span);
            }
        }
        for constant in &module.constants {
            self.ty(&constant.ty, constant.span);
            self.expression(&constant.value);
            self.agree(&constant.ty, &constant.value.ty, constant.value.span, "this constant");
        }
        for function in &module.functions {
            self.function = Some(function);
            self.function(function);
            self.function = None;
        }
    }

    fn repeated<'n>(&mut self, what: &str, names: impl Iterator<Item = (&'n String, Span)>) {
        let mut seen = FxHashSet::default();
        for (name, span) in names {
            if !seen.insert(name) {
                self.mistake(span, format!("there are two {what}s `{name}`: rename one"));
            }
        }
    }

    fn function(&mut self, function: &'a Function) {
        self.repeated(
            "const parameter",
            function.const_parameters.iter().map(|(name, _)| (name, function.span)),
        );
        for (name, scalar) in &function.const_parameters {
            if scalar.is_float() {
                self.mistake(
                    function.span,
                    format!("the const parameter `{name}` must be an integer or a bool"),
                );
            }
        }
        if function.parameters > function.locals.len() {
            self.mistake(function.span, format!("`{}` has more parameters than locals", function.name));
            return;
        }
        for local in &function.locals {
            self.ty(&local.ty, function.span);
        }
        self.ty(&function.result, function.span);
        if let Some(attributes) = &function.kernel {
            self.kernel(function, attributes);
        }
        let before = self.mistakes.len();
        self.block(&function.body);
        if self.mistakes.len() == before {
            self.flow(function);
        }
    }

    fn kernel(&mut self, function: &Function, attributes: &KernelAttributes) {
        if attributes.max_registers.is_some_and(|most| !(16..=255).contains(&most)) {
            self.mistake(function.span, "max_registers must be from 16 to 255");
        } else if let Some(message) = attributes.mistake() {
            self.mistake(function.span, message);
        }
        if function.result != Type::Unit {
            self.mistake(function.span, format!("the kernel `{}` must not return a value", function.name));
        }
        for local in &function.locals[..function.parameters] {
            if !local.ty.is_launchable(&|ty| self.program.fields(ty)) {
                let message = format!(
                    "the kernel parameter `{}` must be a scalar, a Global, a Peer, a Peers, a slice of global memory or a \
                     struct of these",
                    local.name
                );
                self.mistake(function.span, message);
            }
        }
    }
}
