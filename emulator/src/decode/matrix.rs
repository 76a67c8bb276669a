//! `ldmatrix`, `stmatrix` and `movmatrix`: 8 by 8 matrices of 16-bit elements (PTX ISA section 9.7.15.5).
//!
//! Lane `8 i + r` has the address of row `r` of matrix `i`, and lane `t` holds elements `2 (t % 4)` and the next one of row
//! `t / 4` of each matrix, or, with `.trans`, of column `t / 4`. So they are executed as shuffles of addresses and loads or
//! stores of each lane's elements, which are checked like any other.

use crossdock_ptx as ptx;
use ptx::Type;

use super::arithmetic::operand;
use super::builder::{Bank, Builder};
use super::memory::list;
use crate::code::Preset;
use crate::op::{Data, IntegerBinary, MemoryOp, Op, Order, Shift, ShuffleMode, Space, WarpOp, Width};
use crate::register::{NONE, Slot};

pub(super) fn decode(
    builder: &mut Builder<'_>,
    name: &str,
    instruction: &ptx::Instruction,
) -> Option<Result<(), String>> {
    let transposed = instruction.opcode.has("trans");
    Some(match name {
        "ldmatrix" => load(builder, instruction, transposed),
        "stmatrix" => store(builder, instruction, transposed),
        "movmatrix" => transpose(builder, instruction),
        _ => return None,
    })
}

fn word(builder: &mut Builder<'_>) -> Result<Slot, String> {
    Ok(builder.new_register(Type::B32)?.slot)
}

fn constant(builder: &mut Builder<'_>, value: u32) -> Result<Slot, String> {
    builder.preset(Bank::Word, Preset::Constant(value.into()))
}

fn binary(builder: &mut Builder<'_>, kind: IntegerBinary, a: Slot, b: Slot) -> Result<Slot, String> {
    let d = word(builder)?;
    builder.emit(Op::Binary32 { kind, d, a, b });
    Ok(d)
}

fn shifted(builder: &mut Builder<'_>, kind: Shift, a: Slot, by: u32) -> Result<Slot, String> {
    let (d, b) = (word(builder)?, constant(builder, by)?);
    builder.emit(Op::Shift { width: Width::W32, kind, d, a, b });
    Ok(d)
}

/// `a` of the lane whose number each lane has in `from`.
fn shuffled(builder: &mut Builder<'_>, a: Slot, from: Slot) -> Result<Slot, String> {
    let (d, c) = (word(builder)?, constant(builder, 31)?);
    let members = constant(builder, u32::MAX)?;
    builder.code.warp.push(WarpOp::Shuffle {
        mode: ShuffleMode::Index,
        d,
        valid: NONE,
        a,
        b: from,
        c,
        members,
    });
    builder.emit(Op::Warp(builder.code.warp.len() as u32 - 1));
    Ok(d)
}

/// A lane's place in a matrix.
struct Lane {
    /// `t / 4`.
    major: Slot,
    /// `2 (t % 4)`.
    minor: Slot,
}

impl Lane {
    fn of(builder: &mut Builder<'_>) -> Result<Lane, String> {
        let lane = builder.preset(Bank::Word, Preset::Lane)?;
        let three = constant(builder, 3)?;
        let rest = binary(builder, IntegerBinary::And, lane, three)?;
        Ok(Lane {
            major: shifted(builder, Shift::RightUnsigned, lane, 2)?,
            minor: shifted(builder, Shift::Left, rest, 1)?,
        })
    }

    /// The address of an element of matrix `matrix`, or of both: `second` is that in the next row, for transposed ones.
    fn address(
        &self,
        builder: &mut Builder<'_>,
        rows: Slot,
        matrix: usize,
        (transposed, second): (bool, bool),
    ) -> Result<Slot, String> {
        let (row, column) = if transposed { (self.minor, self.major) } else { (self.major, self.minor) };
        let first = constant(builder, 8 * matrix as u32 + u32::from(second))?;
        let from = binary(builder, IntegerBinary::Add, row, first)?;
        let start = shuffled(builder, rows, from)?;
        let bytes = shifted(builder, Shift::Left, column, 1)?;
        binary(builder, IntegerBinary::Add, start, bytes)
    }
}

/// The row address of each lane as an offset in shared memory: the low half of a generic address is one.
fn rows(builder: &mut Builder<'_>, address: &ptx::Operand) -> Result<Slot, String> {
    let (_, base, offset) = builder.address(address, Space::Shared)?;
    let offset = constant(builder, offset as u32)?;
    let low = match base {
        None => return Ok(offset),
        Some(Data { slot, long: false }) => slot,
        Some(Data { slot, long: true }) => {
            let low = word(builder)?;
            builder.emit(Op::Unpack32 { low, high: NONE, a: slot });
            low
        }
    };
    binary(builder, IntegerBinary::Add, low, offset)
}

fn access(builder: &mut Builder<'_>, address: Slot, element: u8, data: Slot, store: bool) {
    builder.code.memory.push(MemoryOp {
        space: Space::Shared,
        order: Order::Weak,
        non_coherent: false,
        base: Some(Data { slot: address, long: false }),
        offset: 0,
        element,
        signed: false,
        data: vec![Data { slot: data, long: false }],
        atomic: None,
        old: Vec::new(),
    });
    let index = builder.code.memory.len() as u32 - 1;
    builder.emit(if store { Op::Store(index) } else { Op::Load(index) });
}

fn load(builder: &mut Builder<'_>, instruction: &ptx::Instruction, transposed: bool) -> Result<(), String> {
    let rows = rows(builder, operand(instruction, 1)?)?;
    let lane = Lane::of(builder)?;
    // The address may be in a destination, so addresses come first.
    let mut addresses = Vec::new();
    let destinations = list(operand(instruction, 0)?);
    for matrix in 0..destinations.len() {
        let first = lane.address(builder, rows, matrix, (transposed, false))?;
        let second = if transposed { lane.address(builder, rows, matrix, (true, true))? } else { NONE };
        addresses.push((first, second));
    }
    for (&(first, second), d) in addresses.iter().zip(destinations) {
        let d = builder.destination_word(d)?;
        if !transposed {
            access(builder, first, 4, d, false);
            continue;
        }
        let (low, high) = (word(builder)?, word(builder)?);
        access(builder, first, 2, low, false);
        access(builder, second, 2, high, false);
        builder.emit(Op::Pack16 { d, low, high });
    }
    Ok(())
}

fn store(builder: &mut Builder<'_>, instruction: &ptx::Instruction, transposed: bool) -> Result<(), String> {
    let rows = rows(builder, operand(instruction, 0)?)?;
    let lane = Lane::of(builder)?;
    for (matrix, source) in list(operand(instruction, 1)?).iter().enumerate() {
        let source = builder.word(source)?;
        let first = lane.address(builder, rows, matrix, (transposed, false))?;
        if !transposed {
            access(builder, first, 4, source, true);
            continue;
        }
        let second = lane.address(builder, rows, matrix, (true, true))?;
        let (low, high) = (word(builder)?, word(builder)?);
        builder.emit(Op::Unpack16 { low, high, a: source });
        access(builder, first, 2, low, true);
        access(builder, second, 2, high, true);
    }
    Ok(())
}

/// Element `(row, column)` is in lane `4 row + column / 2`, in the half that `column % 2` names.
fn transpose(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<(), String> {
    let a = builder.word(operand(instruction, 1)?)?;
    let d = builder.destination_word(operand(instruction, 0)?)?;
    let Lane { major, minor } = Lane::of(builder)?;
    let pair = shifted(builder, Shift::RightUnsigned, major, 1)?;
    let one = constant(builder, 1)?;
    let odd = binary(builder, IntegerBinary::And, major, one)?;
    let bits = shifted(builder, Shift::Left, odd, 4)?;
    let mut halves = [0; 2];
    for (next, half) in halves.iter_mut().enumerate() {
        let next = constant(builder, next as u32)?;
        let row = binary(builder, IntegerBinary::Add, minor, next)?;
        let lanes = shifted(builder, Shift::Left, row, 2)?;
        let from = binary(builder, IntegerBinary::Add, lanes, pair)?;
        let both = shuffled(builder, a, from)?;
        *half = word(builder)?;
        builder.emit(Op::Shift { width: Width::W32, kind: Shift::RightUnsigned, d: *half, a: both, b: bits });
    }
    builder.emit(Op::Pack16 { d, low: halves[0], high: halves[1] });
    Ok(())
}
