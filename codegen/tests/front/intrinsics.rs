//! Every operation of the prelude, by its Rust spelling and what it must become.

use crate::modules::lowered;
use crossdock_codegen::ir::{
    AtomicOp, Axis, ExprKind, Format, Intrinsic, Order, Scalar, Scope, ShuffleKind, Space, StatementKind,
    Type, VoteKind,
};

const U32: Type = Type::Scalar(Scalar::U32);

/// The intrinsic at the root of `expression`, its number of operands and its type.
#[track_caller]
fn root(expression: &str) -> (Intrinsic, usize, Type) {
    let module = lowered(&format!(
        "fn body(global: Global<u32>, shared_: Shared<u64>, peer: Peer<u32>, peers: Peers<f32>, x: u32, y: i64, f: f32) {{
            {expression};
        }}"
    ));
    let statement = module.functions[0].body.last().expect("a statement");
    let value = match &statement.kind {
        StatementKind::Evaluate(value) | StatementKind::Assign(_, value) => value,
        other => panic!("{other:?}"),
    };
    match &value.kind {
        ExprKind::Intrinsic(intrinsic, operands) => (*intrinsic, operands.len(), value.ty.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn operations_without_operands() {
    for (name, intrinsic, ty) in [
        ("thread_in_block", Intrinsic::ThreadInBlock, U32),
        ("threads_in_block", Intrinsic::ThreadsInBlock, U32),
        ("block_in_grid", Intrinsic::BlockInGrid, U32),
        ("blocks_in_grid", Intrinsic::BlocksInGrid, U32),
        ("thread_x", Intrinsic::ThreadOn(Axis::X), U32),
        ("thread_y", Intrinsic::ThreadOn(Axis::Y), U32),
        ("thread_z", Intrinsic::ThreadOn(Axis::Z), U32),
        ("threads_y", Intrinsic::ThreadsOn(Axis::Y), U32),
        ("block_z", Intrinsic::BlockOn(Axis::Z), U32),
        ("blocks_x", Intrinsic::BlocksOn(Axis::X), U32),
        ("lane", Intrinsic::Lane, U32),
        ("global_timer", Intrinsic::GlobalTimer, Type::Scalar(Scalar::U64)),
        ("block_barrier", Intrinsic::BlockBarrier, Type::Unit),
        ("trap", Intrinsic::Trap, Type::Unit),
    ] {
        let binding = if ty == Type::Unit { "" } else { "let v = " };
        assert_eq!(root(&format!("{binding}{name}()")), (intrinsic, 0, ty), "{name}");
    }
}

#[test]
fn warp_operations_name_their_members_last() {
    let all = "let v = shuffle(f, x)";
    assert_eq!(root(all), (Intrinsic::Shuffle(ShuffleKind::Index), 3, Type::Scalar(Scalar::F32)));
    assert_eq!(root("let v = shuffle_up(x, 1)"), (Intrinsic::Shuffle(ShuffleKind::Up), 3, U32));
    assert_eq!(root("let v = shuffle_down(x, 1)"), (Intrinsic::Shuffle(ShuffleKind::Down), 3, U32));
    assert_eq!(root("let v = shuffle_xor(x, 1)"), (Intrinsic::Shuffle(ShuffleKind::Xor), 3, U32));
    assert_eq!(root("let v = any(x > 1)"), (Intrinsic::Vote(VoteKind::Any), 2, Type::Scalar(Scalar::Bool)));
    assert_eq!(root("let v = all(x > 1)"), (Intrinsic::Vote(VoteKind::All), 2, Type::Scalar(Scalar::Bool)));
    assert_eq!(root("let v = ballot(x > 1)"), (Intrinsic::Vote(VoteKind::Ballot), 2, U32));
    assert_eq!(root("let v = match_any(x)"), (Intrinsic::MatchAny, 2, U32));
    assert_eq!(root("warp_barrier()"), (Intrinsic::WarpBarrier, 1, Type::Unit));
}

#[test]
fn members_are_all_lanes_or_the_first_argument() {
    let operands = |expression: &str| {
        let module = lowered(&format!("fn body(x: u32, mask: u32, from: u32) {{ let v = {expression}; }}"));
        match &module.functions[0].body[0].kind {
            StatementKind::Assign(_, value) => match &value.kind {
                ExprKind::Intrinsic(_, operands) => {
                    operands.iter().map(|operand| operand.kind.clone()).collect()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    };
    let local = |index| ExprKind::Local(crossdock_codegen::ir::LocalId(index));
    assert_eq!(operands("shuffle(x, from)"), [local(0), local(2), ExprKind::Integer(0xffff_ffff)]);
    assert_eq!(operands("shuffle_among(mask, x, from)"), [local(0), local(2), local(1)]);
    assert_eq!(operands("match_any_among(mask, x)"), [local(0), local(1)]);
    assert_eq!(operands("any_among(mask, true)"), [ExprKind::Bool(true), local(1)]);
}

#[test]
fn arguments_with_effects_keep_their_order_when_their_positions_change() {
    let module = lowered(
        "fn body(a: Global<u32>, b: Global<u32>) -> u32 {
            shuffle_among(a.fetch_add(1, Relaxed, Gpu), b.fetch_add(1, Relaxed, Gpu), 3)
        }",
    );
    let pointers: Vec<u32> = module.functions[0]
        .body
        .iter()
        .filter_map(|statement| match &statement.kind {
            StatementKind::Assign(_, value) => match &value.kind {
                ExprKind::Intrinsic(Intrinsic::Atomic(..), operands) => match operands[0].kind {
                    ExprKind::Local(local) => Some(local.0),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(pointers, [0, 1], "the mask is fetched before the value, although it is the last operand");
}

#[test]
fn pointers() {
    let pointer = |space, scalar| Type::Pointer(space, Box::new(Type::Scalar(scalar)));
    assert_eq!(root("let v = global.at(x)"), (Intrinsic::Offset, 2, pointer(Space::Global, Scalar::U32)));
    assert_eq!(
        root("let v = peer.cast::<f32>()"),
        (Intrinsic::CastPointer, 1, pointer(Space::Peer, Scalar::F32))
    );
    assert_eq!(
        root("let v: Shared<i8> = shared_.cast()"),
        (Intrinsic::CastPointer, 1, pointer(Space::Shared, Scalar::I8))
    );
    assert_eq!(root("let v = peers.rank(x)"), (Intrinsic::PeerRank, 2, pointer(Space::Peer, Scalar::F32)));
    assert_eq!(
        root("let v = shared::<u16>(64)"),
        (Intrinsic::SharedArray, 1, pointer(Space::Shared, Scalar::U16))
    );
    assert_eq!(
        root("let v: Shared<f32> = shared(64)"),
        (Intrinsic::SharedArray, 1, pointer(Space::Shared, Scalar::F32))
    );
    let slice = |scalar| Type::Slice(Box::new(pointer(Space::Shared, scalar)));
    assert_eq!(root("let v = dynamic_shared::<u16>()"), (Intrinsic::DynamicShared, 0, slice(Scalar::U16)));
    assert_eq!(
        root("let v: SharedSlice<f32> = dynamic_shared()"),
        (Intrinsic::DynamicShared, 0, slice(Scalar::F32))
    );
    assert_eq!(root("let v = shared_.read()"), (Intrinsic::Read, 1, Type::Scalar(Scalar::U64)));
    assert_eq!(root("shared_.write(5)"), (Intrinsic::Write, 2, Type::Unit));
}

#[test]
fn every_legal_order_and_scope() {
    let scopes = [
        ("Block", Scope::Block),
        ("Cluster", Scope::Cluster),
        ("Gpu", Scope::Gpu),
        ("System", Scope::System),
    ];
    let loads = [("Relaxed", Order::Relaxed), ("Acquire", Order::Acquire)];
    let stores = [("Relaxed", Order::Relaxed), ("Release", Order::Release)];
    let fences = [
        ("Acquire", Order::Acquire),
        ("Release", Order::Release),
        ("AcquireRelease", Order::AcquireRelease),
        ("SequentiallyConsistent", Order::SequentiallyConsistent),
    ];
    for (scope_name, scope) in scopes {
        for (name, order) in loads {
            let source = format!("let v = global.load({name}, {scope_name})");
            assert_eq!(root(&source), (Intrinsic::Load(order, scope), 1, U32));
        }
        for (name, order) in stores {
            let source = format!("peer.store(x, {name}, {scope_name})");
            assert_eq!(root(&source), (Intrinsic::Store(order, scope), 2, Type::Unit));
        }
        for (name, order) in fences {
            assert_eq!(
                root(&format!("fence({name}, {scope_name})")),
                (Intrinsic::Fence(order, scope), 0, Type::Unit)
            );
        }
    }
}

#[test]
fn every_read_modify_write() {
    for (name, operation, values) in [
        ("fetch_add", AtomicOp::Add, "x"),
        ("fetch_min", AtomicOp::Minimum, "x"),
        ("fetch_max", AtomicOp::Maximum, "x"),
        ("fetch_and", AtomicOp::And, "x"),
        ("fetch_or", AtomicOp::Or, "x"),
        ("fetch_xor", AtomicOp::Xor, "x"),
        ("exchange", AtomicOp::Exchange, "x"),
        ("compare_exchange", AtomicOp::CompareExchange, "x, 7"),
    ] {
        for (order_name, order) in [
            ("Relaxed", Order::Relaxed),
            ("Acquire", Order::Acquire),
            ("Release", Order::Release),
            ("AcquireRelease", Order::AcquireRelease),
        ] {
            let operands = 2 + usize::from(operation == AtomicOp::CompareExchange);
            let expected = (Intrinsic::Atomic(operation, order, Scope::Gpu), operands, U32);
            assert_eq!(root(&format!("global.{name}({values}, {order_name}, Gpu)")), expected, "{name}");
        }
    }
}

#[test]
fn numbers() {
    let (f32, i64) = (Type::Scalar(Scalar::F32), Type::Scalar(Scalar::I64));
    assert_eq!(root("let v = f.mul_add(2.0, 1.0)"), (Intrinsic::FusedMultiplyAdd, 3, f32.clone()));
    assert_eq!(root("let v = f.min(1.0)"), (Intrinsic::Minimum, 2, f32.clone()));
    assert_eq!(root("let v = u32::max(x, 1)"), (Intrinsic::Maximum, 2, U32));
    assert_eq!(root("let v = y.abs()"), (Intrinsic::Absolute, 1, i64.clone()));
    assert_eq!(root("let v = f.sqrt()"), (Intrinsic::SquareRoot, 1, f32.clone()));
    assert_eq!(root("let v = y.count_ones()"), (Intrinsic::CountOnes, 1, U32));
    assert_eq!(root("let v = y.leading_zeros()"), (Intrinsic::LeadingZeros, 1, U32));
    assert_eq!(root("let v = y.trailing_zeros()"), (Intrinsic::TrailingZeros, 1, U32));
    assert_eq!(root("let v = y.reverse_bits()"), (Intrinsic::ReverseBits, 1, i64));
    assert_eq!(root("let v = f.to_bits()"), (Intrinsic::Bitcast, 1, U32));
    assert_eq!(root("let v = f32::from_bits(x)"), (Intrinsic::Bitcast, 1, f32));
    assert_eq!(root("let v = pack_bf16(f, 2.0)"), (Intrinsic::Pack(Format::Bf16), 2, U32));
    let u16 = Type::Scalar(Scalar::U16);
    let single = Type::Scalar(Scalar::F32);
    assert_eq!(root("let v = pack_f16(f, 2.0)"), (Intrinsic::Pack(Format::F16), 2, U32));
    assert_eq!(root("let v = pack_e4m3(f, 2.0)"), (Intrinsic::Pack(Format::E4m3), 2, u16.clone()));
    assert_eq!(root("let v = pack_e5m2(f, 2.0)"), (Intrinsic::Pack(Format::E5m2), 2, u16));
    assert_eq!(root("let v = f16_value(x as u16)"), (Intrinsic::F16Value, 1, single));
    assert_eq!(root("let v = widen_e4m3(x as u16)"), (Intrinsic::Widen(Format::E4m3), 1, U32));
    assert_eq!(root("let v = widen_e5m2(x as u16)"), (Intrinsic::Widen(Format::E5m2), 1, U32));
    assert_eq!(root("nanosleep(20)"), (Intrinsic::Nanosleep, 1, Type::Unit));
}
