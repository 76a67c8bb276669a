//! Items: what a module defines, by kind and in order.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{GenericArgument, ImplItem, Item, PathArguments};

use super::attributes;
use super::diagnostic::Diagnostics;
use super::enums;
use super::generics;
use super::local_constants;
use super::names::Environment;
use super::refused;
use super::signatures::{definition, signature};
use super::types::Scope;
use crate::ir::{EnumDefinition, KernelAttributes, Path, StructDefinition, TypeParameter};

/// A constant that is declared and not yet lowered.
pub(super) struct ConstantItem<'a> {
    pub(super) name: String,
    pub(super) written: &'a syn::Type,
    pub(super) value: &'a syn::Expr,
    pub(super) self_type: Option<Path>,
    pub(super) span: Span,
}

/// A function that is declared and not yet lowered.
pub(super) struct FunctionItem<'a> {
    pub(super) name: String,
    pub(super) kernel: Option<KernelAttributes>,
    pub(super) written: &'a syn::Signature,
    pub(super) block: &'a syn::Block,
    pub(super) self_type: Option<Path>,
    /// Type parameters of the `impl`.
    pub(super) outer: Vec<TypeParameter>,
    /// Generics of the `impl` that have mistakes.
    pub(super) refused: Vec<String>,
}

/// The items of a module by kind, in source order.
#[derive(Default)]
pub(super) struct Items<'a> {
    structs: Vec<&'a syn::ItemStruct>,
    enums: Vec<&'a syn::ItemEnum>,
    pub(super) constants: Vec<ConstantItem<'a>>,
    pub(super) functions: Vec<FunctionItem<'a>>,
}

impl<'a> Items<'a> {
    /// Sorts the items, announces their names, and reports what a device module cannot hold.
    pub(super) fn collect(
        items: &'a [Item],
        environment: &mut Environment<'a>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut sorted = Self::default();
        for item in items {
            match item {
                Item::Use(_) => {}
                Item::Struct(item) => {
                    attributes::check(&item.attrs, &["repr", "derive"], diagnostics);
                    refused::generics(&item.generics, diagnostics);
                    let parameters = generics::type_parameters(&item.generics, environment, diagnostics);
                    let (has_layout, _) = attributes::layout(&item.attrs, &mut Diagnostics::default());
                    environment.announce_struct(&item.ident.to_string(), parameters, has_layout);
                    sorted.structs.push(item);
                }
                Item::Enum(item) => {
                    attributes::check(&item.attrs, &["repr", "derive"], diagnostics);
                    refused::all_generics(&item.generics, diagnostics);
                    environment.announce_enum(&item.ident.to_string());
                    sorted.enums.push(item);
                }
                Item::Const(item) => {
                    attributes::check(&item.attrs, &[], diagnostics);
                    sorted.constant(&item.ident, &item.ty, &item.expr, None, environment);
                }
                Item::Fn(item) => {
                    attributes::check(&item.attrs, &["kernel"], diagnostics);
                    let kernel = attributes::find(&item.attrs, "kernel");
                    let kernel = kernel.map(|attribute| attributes::kernel(attribute, diagnostics));
                    let name = item.sig.ident.to_string();
                    let (written, block) = (&item.sig, &*item.block);
                    sorted.functions.push(FunctionItem {
                        name,
                        kernel,
                        written,
                        block,
                        self_type: None,
                        outer: Vec::new(),
                        refused: Vec::new(),
                    });
                }
                Item::Impl(_) => {}
                other => refused::item(other, diagnostics),
            }
        }
        for item in items {
            if let Item::Impl(item) = item {
                sorted.implementation(item, environment, diagnostics);
            }
        }
        let local = local_constants::collect(&sorted.functions, environment, diagnostics);
        sorted.constants.extend(local);
        sorted
    }

    fn constant(
        &mut self,
        ident: &syn::Ident,
        written: &'a syn::Type,
        value: &'a syn::Expr,
        owner: Option<&Path>,
        environment: &mut Environment<'a>,
    ) {
        let name = owner.map_or_else(|| ident.to_string(), |owner| format!("{}::{ident}", owner.item));
        environment.announce_constant(&name, value);
        self.constants.push(ConstantItem {
            name,
            written,
            value,
            self_type: owner.cloned(),
            span: ident.span(),
        });
    }

    fn implementation(
        &mut self,
        item: &'a syn::ItemImpl,
        environment: &mut Environment<'a>,
        diagnostics: &mut Diagnostics,
    ) {
        attributes::check(&item.attrs, &[], diagnostics);
        refused::generics(&item.generics, diagnostics);
        if let Some((path, _)) = &item.trait_ {
            diagnostics.report(
                path.span(),
                "device code has no traits: write the functions in an `impl` of the struct itself",
            );
            return;
        }
        let named = match &*item.self_ty {
            syn::Type::Path(path) if path.qself.is_none() && path.path.segments.len() == 1 => {
                path.path.segments.last()
            }
            _ => None,
        };
        let own = named.map(|segment| segment.ident.clone()).filter(|name| {
            self.structs.iter().any(|known| known.ident == *name)
                || self.enums.iter().any(|known| known.ident == *name)
        });
        let Some(own) = own else {
            diagnostics.report(
                item.self_ty.span(),
                "an `impl` stands in the module that defines its type: move it there, or write a function",
            );
            return;
        };
        let owner = environment.own(&own.to_string());
        let outer = generics::type_parameters(&item.generics, environment, diagnostics);
        let refused = refused::names(&item.generics);
        let refused: Vec<String> =
            refused.into_iter().filter(|name| !outer.iter().any(|known| known.name == *name)).collect();
        let names: Vec<&str> =
            environment.struct_parameters(&owner).iter().map(|known| known.name.as_str()).collect();
        if refused.is_empty()
            && (names != outer.iter().map(|known| known.name.as_str()).collect::<Vec<_>>()
                || names != named.map(written_arguments).unwrap_or_default())
        {
            let message = match names.is_empty() {
                true => format!("`{own}` takes no type arguments: write `impl {own}`"),
                false => {
                    let names = names.join(", ");
                    format!(
                        "an `impl` names the type parameters as `{own}` does: write `impl<{names}> {own}<{names}>`, each with a bound"
                    )
                }
            };
            diagnostics.report(item.self_ty.span(), message);
            return;
        }
        for member in &item.items {
            match member {
                ImplItem::Const(member) => {
                    attributes::check(&member.attrs, &[], diagnostics);
                    if !outer.is_empty() {
                        let message =
                            "a generic `impl` holds functions only: write the constant outside of it";
                        diagnostics.report(member.ident.span(), message);
                        continue;
                    }
                    self.constant(&member.ident, &member.ty, &member.expr, Some(&owner), environment);
                }
                ImplItem::Fn(member) => {
                    attributes::check(&member.attrs, &[], diagnostics);
                    self.functions.push(FunctionItem {
                        name: format!("{own}::{}", member.sig.ident),
                        kernel: None,
                        written: &member.sig,
                        block: &member.block,
                        self_type: Some(owner.clone()),
                        outer: outer.clone(),
                        refused: refused.clone(),
                    });
                }
                other => {
                    diagnostics.report(other.span(), "a device `impl` holds functions and constants only")
                }
            }
        }
        self.functions.sort_by_key(|function| {
            let start = function.written.ident.span().start();
            (start.line, start.column)
        });
    }

    /// Works out the enums, whose types need nothing but constants.
    pub(super) fn declare_enums(
        &self,
        environment: &mut Environment<'a>,
        diagnostics: &mut Diagnostics,
    ) -> Vec<EnumDefinition> {
        let mut enums = Vec::new();
        for item in &self.enums {
            let definition = enums::definition(item, environment, diagnostics);
            environment.declare_enum(definition.clone());
            enums.push(definition);
        }
        enums
    }

    /// Works out every type that a signature states and declares it.
    pub(super) fn declare(
        &self,
        environment: &mut Environment<'a>,
        diagnostics: &mut Diagnostics,
    ) -> Vec<StructDefinition> {
        let mut structs = Vec::new();
        for item in &self.structs {
            let (definition, unreadable) = definition(item, environment, diagnostics);
            environment.declare_struct(definition.clone(), unreadable);
            structs.push(definition);
        }
        for constant in &self.constants {
            let function = environment.function_of(&constant.name);
            let self_type = &constant.self_type;
            let scope = Scope { self_type, function, ..Scope::outside_functions(environment) };
            if let Some(ty) = scope.whole(constant.written, diagnostics) {
                environment.declare_constant(&constant.name, ty);
            }
        }
        for function in &self.functions {
            let signature = signature(function, environment, diagnostics);
            environment.declare_function(&function.name, signature);
        }
        structs
    }
}

/// The names between `<` and `>`; an empty one for anything else.
fn written_arguments(segment: &syn::PathSegment) -> Vec<String> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return Vec::new() };
    let name = |argument: &GenericArgument| match argument {
        GenericArgument::Type(syn::Type::Path(path)) => path.path.get_ident().map(ToString::to_string),
        _ => None,
    };
    arguments.args.iter().map(|argument| name(argument).unwrap_or_default()).collect()
}
