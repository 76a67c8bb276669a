//! Intrinsics: operands and results, and the orders that PTX allows.

use super::Checker;
use super::types::{same, text};
use crate::back::specialise::Change;
use crate::ir::{
    Assumption, AtomicOp, BarrierKind, Expr, HalfFormat, Intrinsic, Order, Rounding, Scalar, Space, Span,
    Type, VoteKind,
};

const BOOL: Type = Type::Scalar(Scalar::Bool);
const U32: Type = Type::Scalar(Scalar::U32);
const U64: Type = Type::Scalar(Scalar::U64);

impl Checker<'_> {
    /// Checks an intrinsic whose arguments are checked already.
    pub(super) fn intrinsic(&mut self, intrinsic: Intrinsic, arguments: &[Expr], result: &Type, span: Span) {
        let types: Vec<&Type> = arguments.iter().map(|argument| &argument.ty).collect();
        if let Some(message) = order_mistake(intrinsic) {
            self.mistake(span, message);
        }
        match expected(intrinsic, &types, result) {
            Ok(Some(ty)) if !same(&ty, result) => {
                self.mistake(span, format!("this operation gives {}, not {}", text(&ty), text(result)));
            }
            Ok(_) => {}
            Err(needs) => {
                let given = types.iter().map(|ty| text(ty)).collect::<Vec<_>>().join(", ");
                self.mistake(span, format!("{} takes {needs}, not ({given})", rust_name(intrinsic)));
            }
        }
    }
}

/// The sentence for an order that the operation cannot have.
fn order_mistake(intrinsic: Intrinsic) -> Option<String> {
    if let Intrinsic::ReadOnlyHinted(hint) = intrinsic
        && !hint.is_for_read_only()
    {
        return Some(format!("read-only data cannot be read with {hint:?}: use another hint"));
    }
    let (what, order, legal): (_, _, &[Order]) = match intrinsic {
        Intrinsic::Load(order, _) => ("a load", order, &[Order::Relaxed, Order::Acquire]),
        Intrinsic::Store(order, _) => ("a store", order, &[Order::Relaxed, Order::Release]),
        Intrinsic::Atomic(_, order, _) => (
            "a read-modify-write operation",
            order,
            &[Order::Relaxed, Order::Acquire, Order::Release, Order::AcquireRelease],
        ),
        Intrinsic::Fence(order, _) => (
            "a fence",
            order,
            &[Order::Acquire, Order::Release, Order::AcquireRelease, Order::SequentiallyConsistent],
        ),
        _ => return None,
    };
    if legal.contains(&order) {
        return None;
    }
    let names = legal.iter().map(|order| format!("{order:?}")).collect::<Vec<_>>().join(" or ");
    Some(format!("{what} cannot be {order:?}: use {names}"))
}

/// The result type, where the arguments decide it; what the operation takes, when the arguments are wrong.
fn expected(intrinsic: Intrinsic, types: &[&Type], result: &Type) -> Result<Option<Type>, &'static str> {
    let plain = |ty: &Type| match ty {
        Type::Scalar(scalar) => Some(*scalar),
        _ => None,
    };
    let scalar = |index: usize| types.get(index).and_then(|ty| plain(ty));
    let integer = scalar(0).is_some_and(Scalar::is_integer);
    let float = scalar(0).is_some_and(Scalar::is_float);
    let pointee = types.first().and_then(|ty| match ty {
        Type::Pointer(_, pointee) => Some(&**pointee),
        _ => None,
    });
    let space = types.first().and_then(|ty| match ty {
        Type::Pointer(space, _) => Some(*space),
        _ => None,
    });
    let number = pointee.and_then(plain).filter(|scalar| *scalar != Scalar::Bool);
    let strong = number.filter(|scalar| scalar.bytes() >= 4);
    // Whether they have 16 bytes is known when lengths are.
    let wide = matches!(pointee, Some(Type::Struct(_)));
    let all = |ty: &Type, from: usize| types[from..].iter().all(|other| *other == ty);
    let takes = |fits: bool, gives: Option<Type>, needs| if fits { Ok(gives) } else { Err(needs) };
    let count = types.len();
    match intrinsic {
        Intrinsic::ThreadInBlock
        | Intrinsic::ThreadsInBlock
        | Intrinsic::BlockInGrid
        | Intrinsic::BlocksInGrid
        | Intrinsic::Lane => takes(count == 0, Some(U32), "nothing"),
        Intrinsic::TargetIsAtLeast => {
            takes(count == 1 && all(&U32, 0), Some(BOOL), "the number of an architecture (u32)")
        }
        Intrinsic::TargetIsSpecific => takes(count == 0, Some(BOOL), "nothing"),
        Intrinsic::GlobalTimer => takes(count == 0, Some(U64), "nothing"),
        Intrinsic::Fence(..) | Intrinsic::BlockBarrier | Intrinsic::RoleBarrier | Intrinsic::Trap => {
            takes(count == 0, Some(Type::Unit), "nothing")
        }
        Intrinsic::NamedBarrier(kind) => {
            let ids = count >= 2 && all(&U32, 0);
            let asked = count == 3 && scalar(0) == Some(Scalar::U32) && scalar(1) == Some(Scalar::U32);
            let asked = asked && scalar(2) == Some(Scalar::Bool);
            match kind {
                BarrierKind::Synchronise | BarrierKind::Arrive => {
                    takes(ids && count == 2, Some(Type::Unit), "the barrier and its threads (u32)")
                }
                BarrierKind::Any | BarrierKind::All => {
                    takes(asked, Some(BOOL), "the barrier, its threads (u32) and a bool")
                }
                BarrierKind::Count => takes(asked, Some(U32), "the barrier, its threads (u32) and a bool"),
            }
        }
        Intrinsic::WarpBarrier => {
            takes(count == 1 && all(&U32, 0), Some(Type::Unit), "the member lanes (u32)")
        }
        Intrinsic::Assume(Assumption::Members) => {
            takes(count == 1 && all(&U32, 0), Some(U32), "the member lanes (u32)")
        }
        Intrinsic::Assume(_) => takes(count == 1, types.first().map(|ty| (*ty).clone()), "a value"),
        Intrinsic::Nanosleep => takes(count == 1 && all(&U32, 0), Some(Type::Unit), "nanoseconds (u32)"),
        Intrinsic::Offset => takes(
            count == 2 && pointee.is_some() && matches!(scalar(1), Some(Scalar::U32 | Scalar::U64)),
            types.first().map(|ty| (*ty).clone()),
            "a pointer and an index (u32, u64 or usize)",
        ),
        Intrinsic::Slice => takes(
            count == 2 && pointee.is_some() && scalar(1) == Some(Scalar::U64),
            types.first().map(|ty| Type::Slice(Box::new((*ty).clone()))),
            "a pointer and the number of elements (u64)",
        ),
        Intrinsic::CastPointer => {
            let same_space = match (types, result) {
                ([Type::Pointer(from, _)], Type::Pointer(to, _)) => from == to,
                _ => false,
            };
            takes(same_space, None, "a pointer, and gives one into the same space")
        }
        Intrinsic::PeerRank => {
            let pointee = match types.first() {
                Some(Type::Peers(pointee)) => Some(pointee),
                _ => None,
            };
            let peer = pointee.map(|pointee| Type::Pointer(Space::Peer, pointee.clone()));
            takes(
                count == 2 && peer.is_some() && scalar(1) == Some(Scalar::U32),
                peer,
                "a Peers and a rank (u32)",
            )
        }
        Intrinsic::SharedArray => takes(
            count == 1 && all(&U32, 0) && matches!(result, Type::Pointer(Space::Shared, _)),
            None,
            "a constant number of elements (u32), and gives a Shared",
        ),
        Intrinsic::ReadMmio => takes(
            count == 1 && number.is_some() && space.is_some_and(|space| space != Space::Shared),
            pointee.cloned(),
            "a pointer to a number of 8 to 64 bits in global memory",
        ),
        Intrinsic::WriteMmio => takes(
            count == 2
                && number.is_some()
                && scalar(1) == number
                && space.is_some_and(|space| space != Space::Shared),
            Some(Type::Unit),
            "a pointer to a number of 8 to 64 bits in global memory and a value of its type",
        ),
        Intrinsic::Read | Intrinsic::ReadVolatile => {
            takes(count == 1 && pointee.is_some(), pointee.cloned(), "a pointer")
        }
        Intrinsic::ReadHinted(_) => takes(
            count == 1 && space.is_some_and(|space| space != Space::Shared),
            pointee.cloned(),
            "a pointer to global memory",
        ),
        Intrinsic::ReadOnly | Intrinsic::ReadOnlyHinted(_) => takes(
            count == 1 && space == Some(Space::Global),
            pointee.cloned(),
            "a Global, whose memory nobody writes while the kernel runs",
        ),
        Intrinsic::WriteHinted(_) => takes(
            count == 2
                && space.is_some_and(|space| space != Space::Shared)
                && pointee.is_some_and(|pointee| same(pointee, types[1])),
            Some(Type::Unit),
            "a pointer to global memory and a value of its type",
        ),
        Intrinsic::Write | Intrinsic::WriteVolatile => takes(
            count == 2 && pointee.is_some_and(|pointee| same(pointee, types[1])),
            Some(Type::Unit),
            "a pointer and a value of its type",
        ),
        Intrinsic::Load(..) => takes(
            count == 1 && (number.is_some() || wide),
            pointee.cloned(),
            "a pointer to a number of 8 to 64 bits",
        ),
        Intrinsic::Store(..) => takes(
            count == 2
                && (number.is_some() && scalar(1) == number
                    || wide && pointee.is_some_and(|pointee| same(pointee, types[1]))),
            Some(Type::Unit),
            "a pointer to a number of 8 to 64 bits and a value of its type",
        ),
        Intrinsic::Atomic(op, ..) => {
            let operands = if op == AtomicOp::CompareExchange { 3 } else { 2 };
            let compares = op == AtomicOp::CompareExchange;
            let least = if compares { number.filter(|scalar| scalar.bytes() == 2) } else { None };
            let least = if op.half().is_some_and(|(_, name)| name == "add") { number } else { least };
            let words = op.half().is_some() && (wide || number == Some(Scalar::U32));
            let exists = strong.or(least).is_some_and(|scalar| Change::of(op, scalar).is_some());
            let exists =
                exists || words || (wide && (compares || matches!(op, AtomicOp::Exchange | AtomicOp::Add)));
            let fits = count == operands && exists && pointee.is_some_and(|pointee| all(pointee, 1));
            takes(
                fits,
                pointee.cloned(),
                "a pointer to a 32- or 64-bit scalar that PTX has this for, and values",
            )
        }
        Intrinsic::Shuffle(_) => takes(
            count == 3 && all(&U32, 1),
            types.first().map(|ty| (*ty).clone()),
            "a value, a lane or distance (u32) and the member lanes (u32)",
        ),
        Intrinsic::Vote(kind) => takes(
            count == 2 && scalar(0) == Some(Scalar::Bool) && all(&U32, 1),
            Some(if kind == VoteKind::Ballot { U32 } else { BOOL }),
            "a bool and the member lanes (u32)",
        ),
        Intrinsic::MatchAny => takes(
            count == 2 && scalar(0).is_some_and(|scalar| scalar.bytes() >= 4) && all(&U32, 1),
            Some(U32),
            "a 32- or 64-bit scalar and the member lanes (u32)",
        ),
        Intrinsic::FusedMultiplyAdd => takes(
            count == 3 && float && all(types[0], 1),
            types.first().map(|ty| (*ty).clone()),
            "three floats",
        ),
        Intrinsic::Minimum | Intrinsic::Maximum => takes(
            count == 2 && (integer || float) && all(types[0], 1),
            types.first().map(|ty| (*ty).clone()),
            "two numbers of one type",
        ),
        Intrinsic::Absolute => {
            takes(count == 1 && (integer || float), types.first().map(|ty| (*ty).clone()), "a number")
        }
        Intrinsic::SquareRoot | Intrinsic::Integral(_) => {
            takes(count == 1 && float, types.first().map(|ty| (*ty).clone()), "a float")
        }
        Intrinsic::CopySign => takes(
            count == 2 && float && all(types[0], 1),
            types.first().map(|ty| (*ty).clone()),
            "two floats of one type",
        ),
        Intrinsic::CountOnes | Intrinsic::LeadingZeros | Intrinsic::TrailingZeros => {
            takes(count == 1 && integer, Some(U32), "an integer")
        }
        Intrinsic::ReverseBits => {
            takes(count == 1 && integer, types.first().map(|ty| (*ty).clone()), "an integer")
        }
        Intrinsic::Bitcast => {
            let pair = (scalar(0), result.scalar());
            let fits = matches!(
                pair,
                (Some(Scalar::F32), Some(Scalar::U32))
                    | (Some(Scalar::U32), Some(Scalar::F32))
                    | (Some(Scalar::F64), Some(Scalar::U64))
                    | (Some(Scalar::U64), Some(Scalar::F64))
            );
            takes(count == 1 && fits, None, "a float or an unsigned integer of the result's width")
        }
        Intrinsic::PackE4m3 | Intrinsic::PackE5m2 => {
            let fits = count == 2 && all(&Type::Scalar(Scalar::F32), 0);
            takes(fits, Some(Type::Scalar(Scalar::U16)), "two f32 values")
        }
        Intrinsic::F16Value => {
            takes(count == 1 && scalar(0) == Some(Scalar::U16), Some(Type::Scalar(Scalar::F32)), "a u16")
        }
        Intrinsic::WidenE4m3 | Intrinsic::WidenE5m2 => {
            takes(count == 1 && scalar(0) == Some(Scalar::U16), Some(U32), "a u16")
        }
        Intrinsic::Rounded(operation, _) => takes(
            count == operation.operands() && all(&Type::Scalar(Scalar::F32), 0),
            Some(Type::Scalar(Scalar::F32)),
            "f32 values, as many as the operation has",
        ),
        Intrinsic::ToF32(_) => {
            let wide = scalar(0).is_some_and(|scalar| scalar.is_integer() && scalar.bytes() >= 4);
            takes(
                count == 1 && (wide || scalar(0) == Some(Scalar::F64)),
                Some(Type::Scalar(Scalar::F32)),
                "an f64 or an integer of 32 or 64 bits",
            )
        }
        Intrinsic::HalfPair(_, operation) => takes(
            count == operation.operands() && all(&U32, 0),
            Some(U32),
            "words (u32) of two 16-bit floats, as many as the operation has",
        ),
        Intrinsic::PackBf16 | Intrinsic::PackF16 | Intrinsic::PackTowardZero(_) => {
            takes(count == 2 && all(&Type::Scalar(Scalar::F32), 0), Some(U32), "two f32 values")
        }
    }
}

/// How Rust code calls the operation.
fn rust_name(intrinsic: Intrinsic) -> &'static str {
    match intrinsic {
        Intrinsic::ThreadInBlock => "`thread_in_block`",
        Intrinsic::ThreadsInBlock => "`threads_in_block`",
        Intrinsic::BlockInGrid => "`block_in_grid`",
        Intrinsic::BlocksInGrid => "`blocks_in_grid`",
        Intrinsic::Lane => "`lane`",
        Intrinsic::TargetIsAtLeast => "`target_is_at_least`",
        Intrinsic::TargetIsSpecific => "`target_is_specific`",
        Intrinsic::Offset => "`at`",
        Intrinsic::CastPointer => "`cast`",
        Intrinsic::PeerRank => "`rank`",
        Intrinsic::Slice => "`slice`",
        Intrinsic::SharedArray => "`shared`",
        Intrinsic::Read => "`read`",
        Intrinsic::Write => "`write`",
        Intrinsic::ReadVolatile => "`read_volatile`",
        Intrinsic::WriteVolatile => "`write_volatile`",
        Intrinsic::ReadMmio => "`read_mmio`",
        Intrinsic::WriteMmio => "`write_mmio`",
        Intrinsic::ReadHinted(_) => "`read_hinted`",
        Intrinsic::WriteHinted(_) => "`write_hinted`",
        Intrinsic::ReadOnly => "`read_only`",
        Intrinsic::ReadOnlyHinted(_) => "`read_only_hinted`",
        Intrinsic::Load(..) => "`load`",
        Intrinsic::Store(..) => "`store`",
        Intrinsic::Atomic(..) => "this atomic operation",
        Intrinsic::Fence(..) => "`fence`",
        Intrinsic::Shuffle(_) => "`shuffle`",
        Intrinsic::Vote(VoteKind::Any) => "`any`",
        Intrinsic::Vote(VoteKind::All) => "`all`",
        Intrinsic::Vote(VoteKind::Ballot) => "`ballot`",
        Intrinsic::MatchAny => "`match_any`",
        Intrinsic::WarpBarrier => "`warp_barrier`",
        Intrinsic::RoleBarrier => "`role_barrier`",
        Intrinsic::NamedBarrier(_) => "a named barrier",
        Intrinsic::Assume(Assumption::WarpUniform) => "`assume_warp_uniform`",
        Intrinsic::Assume(Assumption::BlockUniform) => "`assume_block_uniform`",
        Intrinsic::Assume(Assumption::Members) => "`assume_members`",
        Intrinsic::BlockBarrier => "`block_barrier`",
        Intrinsic::GlobalTimer => "`global_timer`",
        Intrinsic::Nanosleep => "`nanosleep`",
        Intrinsic::Trap => "`trap`",
        Intrinsic::FusedMultiplyAdd => "`mul_add`",
        Intrinsic::Minimum => "`min`",
        Intrinsic::Maximum => "`max`",
        Intrinsic::Absolute => "`abs`",
        Intrinsic::SquareRoot => "`sqrt`",
        Intrinsic::Integral(Rounding::NearestEven) => "`round_ties_even`",
        Intrinsic::Integral(Rounding::TowardZero) => "`trunc`",
        Intrinsic::Integral(Rounding::Down) => "`floor`",
        Intrinsic::Integral(Rounding::Up) => "`ceil`",
        Intrinsic::CopySign => "`copysign`",
        Intrinsic::Rounded(..) => "this rounded operation",
        Intrinsic::ToF32(_) => "this conversion to f32",
        Intrinsic::PackTowardZero(HalfFormat::F16) => "`pack_f16_toward_zero`",
        Intrinsic::PackTowardZero(HalfFormat::Bf16) => "`pack_bf16_toward_zero`",
        Intrinsic::HalfPair(..) => "this operation on a pair of 16-bit floats",
        Intrinsic::CountOnes => "`count_ones`",
        Intrinsic::LeadingZeros => "`leading_zeros`",
        Intrinsic::TrailingZeros => "`trailing_zeros`",
        Intrinsic::ReverseBits => "`reverse_bits`",
        Intrinsic::Bitcast => "this reinterpretation of bits",
        Intrinsic::PackBf16 => "`pack_bf16`",
        Intrinsic::PackF16 => "`pack_f16`",
        Intrinsic::PackE4m3 => "`pack_e4m3`",
        Intrinsic::PackE5m2 => "`pack_e5m2`",
        Intrinsic::F16Value => "`f16_value`",
        Intrinsic::WidenE4m3 => "`widen_e4m3`",
        Intrinsic::WidenE5m2 => "`widen_e5m2`",
    }
}
