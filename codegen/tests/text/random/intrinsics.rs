//! Random uses of intrinsics, drawn from the table.

use std::sync::LazyLock;

use crossdock_codegen::ir::{
    Asm, AsmOperand, AtomicOp, Content, Expr, ExprKind, Intrinsic, Kind, Order, Reach, Role, Scalar, Scope,
    Space, Type,
};

use super::expressions::Function;

const U32: Type = Type::Scalar(Scalar::U32);
const U64: Type = Type::Scalar(Scalar::U64);
const F32: Type = Type::Scalar(Scalar::F32);

/// The operations that differ in more than order and scope.
static OPERATIONS: LazyLock<Vec<Intrinsic>> = LazyLock::new(|| {
    let mut operations: Vec<Intrinsic> = Intrinsic::all().to_vec();
    operations.dedup_by_key(|intrinsic| intrinsic.row().name.to_string());
    operations
});

/// A scalar to compute with: an enum is only moved.
fn scalar(ty: &Type) -> Option<Scalar> {
    ty.scalar().filter(|_| !matches!(ty, Type::Enum(..)))
}

/// Whether that lies in memory, or in registers, in one piece.
fn is_whole(ty: &Type) -> bool {
    ty.scalar().is_some() || matches!(ty, Type::Struct(_))
}

/// Whether the operation gives a value of that type.
fn gives(intrinsic: Intrinsic, ty: &Type) -> bool {
    let row = intrinsic.row();
    match (row.gives, row.takes.first(), scalar(ty)) {
        (Kind::Is(given), _, Some(wanted)) => given == wanted,
        (Kind::Bits, _, Some(wanted)) => Kind::Bits.includes(wanted),
        (Kind::Same, Some(Kind::Pointer(_, Content::Any)) | Some(Kind::Any), _) => is_whole(ty),
        (Kind::Same, Some(Kind::Pointer(_, Content::Number | Content::Strong)), Some(wanted)) => {
            wanted != Scalar::Bool
        }
        (Kind::Same, Some(Kind::Pointer(_, Content::Atomic)), Some(wanted)) => match intrinsic {
            Intrinsic::Atomic(AtomicOp::Increment | AtomicOp::Decrement, ..) => wanted == Scalar::U32,
            Intrinsic::Atomic(op, ..) if op.half().is_some() => wanted == Scalar::U32,
            _ => wanted.is_integer() && wanted.bytes() >= 4,
        },
        (Kind::Same, Some(kind), Some(wanted)) => kind.includes(wanted),
        _ => false,
    }
}

impl Function<'_> {
    fn space(&mut self, reach: Reach) -> Space {
        let spaces = [Space::Global, Space::Shared, Space::Peer];
        let spaces: Vec<Space> = spaces.into_iter().filter(|space| reach.includes(*space)).collect();
        self.choices.one(&spaces)
    }

    /// An intrinsic that gives a value of that type.
    pub(super) fn intrinsic(&mut self, ty: &Type, depth: u32) -> Option<ExprKind> {
        let fitting: Vec<Intrinsic> =
            OPERATIONS.iter().copied().filter(|intrinsic| gives(*intrinsic, ty)).collect();
        let intrinsic = self.choices.maybe_one(&fitting)?;
        let row = intrinsic.row();
        let first = match (row.gives, row.takes.first(), scalar(ty)) {
            (Kind::Bits, _, Some(Scalar::F32)) => U32,
            (Kind::Bits, _, Some(Scalar::F64)) => U64,
            (Kind::Bits, _, Some(Scalar::U32)) => F32,
            (Kind::Bits, ..) => Type::Scalar(Scalar::F64),
            (Kind::Is(_), Some(Kind::Integer), _) => Type::Scalar(super::types::integer(self.choices)),
            (Kind::Is(_), Some(Kind::Word), _) => self.choices.one(&[U32, U64, F32]),
            _ => ty.clone(),
        };
        self.operation_on(intrinsic, &first, depth)
    }

    /// The operation with random order and scope, whose first operand is of that type or points to
    /// it.
    fn operation_on(&mut self, intrinsic: Intrinsic, first: &Type, depth: u32) -> Option<ExprKind> {
        let mut operands = Vec::new();
        for kind in intrinsic.row().takes {
            operands.push(match kind {
                Kind::Is(scalar) => self.value(&Type::Scalar(*scalar), depth),
                Kind::Members => self.value(&U32, depth),
                Kind::Pointer(reach, _) => {
                    let space = self.space(*reach);
                    self.pointer(space, first, depth)?
                }
                _ => self.value(first, depth),
            });
        }
        let intrinsic = match intrinsic.orders() {
            [] => intrinsic,
            orders => intrinsic.stated(self.choices.one(orders), self.choices.one(Scope::ALL)),
        };
        Some(ExprKind::Intrinsic(intrinsic, operands))
    }

    /// A pointer into `space`, made from a parameter if it is not shared memory; none if no
    /// parameter serves.
    pub(super) fn pointer(&mut self, space: Space, pointee: &Type, depth: u32) -> Option<Expr> {
        let wanted = Type::Pointer(space, Box::new(pointee.clone()));
        let depth = depth.saturating_sub(1);
        if depth > 0 && self.choices.once_in(3) {
            let base = self.pointer(space, pointee, depth)?;
            let index = self.choices.one(&[U32, U64]);
            let arguments = vec![base, self.value(&index, depth)];
            return Some(self.expr(ExprKind::Intrinsic(Intrinsic::Offset, arguments), wanted));
        }
        if let Some(local) = self.local_of(|ty| *ty == wanted) {
            return Some(self.expr(ExprKind::Local(local), wanted));
        }
        let kind = if space == Space::Shared && self.choices.once_in(3) {
            let slice = Type::Slice(Box::new(wanted.clone()));
            let slice = self.expr(ExprKind::Intrinsic(Intrinsic::DynamicShared, Vec::new()), slice);
            ExprKind::Field(Box::new(slice), 0)
        } else if space == Space::Shared {
            ExprKind::Intrinsic(Intrinsic::SharedArray, vec![self.constant(&U32, 1)])
        } else if let Some(local) =
            self.local_of(|ty| matches!(ty, Type::Pointer(found, _) if *found == space))
        {
            let ty = self.locals[local.0 as usize].ty.clone();
            ExprKind::Intrinsic(Intrinsic::CastPointer, vec![self.expr(ExprKind::Local(local), ty)])
        } else if space == Space::Peer {
            let local = self.local_of(|ty| matches!(ty, Type::Peers(found) if **found == *pointee))?;
            let peers = self.expr(ExprKind::Local(local), Type::Peers(Box::new(pointee.clone())));
            ExprKind::Intrinsic(Intrinsic::PeerRank, vec![peers, *self.u32_value(depth)])
        } else {
            return None;
        };
        Some(self.expr(kind, wanted))
    }

    /// Inline PTX that gives a value of that type.
    pub(super) fn asm(&mut self, ty: &Type, depth: u32) -> Option<ExprKind> {
        let scalar = ty.scalar().filter(|scalar| !matches!(ty, Type::Enum(..)) && scalar.bytes() >= 4)?;
        let bits = scalar.bytes() * 8;
        let operand = |name: &str, role| AsmOperand { name: name.to_string(), role };
        let (text, operands, values) = match self.choices.below(5) {
            0 => (
                vec![format!("mov.b{bits} {{d}}, {{a}};")],
                vec![operand("a", Role::In), operand("d", Role::Out(ty.clone()))],
                vec![self.value(ty, depth)],
            ),
            1 => (
                vec![format!("@!{{p}} xor.b{bits} {{d}}, {{d}}, {{n}}")],
                vec![operand("p", Role::In), operand("d", Role::InOut), operand("n", Role::Const)],
                vec![
                    self.value(&Type::Scalar(Scalar::Bool), depth),
                    self.value(ty, depth),
                    self.constant(&U32, depth),
                ],
            ),
            2 => {
                let space = self.space(Reach::Anywhere);
                let shared = if space == Space::Shared { "shared" } else { "global" };
                (
                    vec![format!("ld.{shared}.v2.b{bits} {{t, d}}, [{{from}}+16];")],
                    vec![
                        operand("from", Role::In),
                        operand("t", Role::Scratch(ty.clone())),
                        operand("d", Role::Out(ty.clone())),
                    ],
                    vec![self.pointer(space, ty, depth)?],
                )
            }
            3 => {
                let order = self.choices.one(&[Order::Relaxed, Order::Acquire]);
                let scope = self.choices.one(Scope::ALL);
                let [order, scope] =
                    [order as i128, scope as i128].map(|code| self.expr(ExprKind::Integer(code), U32));
                (
                    vec![format!("ld.{{order}}.{{scope}}.global.b{bits} {{d}}, [{{from}}];")],
                    vec![
                        operand("order", Role::Order(vec![Order::Relaxed, Order::Acquire])),
                        operand("scope", Role::Scope(Scope::ALL.to_vec())),
                        operand("from", Role::In),
                        operand("d", Role::Out(ty.clone())),
                    ],
                    vec![order, scope, self.pointer(Space::Global, ty, depth)?],
                )
            }
            _ => {
                let kind = ExprKind::Asm(
                    Asm {
                        text: vec![
                            format!("mov.b{bits} {{x}}, {{a}};"),
                            "setp.ne.u32 {p}, 1, 0;".to_string(),
                        ],
                        operands: vec![
                            operand("a", Role::In),
                            operand("x", Role::Out(ty.clone())),
                            operand("p", Role::Out(Type::Scalar(Scalar::Bool))),
                        ],
                    },
                    vec![self.value(ty, depth)],
                );
                let both = Type::Tuple(vec![ty.clone(), Type::Scalar(Scalar::Bool)]);
                return Some(ExprKind::Field(Box::new(self.expr(kind, both)), 0));
            }
        };
        Some(ExprKind::Asm(Asm { text, operands }, values))
    }

    /// Something done for its effect: a write, a store, a fence, a barrier.
    pub(super) fn effect(&mut self, depth: u32) -> Option<ExprKind> {
        if self.choices.once_in(9) {
            return self.call(&Type::Unit, depth);
        }
        let fitting: Vec<Intrinsic> = OPERATIONS
            .iter()
            .copied()
            .filter(|intrinsic| matches!(intrinsic.row().gives, Kind::Unit | Kind::Never))
            .collect();
        let intrinsic = self.choices.one(&fitting);
        let first = match intrinsic.row().takes.first() {
            Some(Kind::Pointer(_, Content::Any)) => super::types::pointee(self.choices, &self.items),
            _ => self.choices.one(&[U32, U64, F32]),
        };
        self.operation_on(intrinsic, &first, depth)
    }
}
