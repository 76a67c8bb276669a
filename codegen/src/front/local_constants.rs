//! `const` items inside functions: they become constants of the module, called `function::NAME`.
//!
//! One name means one thing throughout a function, so that blocks need no scopes of their own for
//! constants.

use syn::visit::{self, Visit};

use super::attributes;
use super::diagnostic::Diagnostics;
use super::items::{ConstantItem, FunctionItem};
use super::names::Environment;

/// The constants that the functions' bodies define, their names announced.
pub(super) fn collect<'a>(
    functions: &[FunctionItem<'a>],
    environment: &mut Environment<'a>,
    diagnostics: &mut Diagnostics,
) -> Vec<ConstantItem<'a>> {
    let mut constants = Vec::new();
    for function in functions {
        let mut found = Found(Vec::new());
        found.visit_block(function.block);
        for item in found.0 {
            attributes::check(&item.attrs, &[], diagnostics);
            let name = item.ident.to_string();
            if environment.local_constant(Some(&function.name), &name).is_some() {
                diagnostics.report(
                    item.ident.span(),
                    format!("this function has two constants `{name}`: give them different names"),
                );
            } else if environment.resolve(&name).is_some() {
                diagnostics.report(
                    item.ident.span(),
                    format!("the module has a `{name}` too: give the constant in the function another name"),
                );
            }
            let full = format!("{}::{name}", function.name);
            environment.announce_local_constant(&function.name, &name, &item.expr);
            constants.push(ConstantItem {
                name: full,
                written: &item.ty,
                value: &item.expr,
                self_type: function.self_type.clone(),
                span: item.ident.span(),
            });
        }
    }
    constants
}

struct Found<'a>(Vec<&'a syn::ItemConst>);

impl<'a> Visit<'a> for Found<'a> {
    fn visit_item_const(&mut self, item: &'a syn::ItemConst) {
        self.0.push(item);
        visit::visit_item_const(self, item);
    }
}
