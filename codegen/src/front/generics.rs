//! Type parameters as they are written: each stands for a closed set of types, which a trait of the
//! prelude names.

use syn::spanned::Spanned;
use syn::{GenericParam, Generics, TypeParamBound};

use super::diagnostic::Diagnostics;
use super::names::Environment;
use super::types::scalar_named;
use crate::ir::{Bound, TypeParameter};

/// The type parameters, those with mistakes left out.
pub(super) fn type_parameters(
    generics: &Generics,
    environment: &Environment<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<TypeParameter> {
    let (mut parameters, mut constant) = (Vec::new(), false);
    for parameter in &generics.params {
        let parameter = match parameter {
            GenericParam::Type(parameter) => parameter,
            other => {
                constant |= matches!(other, GenericParam::Const(_));
                continue;
            }
        };
        let name = parameter.ident.to_string();
        if constant {
            diagnostics.report(parameter.span(), "type parameters stand before const parameters");
        } else if let Some((_, default)) = &parameter.default {
            diagnostics
                .report(default.span(), "a type parameter has no default in device code: leave it out");
        } else if scalar_named(&name).is_some() {
            diagnostics.report(parameter.ident.span(), format!("`{name}` is a type: call the parameter `T`"));
        } else if let Some(bound) = bound(parameter, environment, diagnostics) {
            parameters.push(TypeParameter { name, bound });
        }
    }
    parameters
}

/// The one set that a parameter is bounded by.
fn bound(
    parameter: &syn::TypeParam,
    environment: &Environment<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Bound> {
    let mut found = Bound::Copy;
    for written in &parameter.bounds {
        let named = match written {
            TypeParamBound::Trait(bound) => bound.path.get_ident().map(ToString::to_string),
            _ => None,
        };
        let bound = named.and_then(|name| Bound::named(environment.built_in(&name)));
        let message = match bound {
            Some(Bound::Copy) => continue,
            Some(bound) if found == Bound::Copy => {
                found = bound;
                continue;
            }
            Some(bound) => format!(
                "a type parameter stands for one set of types: write `{}: {}` alone",
                parameter.ident,
                bound.name()
            ),
            None => {
                let sets = Bound::ALL.map(|bound| format!("`{}`", bound.name())).join(", ");
                format!("this is no set of device types: bound `{}` by one of {sets}", parameter.ident)
            }
        };
        diagnostics.report(written.span(), message);
        return None;
    }
    Some(found)
}
