//! Loads, stores, atomics and fences.

use crossdock_ptx as ptx;
use ptx::Operand;

use super::arithmetic::operand;
use super::builder::{Bank, Builder};
use super::modifiers::Modifiers;
use crate::code::Preset;
use crate::op::{Atomic, Data, Fence, HalfFormat, MemoryOp, Op, Order, Scope, Space};
use crate::register::NONE;

pub(super) fn decode(
    builder: &mut Builder<'_>,
    name: &str,
    instruction: &ptx::Instruction,
) -> Option<Result<(), String>> {
    if (instruction.opcode.has("async") || instruction.opcode.has("bulk")) && matches!(name, "st" | "red") {
        return None;
    }
    Some(match name {
        "ld" | "ldu" | "st" => access(builder, name, instruction),
        "atom" | "red" => atomic(builder, name, instruction),
        "fence" | "membar" => fence(builder, name, instruction),
        "createpolicy" => create_policy(builder, instruction),
        "prefetch" | "prefetchu" | "applypriority" => {
            builder.emit(Op::Nothing);
            Ok(())
        }
        _ => return None,
    })
}

/// A cache policy changes where data is cached, never what is read: its value is of no interest.
fn create_policy(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<(), String> {
    let a = builder.preset(Bank::Long, Preset::Constant(0))?;
    let d = builder.destination_value(operand(instruction, 0)?, true)?;
    builder.emit(Op::Move64 { d, a });
    Ok(())
}

/// Modifiers that change where data is cached, never what is read.
const HINTS: &[&str] = &["L1::", "L2::"];

pub(super) fn order(modifiers: &mut Modifiers) -> Result<Order, String> {
    let strong = modifiers.choose(&[("relaxed", 0), ("acquire", 1), ("release", 2), ("acq_rel", 3)]);
    if modifiers.take("mmio") {
        modifiers.scope();
        return Ok(Order::Mmio);
    }
    if modifiers.take("volatile") {
        return Ok(Order::Volatile);
    }
    modifiers.take("weak");
    let scope = modifiers.scope();
    Ok(match (strong, scope) {
        (None, None) => Order::Weak,
        // An atomic without an order is relaxed.
        (None | Some(0), scope) => Order::Relaxed(scope.unwrap_or(Scope::Gpu)),
        (Some(1), scope) => Order::Acquire(scope.unwrap_or(Scope::Gpu)),
        (Some(2), scope) => Order::Release(scope.unwrap_or(Scope::Gpu)),
        (Some(_), scope) => Order::AcquireRelease(scope.unwrap_or(Scope::Gpu)),
    })
}

pub(super) fn type_bits(name: &str) -> Result<u32, String> {
    ptx::Type::fundamental(name)
        .filter(|&ty| ty != ptx::Type::Pred)
        .map(ptx::Type::bits)
        .ok_or_else(|| format!("the emulator does not access `.{name}`"))
}

fn access(builder: &mut Builder<'_>, name: &str, instruction: &ptx::Instruction) -> Result<(), String> {
    let at = |index| operand(instruction, index);
    let mut modifiers = Modifiers::of(instruction);
    let ty = modifiers.last()?;
    let bits = type_bits(ty)?;
    modifiers.ignore(HINTS);
    modifiers.choose(&["ca", "cg", "cs", "lu", "cv", "wb", "wt"].map(|hint| (hint, ())));
    modifiers.choose(&[("v2", ()), ("v4", ()), ("v8", ())]);
    let non_coherent = modifiers.take("nc") || name == "ldu";
    let space = modifiers.space();
    let order = order(&mut modifiers)?;
    modifiers.finish()?;
    let (address, data) = if name == "st" { (at(0)?, at(1)?) } else { (at(1)?, at(0)?) };
    let (space, base, offset) = builder.address(address, space)?;
    let elements = list(data);
    let mut slots = Vec::with_capacity(elements.len());
    for element in elements {
        slots.push(if name == "st" {
            builder.data(element, bits)?
        } else {
            builder.destination_data(element, bits)?
        });
    }
    let element = (bits / 8) as u8;
    let signed = ty.starts_with('s');
    if name != "st"
        && space == Space::Param
        && let (None, [Data { slot, long }]) = (base, slots.as_slice())
        && *slot != NONE
        && element <= 8
    {
        let end = offset.checked_add(i64::from(element));
        let inside = offset >= 0 && end.is_some_and(|end| end <= i64::from(builder.code.parameter_bytes));
        if !inside || offset % i64::from(element) != 0 {
            return Err(format!("offset {offset} is not an aligned place in the kernel's parameters"));
        }
        builder.emit(Op::LoadParameter {
            offset: offset as u32,
            d: *slot,
            long: *long,
            bytes: element,
            signed,
        });
        return Ok(());
    }
    if name == "st" && (space == Space::Const || space == Space::Param && base.is_none()) {
        return Err("kernel parameters and constants cannot be written".into());
    }
    builder.code.memory.push(MemoryOp {
        space,
        order,
        non_coherent,
        base,
        offset,
        element,
        signed,
        data: slots,
        atomic: None,
        old: Vec::new(),
    });
    let index = builder.code.memory.len() as u32 - 1;
    builder.emit(if name == "st" { Op::Store(index) } else { Op::Load(index) });
    Ok(())
}

pub(super) fn atomic_operation(modifiers: &mut Modifiers, ty: &str) -> Result<Atomic, String> {
    let signed = ty.starts_with('s');
    let half = match ty {
        "f16" => Some((HalfFormat::F16, false)),
        "f16x2" => Some((HalfFormat::F16, true)),
        "bf16" => Some((HalfFormat::Bf16, false)),
        "bf16x2" => Some((HalfFormat::Bf16, true)),
        _ => None,
    };
    let name = modifiers.require(
        &["exch", "cas", "add", "and", "or", "xor", "min", "max", "inc", "dec"].map(|name| (name, name)),
    )?;
    Ok(match (name, half, ty) {
        ("exch", _, _) => Atomic::Exchange,
        ("cas", _, _) => Atomic::CompareExchange,
        ("add", Some((format, packed)), _) => Atomic::AddHalf(format, packed),
        ("min", Some((format, packed)), _) => Atomic::MinimumHalf(format, packed),
        ("max", Some((format, packed)), _) => Atomic::MaximumHalf(format, packed),
        ("add", None, "f32") => Atomic::AddF32,
        ("add", None, "f64") => Atomic::AddF64,
        ("add", None, _) => Atomic::Add,
        ("and", ..) => Atomic::And,
        ("or", ..) => Atomic::Or,
        ("xor", ..) => Atomic::Xor,
        ("min", ..) if signed => Atomic::MinimumSigned,
        ("min", ..) => Atomic::MinimumUnsigned,
        ("max", ..) if signed => Atomic::MaximumSigned,
        ("max", ..) => Atomic::MaximumUnsigned,
        ("inc", ..) => Atomic::Increment,
        _ => Atomic::Decrement,
    })
}

/// The elements of a vector operand, or the operand itself.
pub(super) fn list(operand: &Operand) -> &[Operand] {
    match operand {
        Operand::Vector(elements) => elements,
        single => std::slice::from_ref(single),
    }
}

fn atomic(builder: &mut Builder<'_>, name: &str, instruction: &ptx::Instruction) -> Result<(), String> {
    let mut modifiers = Modifiers::of(instruction);
    let ty = modifiers.last()?;
    let bits = type_bits(ty)?;
    modifiers.ignore(HINTS);
    modifiers.take("noftz");
    let operation = atomic_operation(&mut modifiers, ty)?;
    modifiers.choose(&[("v2", ()), ("v4", ()), ("v8", ())]);
    let space = modifiers.space();
    let order = match order(&mut modifiers)? {
        Order::Weak => Order::Relaxed(Scope::Gpu),
        order => order,
    };
    modifiers.finish()?;
    let mut operands = instruction.operands.iter();
    let mut next = || operands.next().ok_or_else(|| "it lacks an operand".to_owned());
    let old = if name == "atom" { Some(next()?) } else { None };
    let address = next()?;
    let compare = operation == Atomic::CompareExchange;
    let mut sources = list(next()?).to_vec();
    if compare {
        sources.push(next()?.clone());
    }
    let (space, base, offset) = builder.address(address, space)?;
    let mut data = Vec::with_capacity(sources.len());
    for source in &sources {
        data.push(builder.data(source, bits)?);
    }
    let mut slots = Vec::new();
    for old in old.map(list).unwrap_or_default() {
        slots.push(builder.destination_data(old, bits)?);
    }
    builder.code.memory.push(MemoryOp {
        space,
        order,
        non_coherent: false,
        base,
        offset,
        element: (bits / 8) as u8,
        signed: ty.starts_with('s'),
        data,
        atomic: Some(operation),
        old: slots,
    });
    builder.emit(Op::Atomic(builder.code.memory.len() as u32 - 1));
    Ok(())
}

fn fence(builder: &mut Builder<'_>, name: &str, instruction: &ptx::Instruction) -> Result<(), String> {
    let mut modifiers = Modifiers::of(instruction);
    if modifiers.take("mbarrier_init") {
        builder.emit(Op::Fence(Fence::MbarrierInit));
        return Ok(());
    }
    if modifiers.take("proxy") {
        // Fences of the alias and tensor map proxies order accesses that are not executed here.
        if ["async", "async::generic"].iter().any(|proxy| modifiers.take(proxy)) {
            let global = modifiers.take("global");
            let shared = [
                "shared::cta",
                "shared::cluster",
                "sync_restrict::shared::cta",
                "sync_restrict::shared::cluster",
            ]
            .iter()
            .any(|space| modifiers.take(space));
            let both = global == shared;
            builder.emit(Op::Fence(Fence::Proxy { global: global || both, shared: shared || both }));
        } else {
            builder.emit(Op::Nothing);
        }
        return Ok(());
    }
    modifiers.ignore(&["sync_restrict"]);
    let kind = modifiers.choose(&[("sc", 0), ("acq_rel", 1), ("acquire", 2), ("release", 3)]);
    let scope = modifiers.scope().ok_or("it has no scope that the emulator knows")?;
    modifiers.finish()?;
    builder.emit(Op::Fence(match kind {
        // `membar` is `fence.sc`, a fence without an order `fence.acq_rel`.
        Some(0) => Fence::SequentiallyConsistent(scope),
        None if name == "membar" => Fence::SequentiallyConsistent(scope),
        Some(2) => Fence::Acquire(scope),
        Some(3) => Fence::Release(scope),
        _ => Fence::AcquireRelease(scope),
    }));
    Ok(())
}
