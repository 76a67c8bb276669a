//! Random uses of intrinsics.

use crossdock_codegen::ir::{
    Assumption, AtomicOp, BarrierKind, Direction, Expr, ExprKind, HalfFormat, HalfOperation, Inline,
    InlineOperand, Intrinsic as I, LoadHint, Order, Role, RoundedOperation, Rounding, Scalar, Scope,
    ShuffleKind, Space, StoreHint, Type, VoteKind,
};

use super::expressions::Function;

const LOAD_HINTS: [LoadHint; 13] = [
    LoadHint::CacheAll,
    LoadHint::CacheGlobal,
    LoadHint::Streaming,
    LoadHint::LastUse,
    LoadHint::DoNotCache,
    LoadHint::EvictFirst,
    LoadHint::EvictLast,
    LoadHint::EvictUnchanged,
    LoadHint::NoAllocate,
    LoadHint::Prefetch64,
    LoadHint::Prefetch128,
    LoadHint::Prefetch256,
    LoadHint::NoAllocatePrefetch256,
];
const STORE_HINTS: [StoreHint; 8] = [
    StoreHint::WriteBack,
    StoreHint::CacheGlobal,
    StoreHint::Streaming,
    StoreHint::WriteThrough,
    StoreHint::EvictFirst,
    StoreHint::EvictLast,
    StoreHint::EvictUnchanged,
    StoreHint::NoAllocate,
];
const ATOMICS: [AtomicOp; 8] = [
    AtomicOp::Add,
    AtomicOp::Minimum,
    AtomicOp::Maximum,
    AtomicOp::And,
    AtomicOp::Or,
    AtomicOp::Xor,
    AtomicOp::Exchange,
    AtomicOp::CompareExchange,
];
const ATOMIC_ORDERS: [Order; 4] = [Order::Relaxed, Order::Acquire, Order::Release, Order::AcquireRelease];
const SHUFFLES: [ShuffleKind; 4] = [ShuffleKind::Index, ShuffleKind::Up, ShuffleKind::Down, ShuffleKind::Xor];
const ROUNDINGS: [Rounding; 4] = [Rounding::NearestEven, Rounding::TowardZero, Rounding::Down, Rounding::Up];
const DIRECTIONS: [Direction; 3] = [Direction::TowardZero, Direction::Down, Direction::Up];
const ROUNDED: [RoundedOperation; 6] = [
    RoundedOperation::Add,
    RoundedOperation::Subtract,
    RoundedOperation::Multiply,
    RoundedOperation::Divide,
    RoundedOperation::FusedMultiplyAdd,
    RoundedOperation::SquareRoot,
];
const FORMATS: [HalfFormat; 2] = [HalfFormat::F16, HalfFormat::Bf16];
const HALF_OPERATIONS: [HalfOperation; 6] = [
    HalfOperation::Add,
    HalfOperation::Subtract,
    HalfOperation::Multiply,
    HalfOperation::FusedMultiplyAdd,
    HalfOperation::Minimum,
    HalfOperation::Maximum,
];
const U32: Type = Type::Scalar(Scalar::U32);
const U64: Type = Type::Scalar(Scalar::U64);

impl Function<'_> {
    fn scope(&mut self) -> Scope {
        self.choices.one(&[Scope::System, Scope::Gpu, Scope::Cluster, Scope::Block])
    }

    fn space(&mut self) -> Space {
        self.choices.one(&[Space::Global, Space::Shared, Space::Peer])
    }

    /// An intrinsic that gives a value of that type.
    pub(super) fn intrinsic(&mut self, ty: &Type, depth: u32) -> Option<ExprKind> {
        // An enum is moved, not computed with.
        let scalar = ty.scalar().filter(|_| !matches!(ty, Type::Enum(..)));
        let is_memory = ty.scalar().is_some() || matches!(ty, Type::Struct(_));
        let strong = scalar.is_some_and(|scalar| scalar.bytes() >= 4);
        match (self.choices.below(9), scalar) {
            (0, _) if is_memory => {
                let hint = self.choices.one(&LOAD_HINTS);
                let (space, read) = match self.choices.below(5) {
                    0 => (Space::Global, I::ReadOnly),
                    1 => (Space::Global, I::ReadOnlyHinted(hint)),
                    2 => (Space::Peer, I::ReadHinted(hint)),
                    _ => (self.space(), I::Read),
                };
                let read = match read {
                    I::ReadOnlyHinted(hint) if !hint.is_for_read_only() => I::ReadHinted(hint),
                    read => read,
                };
                Some(ExprKind::Intrinsic(read, vec![self.pointer(space, ty, depth)?]))
            }
            (1, _) if is_memory => {
                let shuffle = I::Shuffle(self.choices.one(&SHUFFLES));
                let arguments = vec![self.value(ty, depth), *self.u32_value(depth), *self.u32_value(depth)];
                Some(ExprKind::Intrinsic(shuffle, arguments))
            }
            (2, _) if strong => {
                let order = self.choices.one(&[Order::Relaxed, Order::Acquire]);
                let (space, scope) = (self.space(), self.scope());
                Some(ExprKind::Intrinsic(I::Load(order, scope), vec![self.pointer(space, ty, depth)?]))
            }
            (3, Some(scalar)) if strong && scalar.is_integer() => self.atomic(ty, depth),
            (4, _) if is_memory => {
                let assumption = self.choices.one(&[Assumption::WarpUniform, Assumption::BlockUniform]);
                Some(ExprKind::Intrinsic(I::Assume(assumption), vec![self.value(ty, depth)]))
            }
            (_, Some(scalar)) => Some(self.computation(scalar, depth)),
            _ => None,
        }
    }

    fn atomic(&mut self, ty: &Type, depth: u32) -> Option<ExprKind> {
        let operation = self.choices.one(&ATOMICS);
        let order = self.choices.one(&ATOMIC_ORDERS);
        let (space, scope) = (self.space(), self.scope());
        let mut arguments = vec![self.pointer(space, ty, depth)?, self.value(ty, depth)];
        if operation == AtomicOp::CompareExchange {
            arguments.push(self.value(ty, depth));
        }
        Some(ExprKind::Intrinsic(I::Atomic(operation, order, scope), arguments))
    }

    fn computation(&mut self, scalar: Scalar, depth: u32) -> ExprKind {
        let ty = Type::Scalar(scalar);
        let (intrinsic, operands) = match scalar {
            Scalar::Bool if self.choices.once_in(4) => (I::TargetIsSpecific, vec![]),
            Scalar::Bool if self.choices.once_in(4) => (I::TargetIsAtLeast, vec![U32]),
            Scalar::Bool if self.choices.once_in(3) => {
                let kind = self.choices.one(&[BarrierKind::Any, BarrierKind::All]);
                (I::NamedBarrier(kind), vec![U32, U32, ty])
            }
            Scalar::Bool => {
                let vote = self.choices.one(&[VoteKind::Any, VoteKind::All]);
                (I::Vote(vote), vec![ty, U32])
            }
            Scalar::F32 | Scalar::F64 => {
                let bits = if scalar == Scalar::F32 { U32 } else { U64 };
                match self.choices.below(15) {
                    9 | 11..=14 if scalar == Scalar::F32 => {
                        // One choice for both, so that every combination occurs.
                        let choice = self.choices.below(ROUNDED.len() * DIRECTIONS.len());
                        let operation = ROUNDED[choice % ROUNDED.len()];
                        let direction = DIRECTIONS[choice / ROUNDED.len()];
                        (I::Rounded(operation, direction), vec![ty; operation.operands()])
                    }
                    10 if scalar == Scalar::F32 => {
                        let sources = [Scalar::F64, Scalar::U32, Scalar::I32, Scalar::U64, Scalar::I64];
                        let source = Type::Scalar(self.choices.one(&sources));
                        (I::ToF32(self.choices.one(&DIRECTIONS)), vec![source])
                    }
                    6 if scalar == Scalar::F32 => (I::F16Value, vec![Type::Scalar(Scalar::U16)]),
                    0 => (I::FusedMultiplyAdd, vec![ty.clone(), ty.clone(), ty]),
                    1 => (I::Minimum, vec![ty.clone(), ty]),
                    2 => (I::Maximum, vec![ty.clone(), ty]),
                    3 => (I::Absolute, vec![ty]),
                    4 => (I::SquareRoot, vec![ty]),
                    7 => (I::Integral(self.choices.one(&ROUNDINGS)), vec![ty]),
                    8 => (I::CopySign, vec![ty.clone(), ty]),
                    _ => (I::Bitcast, vec![bits]),
                }
            }
            Scalar::U32 if self.choices.once_in(2) => self.u32_computation(),
            Scalar::U64 if self.choices.once_in(2) => match self.choices.below(2) {
                0 => (I::GlobalTimer, vec![]),
                _ => (I::Bitcast, vec![Type::Scalar(Scalar::F64)]),
            },
            Scalar::U16 if self.choices.once_in(2) => {
                let pack = self.choices.one(&[I::PackE4m3, I::PackE5m2]);
                (pack, vec![Type::Scalar(Scalar::F32), Type::Scalar(Scalar::F32)])
            }
            _ => match self.choices.below(4) {
                0 => (I::Minimum, vec![ty.clone(), ty]),
                1 => (I::Maximum, vec![ty.clone(), ty]),
                2 if scalar.is_signed() => (I::Absolute, vec![ty]),
                _ => (I::ReverseBits, vec![ty]),
            },
        };
        let arguments = operands.iter().map(|operand| self.value(operand, depth)).collect();
        ExprKind::Intrinsic(intrinsic, arguments)
    }

    fn u32_computation(&mut self) -> (I, Vec<Type>) {
        let integer = Type::Scalar(super::types::integer(self.choices));
        let float = Type::Scalar(Scalar::F32);
        match self.choices.below(22) {
            0 => (I::ThreadInBlock, vec![]),
            1 => (I::ThreadsInBlock, vec![]),
            2 => (I::BlockInGrid, vec![]),
            3 => (I::BlocksInGrid, vec![]),
            4 => (I::Lane, vec![]),
            5 => (I::Vote(VoteKind::Ballot), vec![Type::Scalar(Scalar::Bool), U32]),
            6 => (I::MatchAny, vec![self.choices.one(&[U32, U64, Type::Scalar(Scalar::F32)]), U32]),
            7 => (I::CountOnes, vec![integer]),
            8 => (I::LeadingZeros, vec![integer]),
            9 => (I::TrailingZeros, vec![integer]),
            10 => (I::PackBf16, vec![float.clone(), float]),
            11 => (I::PackF16, vec![float.clone(), float]),
            12 => (I::WidenE4m3, vec![Type::Scalar(Scalar::U16)]),
            13 => (I::WidenE5m2, vec![Type::Scalar(Scalar::U16)]),
            15 => (I::PackTowardZero(self.choices.one(&FORMATS)), vec![float.clone(), float]),
            16 | 19..=21 => {
                let choice = self.choices.below(HALF_OPERATIONS.len() * FORMATS.len());
                let operation = HALF_OPERATIONS[choice % HALF_OPERATIONS.len()];
                let format = FORMATS[choice / HALF_OPERATIONS.len()];
                (I::HalfPair(format, operation), vec![U32; operation.operands()])
            }
            14 => (I::Assume(Assumption::Members), vec![U32]),
            17 => (I::NamedBarrier(BarrierKind::Count), vec![U32, U32, Type::Scalar(Scalar::Bool)]),
            _ => (I::Bitcast, vec![float]),
        }
    }

    /// A pointer into `space`, made from a parameter if it is not shared memory; none if no parameter serves.
    pub(super) fn pointer(&mut self, space: Space, pointee: &Type, depth: u32) -> Option<Expr> {
        let wanted = Type::Pointer(space, Box::new(pointee.clone()));
        let depth = depth.saturating_sub(1);
        if depth > 0 && self.choices.once_in(3) {
            let base = self.pointer(space, pointee, depth)?;
            let index = self.choices.one(&[U32, U64]);
            let arguments = vec![base, self.value(&index, depth)];
            return Some(self.expr(ExprKind::Intrinsic(I::Offset, arguments), wanted));
        }
        if let Some(local) = self.local_of(|ty| *ty == wanted) {
            return Some(self.expr(ExprKind::Local(local), wanted));
        }
        let kind = if space == Space::Shared {
            ExprKind::Intrinsic(I::SharedArray, vec![self.constant(&U32, 1)])
        } else if let Some(local) =
            self.local_of(|ty| matches!(ty, Type::Pointer(found, _) if *found == space))
        {
            let ty = self.locals[local.0 as usize].ty.clone();
            ExprKind::Intrinsic(I::CastPointer, vec![self.expr(ExprKind::Local(local), ty)])
        } else if space == Space::Peer {
            let local = self.local_of(|ty| matches!(ty, Type::Peers(found) if **found == *pointee))?;
            let peers = self.expr(ExprKind::Local(local), Type::Peers(Box::new(pointee.clone())));
            ExprKind::Intrinsic(I::PeerRank, vec![peers, *self.u32_value(depth)])
        } else {
            return None;
        };
        Some(self.expr(kind, wanted))
    }

    /// Inline PTX that gives a value of that type.
    pub(super) fn inline(&mut self, ty: &Type, depth: u32) -> Option<ExprKind> {
        let scalar = ty.scalar().filter(|scalar| !matches!(ty, Type::Enum(..)) && scalar.bytes() >= 4)?;
        let bits = scalar.bytes() * 8;
        let operand = |name: &str, role| InlineOperand { name: name.to_string(), role };
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
                let space = self.space();
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
                let scope = self.scope();
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
                let kind = ExprKind::Inline(
                    Inline {
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
        Some(ExprKind::Inline(Inline { text, operands }, values))
    }

    /// Something done for its effect: a write, a store, a fence, a barrier.
    pub(super) fn effect(&mut self, depth: u32) -> Option<ExprKind> {
        let kind = match self.choices.below(9) {
            0 if self.choices.once_in(2) => ExprKind::Intrinsic(I::RoleBarrier, vec![]),
            0 if self.choices.once_in(2) => {
                let kind = self.choices.one(&[BarrierKind::Synchronise, BarrierKind::Arrive]);
                ExprKind::Intrinsic(
                    I::NamedBarrier(kind),
                    vec![*self.u32_value(depth), *self.u32_value(depth)],
                )
            }
            0 => ExprKind::Intrinsic(I::BlockBarrier, vec![]),
            1 => ExprKind::Intrinsic(I::WarpBarrier, vec![*self.u32_value(depth)]),
            2 => ExprKind::Intrinsic(I::Nanosleep, vec![*self.u32_value(depth)]),
            3 => ExprKind::Intrinsic(I::Trap, vec![]),
            4 => {
                let order = self.choices.one(&[Order::AcquireRelease, Order::SequentiallyConsistent]);
                ExprKind::Intrinsic(I::Fence(order, self.scope()), vec![])
            }
            5 | 6 => {
                let pointee = super::types::pointee(self.choices, &self.items);
                let (space, write) = match self.choices.below(3) {
                    0 => (Space::Global, I::WriteHinted(self.choices.one(&STORE_HINTS))),
                    _ => (self.space(), I::Write),
                };
                let arguments = vec![self.pointer(space, &pointee, depth)?, self.value(&pointee, depth)];
                ExprKind::Intrinsic(write, arguments)
            }
            7 => {
                let pointee = self.choices.one(&[U32, U64, Type::Scalar(Scalar::F32)]);
                let order = self.choices.one(&[Order::Relaxed, Order::Release]);
                let (space, scope) = (self.space(), self.scope());
                let arguments = vec![self.pointer(space, &pointee, depth)?, self.value(&pointee, depth)];
                ExprKind::Intrinsic(I::Store(order, scope), arguments)
            }
            _ => self.call(&Type::Unit, depth)?,
        };
        Some(kind)
    }
}
