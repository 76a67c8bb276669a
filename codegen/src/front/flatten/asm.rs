//! Inline PTX, checked when all types are known.

use proc_macro2::Span;

use super::super::terms::{Table, Term};
use super::super::tree::{Modifier, Node, Role as WrittenRole, Written};
use super::{Flattener, at};
use crate::asm::{Place, check};
use crate::ir::{Asm, AsmOperand, Bound, Expr, ExprKind, Role, Type, TypeParameter};

impl Flattener<'_, '_> {
    pub(super) fn asm(&mut self, written: &Written, values: &[Node], node: &Node) -> Option<Expr> {
        let values = self.operands(values)?;
        let mut operands = Vec::with_capacity(written.operands.len());
        for operand in &written.operands {
            let role = match &operand.role {
                WrittenRole::In => Role::In,
                WrittenRole::InOut => Role::InOut,
                WrittenRole::Const => Role::Const,
                WrittenRole::Modifier(Modifier::Order(orders)) => Role::Order(orders.clone()),
                WrittenRole::Modifier(Modifier::Scope(scopes)) => Role::Scope(scopes.clone()),
                WrittenRole::Type(notation, term) => Role::Type(*notation, self.stated(term, operand.span)?),
                WrittenRole::Out(term) => Role::Out(self.stated(term, operand.span)?),
                WrittenRole::Scratch(term) => Role::Scratch(self.stated(term, operand.span)?),
            };
            operands.push(AsmOperand { name: operand.name.clone(), role });
        }
        let text = written.text.iter().map(|(text, _)| text.clone()).collect();
        let asm = Asm { text, operands };
        for operand in &asm.operands {
            let hole = format!("{{{}}}", operand.name);
            if matches!(operand.role, Role::Type(..)) && !asm.text.iter().any(|text| text.contains(&hole)) {
                let message = format!("the operand `{}` is not used: leave it out", operand.name);
                self.diagnostics.report(node.span, message);
            }
        }
        self.check_asm(written, &asm, &values, node.span);
        let asm = asm.with_types();
        let ty = self.ty(node);
        Some(Expr { kind: ExprKind::Asm(asm, values), ty, span: at(node) })
    }

    /// Checks the instructions, for everything that a type parameter among their operands stands
    /// for.
    fn check_asm(&mut self, written: &Written, asm: &Asm, values: &[Expr], span: Span) {
        let mut generic = None;
        let stated = asm.operands.iter().filter_map(|operand| operand.role.ty());
        for ty in stated.chain(values.iter().map(|value| &value.ty)) {
            let ty = match ty {
                Type::Pointer(_, pointee) => pointee,
                ty => ty,
            };
            if let Type::Parameter(name) = ty {
                generic = self.type_parameters.iter().find(|parameter| parameter.name == *name).or(generic);
            }
        }
        let parameters: Vec<TypeParameter> = generic.into_iter().cloned().collect();
        let bound = generic.map_or(Bound::Number, |parameter| parameter.bound);
        for member in bound.members() {
            let known = |ty: &Type| ty.with(&parameters, &[Type::Scalar(*member)]);
            let (mut asm, mut places) = (asm.clone(), Vec::new());
            for (index, operand) in asm.operands.iter_mut().enumerate() {
                if let Some(ty) = operand.role.ty_mut() {
                    *ty = known(ty);
                }
                if !matches!(operand.role, Role::Type(..)) {
                    places.push(index);
                }
            }
            let (asm, values) =
                (asm.with_types(), values.iter().map(|value| known(&value.ty)).collect::<Vec<_>>());
            let Some(types) = asm.types(&values) else { return };
            let describe = |ty: &Type| Table::default().describe(&Term::from(ty));
            let problems = check(&asm, &types, &describe);
            for problem in &problems {
                let at = match problem.place {
                    Place::Text(index) => written.text.get(index).map(|(_, span)| *span),
                    Place::Operand(index) => places
                        .get(index)
                        .and_then(|index| written.operands.get(*index))
                        .map(|operand| operand.span),
                };
                self.diagnostics.report(at.unwrap_or(span), &problem.message);
            }
            if parameters.is_empty() || !problems.is_empty() {
                return;
            }
        }
    }

    fn stated(&mut self, term: &Term, span: Span) -> Option<Type> {
        let ty = self.table.finish(term);
        if ty.is_none() {
            self.diagnostics.report(span, "the type of this operand is not known: write it, `out(u32)`");
        }
        ty
    }
}
