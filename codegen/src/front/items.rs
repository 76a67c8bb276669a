//! Items: what a module defines, and the signatures that bodies are then checked against.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{FnArg, GenericParam, ImplItem, Item, Pat, ReceiverKind, ReturnType};

use super::attributes;
use super::diagnostic::Diagnostics;
use super::names::{Environment, Signature};
use super::types::Scope;
use super::{position, refused};
use crate::ir::{Field, KernelAttributes, Path, Scalar, Space, StructDefinition, Type};

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
}

/// The items of a module by kind, in source order.
#[derive(Default)]
pub(super) struct Items<'a> {
    structs: Vec<&'a syn::ItemStruct>,
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
                    let (has_layout, _) = attributes::layout(&item.attrs, &mut Diagnostics::default());
                    environment.announce_struct(&item.ident.to_string(), has_layout);
                    sorted.structs.push(item);
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
                    sorted.functions.push(FunctionItem { name, kernel, written, block, self_type: None });
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
        let name = match &*item.self_ty {
            syn::Type::Path(path) if path.qself.is_none() => path.path.get_ident().cloned(),
            _ => None,
        };
        let own = name.filter(|name| self.structs.iter().any(|known| known.ident == *name));
        let Some(own) = own else {
            diagnostics.report(
                item.self_ty.span(),
                "an `impl` stands in the module that defines its struct: move it there, or write a function",
            );
            return;
        };
        let owner = environment.own(&own.to_string());
        for member in &item.items {
            match member {
                ImplItem::Const(member) => {
                    attributes::check(&member.attrs, &[], diagnostics);
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

    /// Works out every type that a signature states and declares it.
    pub(super) fn declare(
        &self,
        environment: &mut Environment<'a>,
        diagnostics: &mut Diagnostics,
    ) -> Vec<StructDefinition> {
        let mut structs = Vec::new();
        for item in &self.structs {
            let definition = definition(item, environment, diagnostics);
            environment.declare_struct(definition.clone());
            structs.push(definition);
        }
        for constant in &self.constants {
            let scope = Scope { environment, const_parameters: &[], self_type: &constant.self_type };
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

fn definition(
    item: &syn::ItemStruct,
    environment: &Environment<'_>,
    diagnostics: &mut Diagnostics,
) -> StructDefinition {
    let self_type = Some(environment.own(&item.ident.to_string()));
    let scope = Scope { environment, const_parameters: &[], self_type: &self_type };
    let (_, align) = attributes::layout(&item.attrs, diagnostics);
    let mut fields = Vec::new();
    for (index, field) in item.fields.iter().enumerate() {
        attributes::check(&field.attrs, &[], diagnostics);
        let name = field.ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string);
        let ty = scope.whole(&field.ty, diagnostics).unwrap_or(Type::Unit);
        fields.push(Field { name, ty });
    }
    StructDefinition { name: item.ident.to_string(), fields, align, span: position(item.ident.span()) }
}

/// Const generics of a function.
pub(super) fn const_parameters(
    written: &syn::Signature,
    diagnostics: &mut Diagnostics,
) -> Vec<(String, Scalar)> {
    let mut parameters = Vec::new();
    for parameter in &written.generics.params {
        if let GenericParam::Const(parameter) = parameter {
            let scalar = match &parameter.ty {
                syn::Type::Path(path) => {
                    path.path.get_ident().and_then(|name| super::types::scalar_named(&name.to_string()))
                }
                _ => None,
            };
            match scalar.filter(|scalar| !scalar.is_float()) {
                Some(scalar) => parameters.push((parameter.ident.to_string(), scalar)),
                None => {
                    diagnostics.report(parameter.ty.span(), "a const parameter is an integer or a `bool`")
                }
            }
        }
    }
    parameters
}

fn signature(
    function: &FunctionItem<'_>,
    environment: &Environment<'_>,
    diagnostics: &mut Diagnostics,
) -> Signature {
    let written = function.written;
    refused::signature(written, diagnostics);
    let const_parameters = const_parameters(written, diagnostics);
    let self_type = &function.self_type;
    let scope = Scope { environment, const_parameters: &const_parameters, self_type };
    let (mut parameters, mut is_method) = (Vec::new(), false);
    for input in &written.inputs {
        let ty = match input {
            FnArg::Receiver(receiver) => {
                is_method = true;
                receiver_type(receiver, self_type, diagnostics)
            }
            FnArg::Typed(typed) => {
                attributes::check(&typed.attrs, &[], diagnostics);
                if !matches!(&*typed.pat, Pat::Ident(_) | Pat::Wild(_)) {
                    diagnostics
                        .report(typed.pat.span(), "a parameter is a name: take the value apart with `let`");
                }
                scope.whole(&typed.ty, diagnostics)
            }
        };
        if function.kernel.is_some()
            && let Some(ty) = &ty
            && !is_launchable(ty)
        {
            diagnostics.report(
                input.span(),
                "a kernel parameter is a scalar, a `Global`, a `Peer` or a `Peers`: pass more through memory",
            );
        }
        parameters.push(ty.unwrap_or(Type::Unit));
    }
    let result = match &written.output {
        ReturnType::Type(_, ty) => {
            if function.kernel.is_some()
                && !matches!(&**ty, syn::Type::Tuple(tuple) if tuple.elems.is_empty())
            {
                diagnostics
                    .report(ty.span(), "a kernel returns nothing: write results through a pointer parameter");
            }
            scope.whole(ty, diagnostics).unwrap_or(Type::Unit)
        }
        _ => Type::Unit,
    };
    let is_kernel = function.kernel.is_some();
    Signature { is_kernel, is_method, const_parameters, parameters, result }
}

fn is_launchable(ty: &Type) -> bool {
    matches!(ty, Type::Scalar(_) | Type::Peers(_) | Type::Pointer(Space::Global | Space::Peer, _))
}

fn receiver_type(
    receiver: &syn::Receiver,
    self_type: &Option<Path>,
    diagnostics: &mut Diagnostics,
) -> Option<Type> {
    let copies = match &receiver.kind {
        ReceiverKind::Value => true,
        ReceiverKind::Reference(_, _, mutable) => mutable.is_none(),
        _ => false,
    };
    if !copies {
        diagnostics.report(
            receiver.span(),
            "a method takes a copy: write `self`, and return the changed value instead of changing it in place",
        );
    }
    if self_type.is_none() {
        diagnostics.report(receiver.span(), "`self` is known only inside an `impl`: name the parameter");
    }
    self_type.clone().map(Type::Struct)
}
