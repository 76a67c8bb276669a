//! Enums without payload: which integer holds them, and the discriminants of their variants.

use syn::spanned::Spanned;
use syn::{Fields, ItemEnum};

use super::diagnostic::Diagnostics;
use super::literals::fits;
use super::names::Environment;
use super::types::{Scope, scalar_named};
use super::{attributes, lengths, position};
use crate::ir::{EnumDefinition, Scalar};

/// An enum with the discriminants of its variants.
pub(super) fn definition(
    item: &ItemEnum,
    environment: &Environment<'_>,
    diagnostics: &mut Diagnostics,
) -> EnumDefinition {
    let scope = Scope::outside_functions(environment);
    let (mut variants, mut next) = (Vec::new(), 0i128);
    for variant in &item.variants {
        attributes::check(&variant.attrs, &["default"], diagnostics);
        if !matches!(variant.fields, Fields::Unit) {
            diagnostics.report(
                variant.span(),
                "variants of a device enum hold no values: keep the values in a struct beside the enum",
            );
        }
        if let Some((_, written)) = &variant.discriminant {
            match lengths::integer(written, &scope) {
                Some(value) => next = value,
                None => diagnostics.report(
                    written.span(),
                    "a discriminant is a literal, or made of literals and constants with operators",
                ),
            }
        }
        variants.push((variant.ident.to_string(), next));
        next += 1;
    }
    let stated = repr(item, diagnostics);
    let holds = |scalar: &Scalar| variants.iter().all(|(_, value)| fits(*value, *scalar));
    let scalar = stated.or_else(|| [Scalar::U32, Scalar::I32, Scalar::I64].into_iter().find(holds));
    if variants.is_empty() || !scalar.as_ref().is_some_and(holds) {
        let message = match variants.is_empty() {
            true => "a device enum has at least one variant",
            false => "the discriminants do not fit: write `#[repr(i64)]` or another type that holds them all",
        };
        diagnostics.report(item.ident.span(), message);
    }
    EnumDefinition {
        name: item.ident.to_string(),
        scalar: scalar.unwrap_or(Scalar::U32),
        stated: stated.is_some(),
        variants,
        span: position(item.ident.span()),
    }
}

/// The integer type that `#[repr(..)]` states.
fn repr(item: &ItemEnum, diagnostics: &mut Diagnostics) -> Option<Scalar> {
    let attribute = attributes::find(&item.attrs, "repr")?;
    let name = attribute.parse_args::<syn::Ident>().map(|name| name.to_string()).unwrap_or_default();
    let scalar = scalar_named(&name).filter(|scalar| scalar.is_integer());
    if scalar.is_none() {
        diagnostics.report(
            attribute.span(),
            "a device enum is held by an integer: write `#[repr(u32)]` or another integer type",
        );
    }
    scalar
}
