//! The twin: device code as rustc sees it, without what only this crate understands.

use quote::{ToTokens, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, Item, LitStr, Macro, Stmt, parse_quote};

use super::assertions::Assertion;
use super::roles::{self, Stated};

/// Attributes that mean something to the front end alone.
pub(super) const DEVICE_ATTRIBUTES: [&str; 2] = ["kernel", "unroll"];

/// The items for rustc: `#[kernel]`, `#[unroll]` and other device attributes are stripped, and
/// relations lose their values (rustc formats nothing in constants); everything else stays.
pub fn twin(mut items: Vec<Item>) -> Vec<Item> {
    for item in &mut items {
        Strip.visit_item_mut(item);
    }
    items
}

struct Strip;

impl Strip {
    fn strip(attributes: &mut Vec<Attribute>) {
        attributes.retain(|attribute| !DEVICE_ATTRIBUTES.iter().any(|name| attribute.path().is_ident(name)));
    }
}

impl VisitMut for Strip {
    fn visit_item_fn_mut(&mut self, function: &mut syn::ItemFn) {
        Self::strip(&mut function.attrs);
        visit_mut::visit_item_fn_mut(self, function);
    }

    fn visit_impl_item_fn_mut(&mut self, function: &mut syn::ImplItemFn) {
        Self::strip(&mut function.attrs);
        visit_mut::visit_impl_item_fn_mut(self, function);
    }

    /// A role becomes a branch: rustc checks its numbers, and knows that not everybody runs it.
    fn visit_stmt_mut(&mut self, statement: &mut Stmt) {
        if let Some(block) = roles::of_statement(statement)
            && let Some(attribute) = roles::attribute(block)
        {
            let inside = &block.block;
            let branch: Expr = match attribute.parse_args::<Stated>() {
                Ok(Stated { start, end, registers, .. }) => {
                    let registers = registers.iter();
                    parse_quote!(if const {
                        let _numbers: &[u32] = &[#start, #end, #(#registers)*];
                        _numbers[0] < _numbers[1]
                    } #inside)
                }
                Err(_) => parse_quote!(if const { true } #inside),
            };
            *statement = Stmt::Expr(branch, None);
        }
        visit_mut::visit_stmt_mut(self, statement);
    }

    fn visit_expr_for_loop_mut(&mut self, for_loop: &mut syn::ExprForLoop) {
        Self::strip(&mut for_loop.attrs);
        visit_mut::visit_expr_for_loop_mut(self, for_loop);
    }

    fn visit_expr_while_mut(&mut self, while_loop: &mut syn::ExprWhile) {
        Self::strip(&mut while_loop.attrs);
        visit_mut::visit_expr_while_mut(self, while_loop);
    }

    fn visit_expr_loop_mut(&mut self, endless: &mut syn::ExprLoop) {
        Self::strip(&mut endless.attrs);
        visit_mut::visit_expr_loop_mut(self, endless);
    }

    fn visit_expr_const_mut(&mut self, block: &mut syn::ExprConst) {
        visit_mut::visit_expr_const_mut(self, block);
        let mut statements = Vec::new();
        for mut statement in std::mem::take(&mut block.block.stmts) {
            let call = match &mut statement {
                Stmt::Macro(call) => Some(&mut call.mac),
                Stmt::Expr(Expr::Macro(call), _) => Some(&mut call.mac),
                _ => None,
            };
            if let Some(arguments) = call.and_then(without_values) {
                statements.push(parse_quote!(let _ = (#(#arguments,)*);));
            }
            statements.push(statement);
        }
        block.block.stmts = statements;
    }
}

/// Makes the message of an assertion plain, with the arguments' names in place of their values; the
/// arguments, so that rustc still checks them.
fn without_values(call: &mut Macro) -> Option<Vec<Expr>> {
    if !call.path.is_ident("assert") {
        return None;
    }
    let Assertion { condition, format, arguments } = call.parse_body().ok()?;
    let format = format?;
    let names: Vec<String> =
        arguments.iter().map(|argument| argument.to_token_stream().to_string()).collect();
    let mut names = names.into_iter();
    let (text, mut message) = (format.value(), String::new());
    for (index, part) in text.split('{').enumerate() {
        match part.split_once('}') {
            Some(("", rest)) if index > 0 => {
                message.push_str(&names.next().unwrap_or_default());
                message.push_str(rest);
            }
            Some((name, rest)) if index > 0 => {
                message.push_str(name);
                message.push_str(rest);
            }
            _ => message.push_str(part),
        }
    }
    let message = LitStr::new(&message.replace(['{', '}'], ""), format.span());
    call.tokens = quote!(#condition, #message);
    Some(arguments)
}
