//! What device code cannot hold, and what to write instead: one sentence per construct.

use syn::spanned::Spanned;
use syn::{Expr, GenericParam, Generics, Item, Safety};

use super::diagnostic::Diagnostics;

/// An item that is not part of the language.
pub(super) fn item(item: &Item, diagnostics: &mut Diagnostics) {
    let message = match item {
        Item::Union(_) => "device code has no unions: use a struct, or `to_bits` and `from_bits`",
        Item::Trait(_) | Item::TraitAlias(_) => {
            "device code has no traits: write functions, or an `impl` of a struct"
        }
        Item::Static(_) => {
            "device code has no statics: use `const`, or memory that a kernel parameter points to"
        }
        Item::Type(_) => "device code has no type aliases: write the type itself, or a struct",
        Item::Mod(_) => {
            "a device module holds no modules: make it a `#[device]` module of its own and import its items"
        }
        Item::Macro(_) => "device code has no macros: write a function or a constant",
        Item::ExternCrate(_) | Item::ForeignMod(_) => {
            "device code has no `extern`: import device items with `use`"
        }
        _ => "a device module holds `use`, `const`, `struct`, `enum`, `impl` and `fn` only",
    };
    diagnostics.report(item.span(), message);
}

/// Generics of an enum: none.
pub(super) fn all_generics(generics: &Generics, diagnostics: &mut Diagnostics) {
    if let Some(parameter) = generics.params.first() {
        diagnostics.report(
            parameter.span(),
            "a device enum has no generics: it has no payload that could need them",
        );
    }
    where_clause(generics, diagnostics);
}

/// Generics of a struct or `impl` that are no types.
pub(super) fn generics(generics: &Generics, diagnostics: &mut Diagnostics) {
    for parameter in &generics.params {
        match parameter {
            GenericParam::Type(_) => {}
            GenericParam::Const(parameter) => diagnostics.report(
                parameter.span(),
                "device structs are generic over types only: state array lengths by constants",
            ),
            GenericParam::Lifetime(parameter) => lifetime(parameter, diagnostics),
        }
    }
    where_clause(generics, diagnostics);
}

fn lifetime(parameter: &syn::LifetimeParam, diagnostics: &mut Diagnostics) {
    diagnostics
        .report(parameter.span(), "device code has no references, so it has no lifetimes: leave it out");
}

/// The names of types and constants among generics.
pub(super) fn names(generics: &Generics) -> Vec<String> {
    let named = generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        GenericParam::Const(parameter) => Some(&parameter.ident),
        GenericParam::Lifetime(_) => None,
    });
    named.map(ToString::to_string).collect()
}

fn where_clause(generics: &Generics, diagnostics: &mut Diagnostics) {
    if let Some(clause) = &generics.where_clause {
        diagnostics.report(
            clause.span(),
            "device code has no `where` clauses: bound a type where it is declared, and check relations with \
             `const { assert!(..) }`",
        );
    }
}

/// Parts of a function signature.
pub(super) fn signature(signature: &syn::Signature, diagnostics: &mut Diagnostics) {
    for parameter in &signature.generics.params {
        match parameter {
            GenericParam::Type(_) => {}
            GenericParam::Lifetime(parameter) => lifetime(parameter, diagnostics),
            GenericParam::Const(parameter) => {
                if let Some((_, default)) = &parameter.default {
                    diagnostics.report(
                        default.span(),
                        "a const parameter has no default in device code: leave it out",
                    );
                }
            }
        }
    }
    where_clause(&signature.generics, diagnostics);
    if let Safety::Unsafe(token) = &signature.safety {
        diagnostics.report(
            token.span(),
            "device code has no `unsafe`: its memory operations are safe to write, leave it out",
        );
    }
    if let Some(token) = &signature.asyncness {
        diagnostics.report(token.span(), "device code has no `async`: leave it out");
    }
    if let Some(abi) = &signature.abi {
        diagnostics.report(abi.span(), "device functions have no ABI: leave out `extern`");
    }
    if let Some(variadic) = &signature.variadic {
        diagnostics.report(variadic.span(), "device functions take a fixed number of arguments");
    }
}

/// The sentence for an expression that is not part of the language.
pub(super) fn expression(expression: &Expr) -> String {
    match expression {
        Expr::Let(_) => "a `let` stands alone in the condition of an `if` or `while`: nest a second `if`",
        Expr::Closure(_) => "device code has no closures: write a device function and call it by name",
        Expr::Try(_) => "device code has no `?`: return a `bool` beside the value and test it with `if`",
        Expr::Range(_) => "a range stands only in `for i in a..b`: keep start and end in two variables",
        Expr::Reference(_) | Expr::RawAddr(_) => {
            "device code has no references: pass the value itself, it is copied"
        }
        Expr::Unsafe(_) => {
            "device code has no `unsafe`: its memory operations are safe to write, leave it out"
        }
        Expr::Async(_) | Expr::Await(_) => "device code has no `async`: wait in a loop with a deadline",
        Expr::TryBlock(_) => "device code has no `try` blocks: return a `bool` beside the value",
        Expr::Yield(_) => "device code has no generators: write a loop",
        Expr::Infer(_) => "`_` is not a value: write `let _ = ..` to drop one",
        _ => "this expression is not part of the device language: write it with operators, calls and `if`",
    }
    .to_string()
}

/// The sentence for a macro in a body.
pub(super) fn macro_call(path: &syn::Path) -> String {
    let name = path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
    match name.as_str() {
        "assert" | "debug_assert" => {
            "`assert!` is checked when PTX is made: write `const { assert!(..) }`, or `if !condition { trap() }` for a \
             check at run time"
                .to_string()
        }
        "assert_eq" | "assert_ne" | "debug_assert_eq" | "debug_assert_ne" => format!(
            "`{name}!` is not available in device code: write `const {{ assert!(a == b, \"..\") }}`, or `if` and `trap()`"
        ),
        "panic" | "unreachable" | "todo" | "unimplemented" => {
            format!("`{name}!` is not available in device code: write `trap()`")
        }
        "print" | "println" | "eprint" | "eprintln" | "dbg" | "format" => {
            format!("`{name}!` is not available in device code: write a number to memory and print it on the host")
        }
        "matches" => "`matches!` is not available in device code: compare with `==`".to_string(),
        "vec" => "`vec!` is not available in device code: use an array `[value; N]` or `shared::<T>(n)`".to_string(),
        _ => format!("`{name}!` is not available in device code: write a function and call it"),
    }
}
