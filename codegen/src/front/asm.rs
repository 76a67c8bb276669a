//! `ptx!("text", name = in(value), name = out(T), ..)`: inline PTX as it is written.

use proc_macro2::{Ident, Span};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Expr, LitStr, Macro, Token, parenthesized};

use super::body::Body;
use super::refused;
use super::terms::{Term, U32};
use super::tree::{Modifier, Node, NodeKind, Operand, Role, Written};
use crate::ir::Notation;

/// The tokens between the parentheses. What the host computes, `=> expression`, is for rustc alone.
struct Syntax {
    text: Vec<LitStr>,
    operands: Vec<(Ident, Part)>,
}

enum Part {
    In(Expr),
    InOut(Expr),
    Const(Expr),
    Order(Expr),
    Scope(Expr),
    Type(Notation, syn::Type),
    Out(syn::Type),
    Scratch(syn::Type),
}

impl Parse for Syntax {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut syntax = Syntax { text: vec![input.parse()?], operands: Vec::new() };
        while !input.is_empty() && !input.peek(Token![=>]) {
            input.parse::<Token![,]>()?;
            if input.is_empty() || input.peek(Token![=>]) {
                break;
            }
            if input.peek(LitStr) && syntax.operands.is_empty() {
                syntax.text.push(input.parse()?);
                continue;
            }
            let name = input.parse()?;
            input.parse::<Token![=]>()?;
            syntax.operands.push((name, input.parse()?));
        }
        if input.parse::<Option<Token![=>]>>()?.is_some() {
            input.parse::<Expr>()?;
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(syntax)
    }
}

/// `matches!(value, pattern if guard)` as the `match` that it stands for.
struct Question(Expr);

impl Parse for Question {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let value: Expr = input.parse()?;
        input.parse::<Token![,]>()?;
        let pattern = syn::Pat::parse_multi_with_leading_vert(input)?;
        let guard = match input.parse::<Option<Token![if]>>()? {
            Some(word) => {
                let condition: Expr = input.parse()?;
                quote::quote!(#word #condition)
            }
            None => proc_macro2::TokenStream::new(),
        };
        input.parse::<Option<Token![,]>>()?;
        let written = quote::quote!(match #value { #pattern #guard => true, _ => false });
        Ok(Question(syn::parse2(written)?))
    }
}

impl Parse for Part {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let wrong = "an operand is `in(value)`, `inout(value)`, `const(VALUE)`, `order(parameter)`, `scope(parameter)`, \
                     `type(T)`, `sum(T)`, `bits(T)`, `out(T)` or `scratch(T)`";
        let (word, span) = if let Some(token) = input.parse::<Option<Token![in]>>()? {
            ("in".to_string(), token.span)
        } else if let Some(token) = input.parse::<Option<Token![const]>>()? {
            ("const".to_string(), token.span)
        } else if let Some(token) = input.parse::<Option<Token![type]>>()? {
            ("type".to_string(), token.span)
        } else {
            let ident: Ident = input.parse().map_err(|error| syn::Error::new(error.span(), wrong))?;
            (ident.to_string(), ident.span())
        };
        let content;
        parenthesized!(content in input);
        let part = match word.as_str() {
            "in" => Part::In(content.parse()?),
            "inout" => Part::InOut(content.parse()?),
            "const" => Part::Const(content.parse()?),
            "order" => Part::Order(content.parse()?),
            "scope" => Part::Scope(content.parse()?),
            "out" => Part::Out(content.parse()?),
            "scratch" => Part::Scratch(content.parse()?),
            _ => match Notation::named(&word) {
                Some(notation) => Part::Type(notation, content.parse()?),
                None => return Err(syn::Error::new(span, wrong)),
            },
        };
        if !content.is_empty() {
            return Err(content.error("expected `)`"));
        }
        Ok(part)
    }
}

impl Body<'_> {
    /// A macro in a body: inline PTX, or nothing that device code has.
    pub(super) fn macro_call(&mut self, call: &Macro) -> Node {
        let span = call.path.span();
        let is_asm =
            call.path.get_ident().is_some_and(|name| self.environment.built_in(&name.to_string()) == "ptx");
        if call.path.is_ident("matches") {
            return match call.parse_body::<Question>() {
                Ok(Question(written)) => self.expression(&written),
                Err(error) => {
                    self.error(error.span(), format!("`matches!` is `matches!(value, pattern)`: {error}"))
                }
            };
        }
        if !is_asm {
            return self.error(span, refused::macro_call(&call.path));
        }
        match call.parse_body::<Syntax>() {
            Ok(syntax) => self.asm(syntax, span),
            Err(error) => {
                let at = error.span();
                self.error(
                    at,
                    format!("inline PTX is `ptx!(\"instruction {{name}};\", name = in(value), ..)`: {error}"),
                )
            }
        }
    }

    fn asm(&mut self, syntax: Syntax, span: Span) -> Node {
        let text = syntax.text.iter().map(|text| (text.value(), text.span())).collect();
        let (mut operands, mut values, mut given) = (Vec::new(), Vec::new(), Vec::new());
        for (name, part) in syntax.operands {
            let role = match part {
                Part::In(value) => {
                    values.push(self.expression(&value));
                    Role::In
                }
                Part::InOut(value) => {
                    let value = self.expression(&value);
                    given.push(value.term.clone());
                    values.push(value);
                    Role::InOut
                }
                Part::Const(value) => {
                    let node = self.constant(|body| body.expression(&value));
                    let (term, span) = (node.term.clone(), node.span);
                    values.push(Node { kind: NodeKind::Const(Box::new(node)), term, span });
                    Role::Const
                }
                Part::Order(value) => match self.modifier(&value) {
                    Some((local, modifier @ Modifier::Order(_))) => {
                        values.push(Node { kind: NodeKind::Local(local), term: U32, span: value.span() });
                        Role::Modifier(modifier)
                    }
                    _ => {
                        let message = "`order(..)` takes a parameter of this function that is an order, such as \
                                       `order: impl Load`: name one, or write the modifier into the text";
                        return self.error(value.span(), message);
                    }
                },
                Part::Scope(value) => match self.modifier(&value) {
                    Some((local, modifier @ Modifier::Scope(_))) => {
                        values.push(Node { kind: NodeKind::Local(local), term: U32, span: value.span() });
                        Role::Modifier(modifier)
                    }
                    _ => {
                        let message = "`scope(..)` takes a parameter of this function that is a scope, such as \
                                       `scope: impl Scope`: name one, or write the modifier into the text";
                        return self.error(value.span(), message);
                    }
                },
                Part::Out(ty) => {
                    let term = self.operand_type(&ty);
                    given.push(term.clone());
                    Role::Out(term)
                }
                Part::Scratch(ty) => Role::Scratch(self.operand_type(&ty)),
                Part::Type(notation, ty) => Role::Type(notation, self.operand_type(&ty)),
            };
            operands.push(Operand { name: name.to_string(), role, span: name.span() });
        }
        let term = match given.len() {
            0 => Term::Unit,
            1 => given.swap_remove(0),
            _ => Term::Tuple(given),
        };
        Node { kind: NodeKind::Asm(Written { text, operands }, values), term, span }
    }

    fn operand_type(&mut self, ty: &syn::Type) -> Term {
        let term = self.scope().term(ty, &mut self.table, &mut self.diagnostics);
        term.unwrap_or_else(|| self.table.fresh(super::terms::Kind::Any))
    }
}
