//! Loads, stores, atomics and fences (PTX ISA sections 9.7.9 and 9.7.13).

use crossdock_ptx::{AtomicOperation, Order, Scope};

use super::vector::{destinations, sources};
use super::{fill, remote};
use crate::decode::decoder::{Decode, Decoder};
use crate::op::{Data, Fence, MemoryOp, Op, Space, Strength};
use crate::register::NONE;

pub(super) const DECODINGS: &[(&str, Decode)] = &[
    ("ld", load),
    ("ldu", load),
    ("st", store),
    ("atom", atomic),
    ("red", atomic),
    ("fence", fence),
    ("membar", fence),
];

/// Modifiers that change where data is cached, never what is read.
const HINTS: &[&str] = &["L1::", "L2::"];
const CACHES: &[&str] = &["ca", "cg", "cs", "lu", "cv", "wb", "wt"];

fn load(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let ty = d.ty()?;
    d.ignore(HINTS);
    d.ignore(CACHES);
    d.ignore_vector();
    let non_coherent = d.take("nc") || d.name() == "ldu";
    let space = d.get::<Space>();
    let strength = d.strength();
    let address = d.address(1, space)?;
    let data = destinations(d, ty.bits())?;
    let op = MemoryOp { strength, non_coherent, ..MemoryOp::weak(address, ty, data) };
    if op.space == Some(Space::Param)
        && let (None, &[Data { slot, long }]) = (op.base, op.data.as_slice())
        && slot != NONE
        && op.element <= 8
    {
        let (offset, bytes) = (op.offset, op.element);
        let end = offset.checked_add(bytes.into());
        let inside = offset >= 0 && end.is_some_and(|end| end <= d.parameter_bytes().into());
        if !inside || offset % i64::from(bytes) != 0 {
            return Err(format!("offset {offset} is not an aligned place in the kernel's parameters"));
        }
        d.emit(Op::LoadParameter { offset: offset as u32, d: slot, long, bytes, signed: op.signed });
    } else {
        d.emit_load(op);
    }
    Ok(())
}

fn store(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    if d.take("async") {
        return remote::decode(d);
    }
    if d.take("bulk") {
        return fill::decode(d);
    }
    let ty = d.ty()?;
    d.ignore(HINTS);
    d.ignore(CACHES);
    d.ignore_vector();
    let space = d.get::<Space>();
    let strength = d.strength();
    let address = d.address(0, space)?;
    let data = sources(d, 1, ty.bits())?;
    if address.space == Some(Space::Const) || address.space == Some(Space::Param) && address.base.is_none() {
        return Err("kernel parameters and constants cannot be written".into());
    }
    d.emit_store(MemoryOp { strength, ..MemoryOp::weak(address, ty, data) });
    Ok(())
}

fn atomic(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    if d.take("async") {
        return remote::decode(d);
    }
    let ty = d.ty()?;
    d.ignore(HINTS);
    let operation = d.atomic(ty)?;
    d.ignore_vector();
    let space = d.get::<Space>();
    let strength = match d.strength() {
        Strength::Weak => Strength::Ordered(Order::Relaxed, Scope::Gpu),
        strength => strength,
    };
    let returns = d.name() == "atom";
    let first = usize::from(returns);
    let address = d.address(first, space)?;
    let mut data = sources(d, first + 1, ty.bits())?;
    if operation.operation == AtomicOperation::CompareExchange {
        data.push(d.data(first + 2, ty.bits())?);
    }
    let old = if returns { destinations(d, ty.bits())? } else { Vec::new() };
    let op = MemoryOp { strength, atomic: Some(operation), old, ..MemoryOp::weak(address, ty, data) };
    d.emit_atomic(op);
    Ok(())
}

fn fence(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    if d.take("mbarrier_init") {
        d.ignore(&["release", "cluster"]);
        d.emit(Op::Fence { fence: Fence::MbarrierInit });
        return Ok(());
    }
    if d.take("proxy") {
        let of_copies = d.take("async") || d.take("async::generic");
        let global = d.take("global");
        let shared = d.has("shared::cta")
            || d.has("shared::cluster")
            || d.has("sync_restrict::shared::cta")
            || d.has("sync_restrict::shared::cluster");
        d.ignore(&[""]);
        let both = global == shared;
        // Fences of the alias and tensor map proxies order accesses that are not executed here.
        d.emit(if of_copies {
            Op::Fence { fence: Fence::Proxy { global: global || both, shared: shared || both } }
        } else {
            Op::Nothing {}
        });
        return Ok(());
    }
    d.ignore(&["sync_restrict"]);
    // `membar` is `fence.sc`, a fence without an order `fence.acq_rel`.
    let order = match d.get::<Order>() {
        None if d.name() == "membar" => Order::SequentiallyConsistent,
        order => order.unwrap_or(Order::AcquireRelease),
    };
    let scope = d.of_kind::<Scope>()?;
    d.emit(Op::Fence { fence: Fence::Threads(order, scope) });
    Ok(())
}
