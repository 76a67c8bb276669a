//! Inline PTX, checked when all types are known.

use proc_macro2::Span;

use super::super::terms::{Table, Term};
use super::super::tree::{Modifier, Node, Role as WrittenRole, Written};
use super::{Flattener, at};
use crate::inline::{Place, check};
use crate::ir::{Expr, ExprKind, Inline, InlineOperand, Role, Type};

impl Flattener<'_, '_> {
    pub(super) fn inline(&mut self, written: &Written, values: &[Node], node: &Node) -> Option<Expr> {
        let values = self.operands(values)?;
        let mut operands = Vec::with_capacity(written.operands.len());
        for operand in &written.operands {
            let role = match &operand.role {
                WrittenRole::In => Role::In,
                WrittenRole::InOut => Role::InOut,
                WrittenRole::Const => Role::Const,
                WrittenRole::Modifier(Modifier::Order(orders)) => Role::Order(orders.clone()),
                WrittenRole::Modifier(Modifier::Scope(scopes)) => Role::Scope(scopes.clone()),
                WrittenRole::Out(term) => Role::Out(self.stated(term, operand.span)?),
                WrittenRole::Scratch(term) => Role::Scratch(self.stated(term, operand.span)?),
            };
            operands.push(InlineOperand { name: operand.name.clone(), role });
        }
        let text = written.text.iter().map(|(text, _)| text.clone()).collect();
        let inline = Inline { text, operands };
        let types = inline.types(values.iter().map(|value| &value.ty))?;
        let describe = |ty: &Type| Table::default().describe(&Term::from(ty));
        let problems = check(&inline, &types, &describe);
        for problem in &problems {
            let span = match problem.place {
                Place::Text(index) => written.text.get(index).map(|(_, span)| *span),
                Place::Operand(index) => written.operands.get(index).map(|operand| operand.span),
            };
            self.diagnostics.report(span.unwrap_or(node.span), &problem.message);
        }
        let ty = self.ty(node);
        Some(Expr { kind: ExprKind::Inline(inline, values), ty, span: at(node) })
    }

    fn stated(&mut self, term: &Term, span: Span) -> Option<Type> {
        let ty = self.table.finish(term);
        if ty.is_none() {
            self.diagnostics.report(span, "the type of this operand is not known: write it, `out(u32)`");
        }
        ty
    }
}
