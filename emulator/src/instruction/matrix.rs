//! `ldmatrix`, `stmatrix` and `movmatrix`: 8 by 8 matrices of 16-bit elements (PTX ISA section
//! 9.7.15.5).
//!
//! Lane `8 i + r` has the address of row `r` of matrix `i`, and lane `t` holds elements `2 (t % 4)`
//! and the next one of row `t / 4` of each matrix, or, with `.trans`, of column `t / 4`. So they
//! are executed as shuffles of addresses and loads or stores of each lane's elements, which are
//! checked like any other.

use super::vector::list;
use crate::code::Preset;
use crate::decode::decoder::{Decode, Decoder};
use crate::op::{Address, Data, IntegerBinary, MemoryOp, Op, Shift, ShuffleMode, Space, Type, WarpOp, Width};
use crate::register::{Bank, NONE, Slot};

pub(super) const DECODINGS: &[(&str, Decode)] =
    &[("ldmatrix", load), ("stmatrix", store), ("movmatrix", transpose)];

fn binary(d: &mut Decoder<'_, '_>, kind: IntegerBinary, a: Slot, b: Slot) -> Result<Slot, String> {
    let to = d.new_word()?;
    d.emit(Op::Binary32 { kind, operands: [to, a, b] });
    Ok(to)
}

fn shifted(d: &mut Decoder<'_, '_>, kind: Shift, a: Slot, by: u32) -> Result<Slot, String> {
    let (to, b) = (d.new_word()?, d.constant(by)?);
    d.emit(Op::Shift { width: Width::W32, kind, operands: [to, a, b] });
    Ok(to)
}

/// `a` of the lane whose number each lane has in `from`.
fn shuffled(d: &mut Decoder<'_, '_>, a: Slot, from: Slot) -> Result<Slot, String> {
    let (to, c, members) = (d.new_word()?, d.constant(31)?, d.constant(u32::MAX)?);
    d.emit_warp(WarpOp::Shuffle { mode: ShuffleMode::Index, d: to, valid: NONE, a, b: from, c, members });
    Ok(to)
}

/// A lane's place in a matrix.
struct Lane {
    /// `t / 4`.
    major: Slot,
    /// `2 (t % 4)`.
    minor: Slot,
}

impl Lane {
    fn of(d: &mut Decoder<'_, '_>) -> Result<Lane, String> {
        let lane = d.preset(Bank::Word, Preset::Lane)?;
        let three = d.constant(3)?;
        let rest = binary(d, IntegerBinary::And, lane, three)?;
        Ok(Lane {
            major: shifted(d, Shift::RightUnsigned, lane, 2)?,
            minor: shifted(d, Shift::Left, rest, 1)?,
        })
    }

    /// The address of an element of matrix `matrix`, or of both: `second` is that in the next row,
    /// for transposed ones.
    fn address(
        &self,
        d: &mut Decoder<'_, '_>,
        rows: Slot,
        matrix: usize,
        (transposed, second): (bool, bool),
    ) -> Result<Slot, String> {
        let (row, column) = if transposed { (self.minor, self.major) } else { (self.major, self.minor) };
        let first = d.constant(8 * matrix as u32 + u32::from(second))?;
        let from = binary(d, IntegerBinary::Add, row, first)?;
        let start = shuffled(d, rows, from)?;
        let bytes = shifted(d, Shift::Left, column, 1)?;
        binary(d, IntegerBinary::Add, start, bytes)
    }
}

/// The row address of each lane as an offset in shared memory: the low half of a generic address is
/// one.
fn rows(d: &mut Decoder<'_, '_>, index: usize) -> Result<Slot, String> {
    let Address { base, offset, .. } = d.address(index, Some(Space::Shared))?;
    let offset = d.constant(offset as u32)?;
    let low = match base {
        None => return Ok(offset),
        Some(Data { slot, long: false }) => slot,
        Some(Data { slot, long: true }) => {
            let low = d.new_word()?;
            d.emit(Op::Unpack32 { low, high: NONE, a: slot });
            low
        }
    };
    binary(d, IntegerBinary::Add, low, offset)
}

/// An access to elements in shared memory.
fn access(address: Slot, ty: Type, data: Slot) -> MemoryOp {
    let [base, data] = [address, data].map(|slot| Data { slot, long: false });
    MemoryOp::weak(Address { space: Some(Space::Shared), base: Some(base), offset: 0 }, ty, vec![data])
}

fn load(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let transposed = d.has("trans");
    d.ignore(&[""]);
    let rows = rows(d, 1)?;
    let lane = Lane::of(d)?;
    // The address may be in a destination, so addresses come first.
    let mut addresses = Vec::new();
    let destinations = list(d.at(0)?);
    for matrix in 0..destinations.len() {
        let first = lane.address(d, rows, matrix, (transposed, false))?;
        let second = if transposed { lane.address(d, rows, matrix, (true, true))? } else { NONE };
        addresses.push((first, second));
    }
    for (&(first, second), to) in addresses.iter().zip(destinations) {
        let to = d.destination_word(to)?;
        if !transposed {
            d.emit_load(access(first, Type::B32, to));
            continue;
        }
        let (low, high) = (d.new_word()?, d.new_word()?);
        d.emit_load(access(first, Type::B16, low));
        d.emit_load(access(second, Type::B16, high));
        d.emit(Op::Pack16 { operands: [to, low, high] });
    }
    Ok(())
}

fn store(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let transposed = d.has("trans");
    d.ignore(&[""]);
    let rows = rows(d, 0)?;
    let lane = Lane::of(d)?;
    for (matrix, source) in list(d.at(1)?).iter().enumerate() {
        let source = d.builder().word(source)?;
        let first = lane.address(d, rows, matrix, (transposed, false))?;
        if !transposed {
            d.emit_store(access(first, Type::B32, source));
            continue;
        }
        let second = lane.address(d, rows, matrix, (true, true))?;
        let (low, high) = (d.new_word()?, d.new_word()?);
        d.emit(Op::Unpack16 { low, high, a: source });
        d.emit_store(access(first, Type::B16, low));
        d.emit_store(access(second, Type::B16, high));
    }
    Ok(())
}

/// Element `(row, column)` is in lane `4 row + column / 2`, in the half that `column % 2` names.
fn transpose(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.ignore(&[""]);
    let (a, to) = (d.word(1)?, d.result_word()?);
    let Lane { major, minor } = Lane::of(d)?;
    let pair = shifted(d, Shift::RightUnsigned, major, 1)?;
    let one = d.constant(1)?;
    let odd = binary(d, IntegerBinary::And, major, one)?;
    let bits = shifted(d, Shift::Left, odd, 4)?;
    let mut halves = [0; 2];
    for (next, half) in halves.iter_mut().enumerate() {
        let next = d.constant(next as u32)?;
        let row = binary(d, IntegerBinary::Add, minor, next)?;
        let lanes = shifted(d, Shift::Left, row, 2)?;
        let from = binary(d, IntegerBinary::Add, lanes, pair)?;
        let both = shuffled(d, a, from)?;
        *half = d.new_word()?;
        d.emit(Op::Shift { width: Width::W32, kind: Shift::RightUnsigned, operands: [*half, both, bits] });
    }
    d.emit(Op::Pack16 { operands: [to, halves[0], halves[1]] });
    Ok(())
}
