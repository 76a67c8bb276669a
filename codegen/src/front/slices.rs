//! Methods of slices.

use proc_macro2::Span;
use syn::Expr;

use super::body::Body;
use super::terms::{Kind, Term, U64};
use super::tree::{Node, NodeKind, SliceOperation};
use crate::ir::BinaryOp;

impl Body<'_> {
    pub(super) fn slice_method(
        &mut self,
        receiver: Node,
        pointer: Term,
        name: &str,
        arguments: &[&Expr],
        span: Span,
    ) -> Node {
        let this = receiver.term.clone();
        let (operation, positions, term) = match name {
            "len" | "is_empty" | "pointer" => {
                if self.arguments(name, &[], arguments, span).is_none() {
                    return self.failed(span);
                }
                if name == "pointer" {
                    return Node { kind: NodeKind::Field(Box::new(receiver), 0), term: pointer, span };
                }
                let length = Node { kind: NodeKind::Field(Box::new(receiver), 1), term: U64, span };
                if name == "len" {
                    return length;
                }
                let zero = Node { kind: NodeKind::Integer(0), term: U64, span };
                let kind = NodeKind::Binary(BinaryOp::Equal, Box::new(length), Box::new(zero));
                return Node { kind, term: super::terms::BOOL, span };
            }
            "at" => (SliceOperation::At, 1, pointer),
            "subslice" => (SliceOperation::Part, 2, this),
            "split_at" => (SliceOperation::Split, 1, Term::Tuple(vec![this.clone(), this])),
            _ => {
                for argument in arguments {
                    self.expression(argument);
                }
                return self.error(
                    span,
                    format!(
                        "slices have no method `{name}`; they have `at`, `len`, `is_empty`, `subslice`, `split_at` and \
                         `pointer`, which gives a pointer without bounds"
                    ),
                );
            }
        };
        self.slice_operation(operation, receiver, positions, name, arguments, term, span)
    }

    /// An operation on a slice or pointer and as many positions.
    #[expect(clippy::too_many_arguments, reason = "a method call has this many parts")]
    pub(super) fn slice_operation(
        &mut self,
        operation: SliceOperation,
        receiver: Node,
        positions: usize,
        name: &str,
        arguments: &[&Expr],
        term: Term,
        span: Span,
    ) -> Node {
        let expected: Vec<Term> = (0..positions).map(|_| self.table.fresh(Kind::Integer)).collect();
        let Some(written) = self.arguments(name, &expected, arguments, span) else {
            return self.failed(span);
        };
        for (node, index) in written.iter().zip(expected) {
            self.indices.push((node.span, index));
        }
        let operands = std::iter::once(receiver).chain(written).collect();
        Node { kind: NodeKind::Slice(operation, operands), term, span }
    }
}
