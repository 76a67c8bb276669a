//! `const { .. }`: relations between const parameters, and constants in the middle of a body.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Expr, ExprConst, LitStr, Macro, Stmt, Token};

use super::body::Body;
use super::refused;
use super::terms::Term;
use super::tree::{Node, NodeKind};

/// `condition, "format", arguments`.
pub(super) struct Assertion {
    pub(super) condition: Expr,
    pub(super) format: Option<LitStr>,
    pub(super) arguments: Vec<Expr>,
}

impl Parse for Assertion {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let condition = input.parse()?;
        let (mut format, mut arguments) = (None, Vec::new());
        if input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
            format = Some(input.parse()?);
            while input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
                arguments.push(input.parse()?);
            }
        }
        if !input.is_empty() {
            return Err(input.error(""));
        }
        Ok(Assertion { condition, format, arguments })
    }
}

impl Body<'_> {
    /// `const { assert!(..); .. }`, or a constant value.
    pub(super) fn const_block(&mut self, block: &ExprConst, span: Span) -> Node {
        self.constant(|body| {
            let (mut nodes, mut tail) = (Vec::new(), None);
            for statement in &block.block.stmts {
                match statement {
                    Stmt::Macro(call) => nodes.push(body.assertion(&call.mac)),
                    Stmt::Expr(Expr::Macro(call), _) => nodes.push(body.assertion(&call.mac)),
                    Stmt::Expr(value, None) => {
                        let value = body.expression(value);
                        let term = value.term.clone();
                        tail = Some(Box::new(Node { kind: NodeKind::Const(Box::new(value)), term, span }));
                    }
                    other => body.diagnostics.report(
                        other.span(),
                        "a `const` block holds `assert!`s and a value: compute more in a `const fn`",
                    ),
                }
            }
            let term = tail.as_ref().map_or(Term::Unit, |tail| tail.term.clone());
            Node { kind: NodeKind::Block(nodes, tail), term, span }
        })
    }

    fn assertion(&mut self, call: &Macro) -> Node {
        let span = call.path.span();
        if !call.path.is_ident("assert") {
            return self.error(span, refused::macro_call(&call.path));
        }
        let Ok(assertion) = call.parse_body::<Assertion>() else {
            return self.error(span, "an assertion is `assert!(condition, \"message {}\", argument)`");
        };
        let condition = self.condition(&assertion.condition);
        let mut arguments: Vec<Node> =
            assertion.arguments.iter().map(|argument| self.expression(argument)).collect();
        let message = match &assertion.format {
            None => {
                let condition = &assertion.condition;
                format!("assertion failed: {}", quote::quote!(#condition))
            }
            Some(format) => match self.format(format, &mut arguments) {
                Ok(message) => message,
                Err(message) => return self.error(format.span(), message),
            },
        };
        let kind = NodeKind::Assert { condition, message, arguments };
        Node { kind, term: Term::Unit, span: assertion.condition.span() }
    }

    /// The message with a plain `{}` for each argument; `{name}` adds an argument.
    fn format(&mut self, format: &LitStr, arguments: &mut Vec<Node>) -> Result<String, String> {
        let text = format.value();
        let mut given = std::mem::take(arguments).into_iter();
        let (mut message, mut rest) = (String::new(), text.as_str());
        while let Some(brace) = rest.find(['{', '}']) {
            message.push_str(&rest[..brace]);
            rest = &rest[brace..];
            let name = match rest.strip_prefix('{').and_then(|inside| inside.split_once('}')) {
                Some((name, after)) if !rest.starts_with("{{") => {
                    rest = after;
                    name.trim()
                }
                _ => return Err("a message holds no escaped braces: write other words".to_string()),
            };
            message.push_str("{}");
            let argument = if name.is_empty() {
                given.next().ok_or("each `{}` of a message takes one argument: add it after the message")?
            } else {
                match syn::parse_str::<syn::Ident>(name) {
                    Ok(name) => {
                        let name = syn::Ident::new(&name.to_string(), format.span());
                        self.expression(&syn::parse_quote!(#name))
                    }
                    Err(_) => {
                        return Err(format!(
                            "a message formats with `{{}}` and `{{name}}`: write these for `{{{name}}}`"
                        ));
                    }
                }
            };
            arguments.push(argument);
        }
        if given.next().is_some() {
            return Err("each argument of a message needs its `{}`".to_string());
        }
        message.push_str(rest);
        Ok(message)
    }
}
