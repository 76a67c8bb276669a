//! A body while names and types are being worked out: its locals, blocks and loops.

use proc_macro2::Span;

use super::diagnostic::Diagnostics;
use super::names::Environment;
use super::terms::{Kind, Table, Term, substitute};
use super::tree::{Modifier, Node, NodeKind};
use super::types::Scope;
use crate::ir::{LocalId, Path, Scalar, TypeParameter};

/// A local while its type may still be open.
#[derive(Debug)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) term: Term,
    /// Whether it may be assigned again after it was first read.
    pub(super) mutable: bool,
    /// What it may be, if it is a parameter that is an order or scope.
    pub(super) modifier: Option<Modifier>,
    pub(super) span: Span,
}

/// What `break` leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// `while` and `for`, which have no value.
    Counted,
    /// `loop`.
    Endless,
    /// A labelled block: only a `break` with its label leaves it.
    Block,
}

/// An enclosing loop or labelled block.
#[derive(Debug)]
pub(super) struct Enclosing {
    pub(super) label: Option<String>,
    pub(super) left: Left,
    pub(super) breaks: bool,
    /// What `break value` assigns.
    pub(super) target: Option<LocalId>,
}

impl Enclosing {
    pub(super) fn new(label: Option<&syn::Label>, left: Left) -> Self {
        let label = label.map(|label| label.name.ident.to_string());
        Enclosing { label, left, breaks: false, target: None }
    }
}

/// Names and types of one function body or one constant.
pub(super) struct Body<'a> {
    pub(super) environment: &'a Environment<'a>,
    pub(super) diagnostics: Diagnostics,
    pub(super) table: Table,
    pub(super) type_parameters: &'a [TypeParameter],
    pub(super) const_parameters: &'a [(String, Scalar)],
    pub(super) self_type: &'a Option<Path>,
    function: Option<&'a str>,
    /// Generics that device code does not have, which are reported.
    pub(super) refused: &'a [String],
    /// The function's result; `None` in a constant, where `return` has no meaning.
    pub(super) result: Option<Term>,
    pub(super) variables: Vec<Variable>,
    pub(super) loops: Vec<Enclosing>,
    /// Types of `pointer.at(index)` indices: literals among them become `u32`.
    pub(super) indices: Vec<(Span, Term)>,
    /// Types that stand for type parameters of items: where, which item, and the parameter.
    pub(super) type_arguments: Vec<(Span, String, TypeParameter, Term)>,
    /// Functions of this module that the body calls.
    pub(super) calls: Vec<Path>,
    /// Whether control cannot reach the point after the last expression.
    pub(super) diverges: bool,
    scopes: Vec<Vec<(String, LocalId)>>,
}

impl<'a> Body<'a> {
    pub(super) fn new(scope: Scope<'a>, result: Option<Term>) -> Self {
        Body {
            environment: scope.environment,
            diagnostics: Diagnostics::default(),
            table: Table::default(),
            type_parameters: scope.type_parameters,
            const_parameters: scope.const_parameters,
            self_type: scope.self_type,
            function: scope.function,
            refused: scope.refused,
            result,
            variables: Vec::new(),
            loops: Vec::new(),
            indices: Vec::new(),
            type_arguments: Vec::new(),
            calls: Vec::new(),
            diverges: false,
            scopes: vec![Vec::new()],
        }
    }

    pub(super) fn scope(&self) -> Scope<'a> {
        Scope {
            environment: self.environment,
            type_parameters: self.type_parameters,
            const_parameters: self.const_parameters,
            self_type: self.self_type,
            function: self.function,
            refused: self.refused,
        }
    }

    /// Reports a mistake and stands in for the expression that holds it.
    pub(super) fn error(&mut self, span: Span, message: impl Into<String>) -> Node {
        self.diagnostics.report(span, message);
        self.failed(span)
    }

    /// Stands in for an expression whose mistake has been reported.
    pub(super) fn failed(&mut self, span: Span) -> Node {
        Node { kind: NodeKind::Error, term: self.table.fresh(Kind::Reported), span }
    }

    /// Whether the node has a mistake, or its type, that has been reported.
    pub(super) fn is_reported(&self, node: &Node) -> bool {
        matches!(node.kind, NodeKind::Error) || self.table.open(&node.term) == Some(Kind::Reported)
    }

    /// The type of a field of the struct with these type arguments.
    pub(super) fn field_term(&mut self, path: &Path, arguments: &[Term], index: usize) -> Term {
        let definition = self.environment.definition(path);
        let field = definition.and_then(|definition| definition.fields.get(index));
        match field.filter(|field| !self.environment.is_unreadable(path, &field.name)) {
            Some(field) => {
                let names = self.environment.struct_parameters(path).iter();
                let names = names.map(|parameter| parameter.name.clone());
                substitute(&field.ty, &[], &names.zip(arguments.iter().cloned()).collect::<Vec<_>>())
            }
            None => self.table.stated(None),
        }
    }

    /// The value `()`.
    pub(super) fn unit(&self, span: Span) -> Node {
        Node {
            kind: NodeKind::Aggregate { written: Vec::new(), base: None, count: 0 },
            term: Term::Unit,
            span,
        }
    }

    /// Whether the node's type can be `expected`; reports if not.
    pub(super) fn expect(&mut self, node: &Node, expected: &Term) -> bool {
        self.expect_at(node.span, &node.term, expected)
    }

    pub(super) fn expect_at(&mut self, span: Span, found: &Term, expected: &Term) -> bool {
        if self.table.unify(found, expected) {
            return true;
        }
        let (found, expected) = (self.table.shallow(found), self.table.shallow(expected));
        let names = (self.table.describe(&found), self.table.describe(&expected));
        let advice = match (&found, &expected) {
            (Term::Scalar(Scalar::Bool), Term::Scalar(_)) | (Term::Scalar(_), Term::Scalar(Scalar::Bool)) => {
                ""
            }
            (Term::Variable(_), Term::Scalar(to)) if to.is_integer() && names.0 == "float" => {
                ": write the number without a point, or convert with `as`"
            }
            (Term::Variable(_), Term::Scalar(to)) if to.is_float() && names.0 == "integer" => {
                ": write the number with a point, such as `1.0`"
            }
            (Term::Scalar(_), Term::Scalar(to)) => &format!(": write `as {}`", to.name()),
            _ => "",
        };
        self.diagnostics.report(span, format!("expected `{}`, found `{}`{advice}", names.1, names.0));
        false
    }

    /// Runs `inside` in a scope of its own.
    pub(super) fn scoped<T>(&mut self, inside: impl FnOnce(&mut Self) -> T) -> T {
        self.scopes.push(Vec::new());
        let value = inside(self);
        self.scopes.pop();
        value
    }

    /// Makes a local that `name` refers to from here on.
    pub(super) fn declare(&mut self, name: &str, term: Term, mutable: bool, span: Span) -> LocalId {
        let local = self.hidden(name, term, mutable, span);
        if let Some(scope) = self.scopes.last_mut() {
            scope.push((name.to_string(), local));
        }
        local
    }

    /// Makes `name` another name of a local from here on.
    pub(super) fn alias(&mut self, name: &str, local: LocalId) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.push((name.to_string(), local));
        }
    }

    /// Makes a local that nothing can refer to.
    pub(super) fn hidden(&mut self, name: &str, term: Term, mutable: bool, span: Span) -> LocalId {
        let local = LocalId(u32::try_from(self.variables.len()).unwrap_or(u32::MAX));
        self.variables.push(Variable { name: name.to_string(), term, mutable, modifier: None, span });
        local
    }

    /// The innermost local of that name.
    pub(super) fn local(&self, name: &str) -> Option<LocalId> {
        let named = |scope: &Vec<(String, LocalId)>| {
            scope.iter().rev().find(|(known, _)| known == name).map(|(_, id)| *id)
        };
        self.scopes.iter().rev().find_map(named)
    }

    pub(super) fn variable(&self, local: LocalId) -> &Variable {
        &self.variables[local.0 as usize]
    }

    /// Runs `inside` without locals and loops: const blocks and const arguments see only items and
    /// const parameters.
    pub(super) fn constant<T>(&mut self, inside: impl FnOnce(&mut Self) -> T) -> T {
        let scopes = std::mem::replace(&mut self.scopes, vec![Vec::new()]);
        let loops = std::mem::take(&mut self.loops);
        let (result, diverges) = (self.result.take(), self.diverges);
        let value = inside(self);
        self.scopes = scopes;
        self.loops = loops;
        self.result = result;
        self.diverges = diverges;
        value
    }
}
