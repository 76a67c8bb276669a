//! Attributes: what `#[kernel(..)]` and `#[repr(..)]` state, and which others may stand on device
//! code.

use std::ops::RangeInclusive;

use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{Attribute, Expr, Lit, Meta, MetaNameValue, Token};

use super::diagnostic::Diagnostics;
use crate::dim3::Dim3;
use crate::ir::KernelAttributes;

/// Lints, documentation and hints for rustc: they change nothing on the device.
const HARMLESS: [&str; 10] =
    ["doc", "allow", "expect", "warn", "deny", "forbid", "inline", "must_use", "deprecated", "rustfmt"];

/// Blocks have at most 1024 threads.
const THREADS: RangeInclusive<u32> = 1..=1024;
const WARPS: RangeInclusive<u32> = 1..=32;
/// Registers that a thread may be limited to.
const REGISTERS: RangeInclusive<u32> = 16..=255;
/// The largest alignment of a struct.
const MAX_ALIGNMENT: u64 = 4096;

/// Reports attributes that are neither harmless nor among `meaningful`.
pub(super) fn check(attributes: &[Attribute], meaningful: &[&str], diagnostics: &mut Diagnostics) {
    for attribute in attributes {
        let path = attribute.path();
        let name = path.segments.first().map(|segment| segment.ident.to_string()).unwrap_or_default();
        let tool = path.segments.len() > 1 && matches!(name.as_str(), "rustfmt" | "clippy");
        if tool || HARMLESS.contains(&name.as_str()) || meaningful.contains(&name.as_str()) {
            continue;
        }
        let message = match name.as_str() {
            "kernel" => "`#[kernel]` belongs on a function of the module: move it there".to_string(),
            "unroll" => "`#[unroll]` belongs on a `for` loop: write `#[unroll] for i in 0..N`".to_string(),
            "role" => "`#[role]` belongs on a block: write `#[role(name, warps = 0..1)] { .. }`".to_string(),
            "cfg" | "cfg_attr" => {
                "`#[cfg]` is not available in device code: use a `const` parameter and `if`".to_string()
            }
            "derive" | "repr" => format!("`#[{name}]` belongs on a struct"),
            _ => format!("`#[{name}]` is not available in device code: leave it out"),
        };
        diagnostics.report(attribute.span(), message);
    }
}

/// The attribute of that name.
pub(super) fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.path().is_ident(name))
}

/// `#[kernel(warps = N, grid_dimensions = N, max_registers = N)]`, with `threads = (X, Y, Z)` or
/// `max_threads = (X, Y, Z)` in place of `warps`.
pub(super) fn kernel(attribute: &Attribute, diagnostics: &mut Diagnostics) -> KernelAttributes {
    let mut stated = KernelAttributes::default();
    let mut block = None;
    let settings = match &attribute.meta {
        Meta::List(list) => {
            list.parse_args_with(syn::punctuated::Punctuated::<MetaNameValue, Token![,]>::parse_terminated)
        }
        _ => Ok(syn::punctuated::Punctuated::new()),
    };
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => {
            diagnostics.report(error.span(), "a kernel states its block size: write `#[kernel(warps = 8)]`");
            return stated;
        }
    };
    for setting in &settings {
        let name = setting.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match name.as_str() {
            "warps" | "threads" | "max_threads" if block.is_some() => {
                let message = "a kernel states its block size once: leave one of the two out";
                diagnostics.report(setting.path.span(), message);
            }
            "warps" => {
                let warps = number(&setting.value, &name, WARPS, diagnostics);
                block = Some(Dim3::from(32 * warps.unwrap_or(1)));
            }
            "threads" | "max_threads" => {
                stated.block_is_most = name == "max_threads";
                block = Some(threads(&name, &setting.value, diagnostics).unwrap_or(stated.block));
            }
            "grid_dimensions" => {
                stated.grid_dimensions = number(&setting.value, &name, 1..=3, diagnostics).unwrap_or(1);
            }
            "max_registers" => {
                stated.max_registers = number(&setting.value, &name, REGISTERS, diagnostics);
            }
            _ => diagnostics.report(
                setting.path.span(),
                format!(
                    "`{name}` is not a kernel attribute: `warps`, `threads`, `max_threads`, `grid_dimensions` and `max_registers` are"
                ),
            ),
        }
    }
    match block {
        Some(block) => stated.block = block,
        None => {
            diagnostics
                .report(attribute.span(), "a kernel states its block size: write `#[kernel(warps = 8)]`");
        }
    }
    if let Some(message) = stated.mistake() {
        diagnostics.report(attribute.span(), message);
    }
    stated
}

/// `128`, `(16, 16)` or `(8, 8, 4)`.
fn threads(name: &str, value: &Expr, diagnostics: &mut Diagnostics) -> Option<Dim3> {
    let written: Vec<&Expr> = match value {
        Expr::Tuple(tuple) => tuple.elems.iter().collect(),
        Expr::Paren(inner) => vec![&inner.expr],
        one => vec![one],
    };
    if !(1..=3).contains(&written.len()) {
        let message =
            format!("a block has up to three dimensions: write `{name} = (16, 16)` or `{name} = (8, 8, 4)`");
        diagnostics.report(value.span(), message);
        return None;
    }
    let mut extents = [1; 3];
    for (extent, value) in extents.iter_mut().zip(written) {
        *extent = number(value, name, THREADS, diagnostics)?;
    }
    Some(extents.into())
}

fn number(
    value: &Expr,
    name: &str,
    legal: RangeInclusive<u32>,
    diagnostics: &mut Diagnostics,
) -> Option<u32> {
    if let Expr::Lit(literal) = value
        && let Lit::Int(integer) = &literal.lit
        && let Ok(number) = integer.base10_parse::<u32>()
        && legal.contains(&number)
    {
        return Some(number);
    }
    diagnostics
        .report(value.span(), format!("`{name}` is a literal from {} to {}", legal.start(), legal.end()));
    None
}

/// What `#[repr(..)]` says: whether Rust promises the layout, and the alignment in bytes.
pub(super) fn layout(attributes: &[Attribute], diagnostics: &mut Diagnostics) -> (bool, u64) {
    let (mut promised, mut align) = (false, 1u64);
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("repr")) {
        let read = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("C") {
                promised = true;
            } else if meta.path.is_ident("align") {
                let content;
                syn::parenthesized!(content in meta.input);
                let literal: syn::LitInt = content.parse()?;
                align = literal.base10_parse()?;
            } else {
                return Err(meta.error(
                    "device structs are laid out as C does: write `#[repr(C)]` or `#[repr(C, align(16))]`",
                ));
            }
            Ok(())
        });
        if let Err(error) = read {
            diagnostics.report(error.span(), error.to_string());
        } else if !align.is_power_of_two() || align > MAX_ALIGNMENT {
            let message = format!("an alignment is a power of two up to {MAX_ALIGNMENT}: {align} is not");
            diagnostics.report(attribute.span(), message);
            align = 1;
        }
    }
    (promised, align)
}

/// Reports attributes inside a body that would change what it means.
pub(super) fn check_body(block: &syn::Block, diagnostics: &mut Diagnostics) {
    struct Attributes<'d>(&'d mut Diagnostics);

    impl VisitMut for Attributes<'_> {
        fn visit_attribute_mut(&mut self, attribute: &mut Attribute) {
            check(std::slice::from_ref(attribute), &["unroll"], self.0);
        }

        fn visit_expr_block_mut(&mut self, block: &mut syn::ExprBlock) {
            check(&block.attrs, &["unroll", "role"], self.0);
            self.visit_block_mut(&mut block.block);
        }

        fn visit_item_mut(&mut self, _: &mut syn::Item) {}
    }

    Attributes(diagnostics).visit_block_mut(&mut block.clone());
}
