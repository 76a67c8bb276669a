//! Instructions that exchange values between the lanes of a warp (PTX ISA sections 9.7.9.6 and
//! 9.7.13).

use super::float::apply32;
use crate::numeric::atomic;
use crate::op::{Reduction, ShuffleMode, Vote, WarpOp};
use crate::register::{Registers, Slot, lanes};

/// What a lane reads from a lane that does not take part: undefined on hardware, recognisable here.
const POISON: u32 = 0xdead_beef;

fn splat(r: &mut Registers, d: Slot, value: u32, mask: u32) {
    r.store::<u32>(d, &[value; 32], mask);
}

/// Executes `op` for the lanes of `mask`, which are all lanes of their member mask that have not
/// exited.
pub(crate) fn execute(r: &mut Registers, op: &WarpOp, mask: u32) {
    match *op {
        WarpOp::Barrier { .. } => {}
        WarpOp::Shuffle { mode, d, valid, a, b, c, .. } => shuffle(r, mask, mode, d, valid, [a, b, c]),
        WarpOp::Vote { kind, d, a, .. } => {
            let votes = r.predicate(a) & mask;
            let value = match kind {
                Vote::Ballot => return splat(r, d, votes, mask),
                Vote::All => votes == mask,
                Vote::Any => votes != 0,
                Vote::Uniform => votes == 0 || votes == mask,
            };
            r.set_predicate(d, if value { u32::MAX } else { 0 }, mask);
        }
        WarpOp::Match { wide, all, d, valid, a, .. } => {
            let value = |lane| if wide { r.lane::<u64>(a, lane) } else { u64::from(r.lane::<u32>(a, lane)) };
            let values: [u64; 32] = std::array::from_fn(value);
            let same = |lane: usize| {
                lanes(mask)
                    .filter(|&other| values[other] == values[lane])
                    .fold(0, |found, other| found | 1 << other)
            };
            if all {
                let agree = same(mask.trailing_zeros() as usize) == mask;
                splat(r, d, if agree { mask } else { 0 }, mask);
                r.set_predicate(valid, if agree { u32::MAX } else { 0 }, mask);
            } else {
                let out: [u32; 32] = std::array::from_fn(same);
                r.store(d, &out, mask);
            }
        }
        WarpOp::Redux { kind, d, a, .. } => {
            let values = lanes(mask).map(|lane| r.lane::<u32>(a, lane));
            let result = match kind {
                Reduction::Integer(operation) => values
                    .map(u128::from)
                    .reduce(|x, y| atomic::apply(operation, x, y, 0))
                    .map_or(0, |result| result as u32),
                Reduction::Float { kind, absolute } => {
                    let magnitude = |x: u32| f32::from_bits(if absolute { x & 0x7fff_ffff } else { x });
                    let result = values.map(magnitude).reduce(|x, y| apply32(kind, x, y));
                    // A reduction of one lane is what the lane has, but for the bits of a NaN.
                    result.map_or(0, |x| if x.is_nan() { 0x7fff_ffff } else { x.to_bits() })
                }
            };
            splat(r, d, result, mask);
        }
        WarpOp::Elect { d, leader, .. } => {
            let lowest = mask.trailing_zeros();
            if d != crate::register::NONE {
                splat(r, d, lowest, mask);
            }
            r.set_predicate(leader, 1 << lowest, mask);
        }
    }
}

fn shuffle(r: &mut Registers, mask: u32, mode: ShuffleMode, d: Slot, valid: Slot, [a, b, c]: [Slot; 3]) {
    let source = r.words[usize::from(a)];
    let (offsets, controls) = (r.words[usize::from(b)], r.words[usize::from(c)]);
    let mut out = [0; 32];
    let mut in_range = 0;
    for lane in 0..32u32 {
        let (b, c) = (offsets[lane as usize] & 31, controls[lane as usize]);
        let segment = c >> 8 & 31;
        let limit = (lane & segment) | (c & 31 & !segment);
        let from = match mode {
            ShuffleMode::Up => lane as i32 - b as i32,
            ShuffleMode::Down => (lane + b) as i32,
            ShuffleMode::Butterfly => (lane ^ b) as i32,
            ShuffleMode::Index => ((lane & segment) | (b & !segment)) as i32,
        };
        let is_valid = if mode == ShuffleMode::Up { from >= limit as i32 } else { from <= limit as i32 };
        let from = if is_valid { from as u32 } else { lane };
        in_range |= u32::from(is_valid) << lane;
        out[lane as usize] = if mask >> from & 1 == 1 { source[from as usize] } else { POISON };
    }
    r.store(d, &out, mask);
    r.set_predicate(valid, in_range, mask);
}
