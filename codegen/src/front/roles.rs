//! Warp roles: blocks marked `#[role(name, warps = a..b, registers = n)]`. Those that follow one
//! another belong together.

use proc_macro2::{Ident, Span};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprBlock, RangeLimits, Stmt, Token};

use super::attributes;
use super::body::Body;
use super::terms::{Term, U32};
use super::tree::{Node, NodeKind, RoleNode};

/// What `#[role(..)]` states.
pub(super) struct Stated {
    pub(super) name: Ident,
    pub(super) start: Expr,
    pub(super) end: Expr,
    pub(super) registers: Option<Expr>,
}

impl Parse for Stated {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        let (mut warps, mut registers) = (None, None);
        while input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
            let setting: Ident = input.parse()?;
            input.parse::<Token![=]>()?;
            let value: Expr = input.parse()?;
            let slot = match setting.to_string().as_str() {
                "warps" => &mut warps,
                "registers" => &mut registers,
                _ => return Err(syn::Error::new(setting.span(), "a role states `warps` and `registers`")),
            };
            if slot.replace(value).is_some() {
                return Err(syn::Error::new(
                    setting.span(),
                    format!("`{setting}` is given twice: give it once"),
                ));
            }
        }
        if !input.is_empty() {
            return Err(input.error("a role is written `#[role(name, warps = 0..1, registers = 40)]`"));
        }
        match warps {
            Some(Expr::Range(syn::ExprRange {
                start: Some(start),
                end: Some(end),
                limits: RangeLimits::HalfOpen(_),
                ..
            })) => Ok(Stated { name, start: *start, end: *end, registers }),
            Some(other) => {
                Err(syn::Error::new(other.span(), "the warps of a role are a range: write `warps = 0..4`"))
            }
            None => Err(syn::Error::new(name.span(), "a role states its warps: write `warps = 0..4`")),
        }
    }
}

/// The `#[role]` of a block.
pub(super) fn attribute(block: &ExprBlock) -> Option<&Attribute> {
    attributes::find(&block.attrs, "role")
}

/// The block, if the statement is one with a `#[role]`.
pub(super) fn of_statement(statement: &Stmt) -> Option<&ExprBlock> {
    match statement {
        Stmt::Expr(Expr::Block(block), _) if attribute(block).is_some() => Some(block),
        _ => None,
    }
}

impl Body<'_> {
    /// Blocks with a `#[role]` each, as one statement.
    pub(super) fn roles(&mut self, blocks: &[&ExprBlock]) -> Node {
        let span = blocks.first().map_or_else(Span::call_site, |block| block.block.brace_token.span.open());
        let before = self.diverges;
        let (mut nodes, mut all_diverge) = (Vec::new(), true);
        for block in blocks {
            if let Some(label) = &block.label {
                self.diagnostics.report(label.span(), "a role has no label: put a labelled block into it");
            }
            let stated = attribute(block).map(Attribute::parse_args::<Stated>);
            self.diverges = before;
            let body = self.block(&block.block);
            self.expect(&body, &Term::Unit);
            all_diverge &= self.diverges;
            match stated {
                Some(Ok(Stated { name, start, end, registers })) => {
                    let mut number = |value: &Expr| {
                        let node = self.constant(|body| body.expression(value));
                        self.expect(&node, &U32);
                        node
                    };
                    let (start, end) = (number(&start), number(&end));
                    let registers = registers.as_ref().map(&mut number);
                    nodes.push(RoleNode { name: name.to_string(), start, end, registers, body });
                }
                Some(Err(error)) => self.diagnostics.report(error.span(), error.to_string()),
                None => {}
            }
        }
        self.diverges = before || all_diverge;
        Node { kind: NodeKind::Roles(nodes), term: Term::Unit, span }
    }
}
