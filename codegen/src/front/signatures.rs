//! The types that structs and functions state.

use syn::spanned::Spanned;
use syn::{FnArg, GenericParam, Pat, ReceiverKind, ReturnType};

use super::diagnostic::Diagnostics;
use super::items::FunctionItem;
use super::names::{Environment, Signature};
use super::terms::Term;
use super::types::{Scope, scalar_named};
use super::{attributes, generics, modifiers, position, refused};
use crate::ir::{Field, Path, Scalar, StructDefinition, Type};

/// A struct with the types of its fields, and the fields whose types could not be read.
pub(super) fn definition(
    item: &syn::ItemStruct,
    environment: &Environment<'_>,
    diagnostics: &mut Diagnostics,
) -> (StructDefinition, Vec<String>) {
    let path = environment.own(&item.ident.to_string());
    let type_parameters = environment.struct_parameters(&path).to_vec();
    let self_type = Some(path);
    let mut refused = refused::names(&item.generics);
    refused.retain(|name| !type_parameters.iter().any(|known| known.name == *name));
    let scope = Scope {
        type_parameters: &type_parameters,
        self_type: &self_type,
        refused: &refused,
        ..Scope::outside_functions(environment)
    };
    let (_, align) = attributes::layout(&item.attrs, diagnostics);
    let (mut fields, mut unreadable) = (Vec::new(), Vec::new());
    for (index, field) in item.fields.iter().enumerate() {
        attributes::check(&field.attrs, &[], diagnostics);
        let name = field.ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string);
        let ty = scope.whole(&field.ty, diagnostics);
        if ty.is_none() {
            unreadable.push(name.clone());
        }
        let ty = ty.unwrap_or(Type::Unit);
        if let Some(name) = environment.without_repr(&Term::from(&ty)) {
            let message =
                format!("`{name}` lies in a struct here: write `#[repr(u32)]` or its like on `enum {name}`");
            diagnostics.report(field.ty.span(), message);
        }
        fields.push(Field { name, ty });
    }
    let span = position(item.ident.span());
    (StructDefinition { name: item.ident.to_string(), type_parameters, fields, align, span }, unreadable)
}

/// Const generics of a function.
fn const_parameters(written: &syn::Signature, diagnostics: &mut Diagnostics) -> Vec<(String, Scalar)> {
    let mut parameters = Vec::new();
    for parameter in &written.generics.params {
        if let GenericParam::Const(parameter) = parameter {
            let scalar = match &parameter.ty {
                syn::Type::Path(path) => {
                    path.path.get_ident().and_then(|name| scalar_named(&name.to_string()))
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

/// What callers need to know of a function.
pub(super) fn signature(
    function: &FunctionItem<'_>,
    environment: &Environment<'_>,
    diagnostics: &mut Diagnostics,
) -> Signature {
    let written = function.written;
    refused::signature(written, diagnostics);
    let const_parameters = const_parameters(written, diagnostics);
    let own = generics::type_parameters(&written.generics, environment, diagnostics);
    if function.kernel.is_some()
        && let Some(parameter) = written.generics.type_params().next()
    {
        diagnostics.report(
            parameter.span(),
            "a kernel is made for types that are known: write one for each type, which calls a generic function",
        );
    }
    let self_type = &function.self_type;
    // A generic parameter with a mistake is as good as refused.
    let mut refused = refused::names(&written.generics);
    refused.retain(|name| {
        !const_parameters.iter().any(|(known, _)| known == name)
            && !own.iter().any(|known| known.name == *name)
    });
    refused.extend(function.refused.iter().cloned());
    let type_parameters = [function.outer.as_slice(), &own].concat();
    let scope = Scope {
        environment,
        type_parameters: &type_parameters,
        const_parameters: &const_parameters,
        self_type,
        function: None,
        refused: &refused,
    };
    let (mut parameters, mut is_method) = (Vec::new(), false);
    for input in &written.inputs {
        let ty = match input {
            FnArg::Receiver(receiver) => {
                is_method = true;
                receiver_type(receiver, self_type, environment, diagnostics)
            }
            FnArg::Typed(typed) => {
                attributes::check(&typed.attrs, &[], diagnostics);
                if !matches!(&*typed.pat, Pat::Ident(_) | Pat::Wild(_)) {
                    diagnostics
                        .report(typed.pat.span(), "a parameter is a name: take the value apart with `let`");
                }
                match modifiers::of_type(&typed.ty, environment) {
                    Some(_) if function.kernel.is_some() => {
                        let message =
                            "a kernel states its orders and scopes itself: write them where they are used";
                        diagnostics.report(typed.ty.span(), message);
                        None
                    }
                    Some(_) => Some(Type::Scalar(Scalar::U32)),
                    None => scope.whole(&typed.ty, diagnostics),
                }
            }
        };
        if function.kernel.is_some()
            && let Some(ty) = &ty
            && !ty.is_launchable(&|ty| environment.readable_fields(ty))
        {
            diagnostics.report(
                input.span(),
                "a kernel parameter is a scalar, a `Global`, a `Peer`, a `Peers`, a `GlobalSlice`, a `PeerSlice` or a struct of \
                 these: pass more through memory",
            );
        }
        parameters.push(ty);
    }
    let result = match &written.output {
        ReturnType::Type(_, ty) => {
            if function.kernel.is_some()
                && !matches!(&**ty, syn::Type::Tuple(tuple) if tuple.elems.is_empty())
            {
                diagnostics
                    .report(ty.span(), "a kernel returns nothing: write results through a pointer parameter");
            }
            scope.whole(ty, diagnostics)
        }
        _ => Some(Type::Unit),
    };
    let is_kernel = function.kernel.is_some();
    Signature { is_kernel, is_method, type_parameters, const_parameters, parameters, result, refused }
}

fn receiver_type(
    receiver: &syn::Receiver,
    self_type: &Option<Path>,
    environment: &Environment<'_>,
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
    self_type.as_ref().map(|path| environment.item_type(path))
}
