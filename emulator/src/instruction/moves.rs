//! Moves, and addresses of state spaces (PTX ISA section 9.7.9).

use crossdock_ptx::Operand;

use crate::code::Preset;
use crate::decode::decoder::{Decode, Decoder};
use crate::decode::operand::clock;
use crate::memory::window;
use crate::op::{IntegerBinary, Op, PackList, Space, Type};
use crate::register::Bank;

pub(super) const DECODINGS: &[(&str, Decode)] =
    &[("mov", move_value), ("cvta", convert_address), ("isspacep", in_space), ("activemask", active_mask)];

fn move_value(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let ty = d.ty()?;
    if ty == Type::Pred {
        let (to, a) = (d.result_predicate()?, d.predicate(1)?);
        d.emit(Op::MovePredicate { d: to, a });
        return Ok(());
    }
    let bits = ty.bits();
    match (d.at(0)?, d.at(1)?) {
        (Operand::Vector(parts), _) => unpack(d, bits, parts),
        (_, Operand::Vector(parts)) => pack(d, bits, parts),
        (_, Operand::Register(name)) if let Some((kind, long)) = clock(name) => {
            let to = d.result_value(long)?;
            d.emit(Op::Clock { kind, d: to, long });
            Ok(())
        }
        _ if bits == 128 => Err("the emulator moves 128 bits to and from lists only".into()),
        _ => {
            let wide = bits == 64;
            let (to, a) = (d.result_value(wide)?, d.value(1, wide)?);
            d.emit(if wide { Op::Move64 { d: to, a } } else { Op::Move32 { d: to, a } });
            Ok(())
        }
    }
}

fn pack(d: &mut Decoder<'_, '_>, bits: u32, parts: &[Operand]) -> Result<(), String> {
    if let (32 | 64, [low, high]) = (bits, parts) {
        let operands = [d.result_value(bits == 64)?, d.builder().word(low)?, d.builder().word(high)?];
        d.emit(if bits == 64 { Op::Pack32 { operands } } else { Op::Pack16 { operands } });
        return Ok(());
    }
    let part_bits = bits / parts.len() as u32;
    let parts = parts.iter().map(|part| d.builder().data(part, part_bits)).collect::<Result<_, _>>()?;
    let whole = d.result_data(bits)?;
    let index = d.add_pack(PackList { whole, bits, parts });
    d.emit(Op::PackMany { index });
    Ok(())
}

fn unpack(d: &mut Decoder<'_, '_>, bits: u32, parts: &[Operand]) -> Result<(), String> {
    if let (32 | 64, [low, high]) = (bits, parts) {
        let a = d.value(1, bits == 64)?;
        let (low, high) = (d.destination_word(low)?, d.destination_word(high)?);
        d.emit(if bits == 64 { Op::Unpack32 { low, high, a } } else { Op::Unpack16 { low, high, a } });
        return Ok(());
    }
    let part_bits = bits / parts.len() as u32;
    let whole = d.data(1, bits)?;
    let parts = parts.iter().map(|part| d.destination_data(part, part_bits)).collect::<Result<_, _>>()?;
    let index = d.add_pack(PackList { whole, bits, parts });
    d.emit(Op::UnpackMany { index });
    Ok(())
}

fn convert_address(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.ty()?;
    let kind = if d.take("to") { IntegerBinary::Subtract } else { IntegerBinary::Add };
    let base = match d.of_kind::<Space>()? {
        Space::Shared | Space::Cluster => window::SHARED_BASE,
        Space::Local => window::LOCAL_BASE,
        Space::Param => window::PARAM_BASE,
        Space::Global | Space::Const => 0,
    };
    let (to, a) = (d.result_value(true)?, d.long(1)?);
    if base == 0 {
        d.emit(Op::Move64 { d: to, a });
    } else {
        let b = d.preset(Bank::Long, Preset::Constant(base))?;
        d.emit(Op::Binary64 { kind, operands: [to, a, b] });
    }
    Ok(())
}

fn in_space(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let space = d.of_kind::<Space>()?;
    let (to, a) = (d.result_predicate()?, d.long(1)?);
    d.emit(Op::InSpace { space, d: to, a });
    Ok(())
}

fn active_mask(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.ty()?;
    let to = d.result_word()?;
    d.emit(Op::ActiveMask { d: to });
    Ok(())
}
