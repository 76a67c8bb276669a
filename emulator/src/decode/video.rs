//! Video instructions.

use crossdock_ptx as ptx;

use super::arithmetic::operand;
use super::builder::{Bank, Builder};
use super::modifiers::Modifiers;
use super::rare::push;
use crate::code::Preset;
use crate::op::{Data, Function, LaneFunction, Op, VideoKind, VideoThen};
use crate::register::Slot;

const KINDS: &[(&str, VideoKind)] = &[
    ("vadd", VideoKind::Add),
    ("vsub", VideoKind::Subtract),
    ("vavrg", VideoKind::Average),
    ("vabsdiff", VideoKind::AbsoluteDifference),
    ("vmin", VideoKind::Minimum),
    ("vmax", VideoKind::Maximum),
];

pub(super) fn decode(
    builder: &mut Builder<'_>,
    name: &str,
    instruction: &ptx::Instruction,
) -> Option<Result<(), String>> {
    let plain = name.trim_end_matches(['2', '4']);
    let (_, kind) = KINDS.iter().find(|(known, _)| *known == plain)?;
    let bits = match &name[plain.len()..] {
        "2" => 16,
        "4" => 8,
        _ => 32,
    };
    Some(video(builder, instruction, *kind, bits))
}

fn video(
    builder: &mut Builder<'_>,
    instruction: &ptx::Instruction,
    kind: VideoKind,
    bits: u32,
) -> Result<(), String> {
    let mut modifiers = Modifiers::of(instruction);
    let then = modifiers.choose(&[
        ("add", VideoThen::Add),
        ("min", VideoThen::Minimum),
        ("max", VideoThen::Maximum),
    ]);
    let saturate = modifiers.take("sat");
    // In the order of the text: result, then sources.
    let [b, a, d] = [modifiers.last()?, modifiers.last()?, modifiers.last()?];
    let signed = [d, a, b].map(|ty| ty == "s32");
    modifiers.finish()?;
    let mut sources = Vec::with_capacity(3);
    for (index, source) in instruction.operands.iter().skip(1).enumerate() {
        let signed = signed.get(index + 1).is_some_and(|&signed| signed);
        let slot = match selected(source) {
            Some((register, position, length)) if bits == 32 && index < 2 => {
                let a = builder.word(&register)?;
                let d = builder.new_register(ptx::Type::B32)?.slot;
                let [position, length] = [constant(builder, position)?, constant(builder, length)?];
                builder.emit(Op::ExtractBits { wide: false, signed, d, a, position, length });
                d
            }
            _ => builder.word(source)?,
        };
        sources.push(Data { slot, long: false });
    }
    let d = Data { slot: builder.destination_word(operand(instruction, 0)?)?, long: false };
    let function = Function::Video { kind, bits, signed, saturate, then };
    push(builder, LaneFunction { function, d, sources });
    Ok(())
}

fn constant(builder: &mut Builder<'_>, value: u32) -> Result<Slot, String> {
    builder.preset(Bank::Word, Preset::Constant(value.into()))
}

/// `%r1.b2` and `%r1.h1`: a register, the first bit that is taken, and how many are.
fn selected(operand: &ptx::Operand) -> Option<(ptx::Operand, u32, u32)> {
    let ptx::Operand::Register(name) = operand else { return None };
    let (register, selector) = name.rsplit_once('.')?;
    let (position, length) = match selector {
        "b0" => (0, 8),
        "b1" => (8, 8),
        "b2" => (16, 8),
        "b3" => (24, 8),
        "h0" => (0, 16),
        "h1" => (16, 16),
        _ => return None,
    };
    Some((ptx::Operand::Register(register.to_owned()), position, length))
}
