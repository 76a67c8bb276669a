//! The commonest access: all lanes at neighbouring addresses of one allocation, moved as one row of
//! bytes.

use super::element::{get, put};
use super::environment::Site;
use super::transpose::transpose;
use crate::op::{MemoryOp, Space};
use crate::register::{FULL, NONE, Registers};

#[inline(always)]
fn is_contiguous(addresses: &[u64; 32], bytes: u64) -> bool {
    let mut different = 0;
    for lane in 0..32 {
        different |= addresses[lane] ^ addresses[0].wrapping_add(lane as u64 * bytes);
    }
    different == 0
}

/// The bytes of a request of all lanes to neighbouring addresses of one allocation: (allocation,
/// offset).
#[inline(always)]
pub(super) fn contiguous(
    site: &mut Site<'_, '_>,
    op: &MemoryOp,
    addresses: &[u64; 32],
) -> Option<(usize, usize)> {
    let bytes = op.bytes() as u64;
    let global = matches!(op.space, None | Some(Space::Global));
    if site.mask != FULL || !global || addresses[0] & (bytes - 1) != 0 || !is_contiguous(addresses, bytes) {
        return None;
    }
    let (number, offset) = site.env.memory.locate(&mut site.private.recent, addresses[0], 32 * bytes).ok()?;
    let region = &site.env.memory.allocations[number].region;
    site.private.ahead.step(site.pc, region.all(), offset, 32 * bytes as usize);
    Some((number, offset))
}

/// Loads `WORDS` words a lane.
#[inline(always)]
fn load_words<const WORDS: usize>(r: &mut Registers, op: &MemoryOp, source: &[u8]) {
    // All at once: the host fetches the lines of the row together, and the lanes are dealt out of
    // its nearest cache.
    let mut row = [[0u32; WORDS]; 32];
    for (word, bytes) in row.as_flattened_mut().iter_mut().zip(source.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    for (index, data) in op.data.iter().enumerate().take(WORDS).filter(|(_, data)| data.slot != NONE) {
        let target = &mut r.words[usize::from(data.slot)];
        for lane in 0..32 {
            target[lane] = row[lane][index];
        }
    }
}

/// Loads four words a lane.
#[inline(always)]
fn load_quads(r: &mut Registers, op: &MemoryOp, source: &[u8]) {
    let mut row = [[[0u32; 4]; 4]; 8];
    for (word, bytes) in row.as_flattened_mut().as_flattened_mut().iter_mut().zip(source.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    let words = row.each_ref().map(transpose);
    for (index, data) in op.data.iter().enumerate().take(4).filter(|(_, data)| data.slot != NONE) {
        let (target, _) = r.words[usize::from(data.slot)].as_chunks_mut();
        for (target, words) in target.iter_mut().zip(&words) {
            *target = words[index];
        }
    }
}

pub(super) fn load_contiguous(r: &mut Registers, op: &MemoryOp, source: &[u8]) {
    let words = op.element == 4 && op.data.iter().all(|data| !data.long);
    match (words, op.bytes()) {
        (true, 4) => load_words::<1>(r, op, source),
        (true, 8) => load_words::<2>(r, op, source),
        (true, 16) => load_quads(r, op, source),
        (true, 32) => load_words::<8>(r, op, source),
        (_, bytes) => {
            let element = usize::from(op.element);
            for lane in 0..32 {
                for (index, &data) in op.data.iter().enumerate() {
                    let start = lane * bytes + index * element;
                    let mut value = [0; 16];
                    value[..element].copy_from_slice(&source[start..start + element]);
                    put(r, data, lane, u128::from_le_bytes(value), op);
                }
            }
        }
    }
}

/// Stores `WORDS` words a lane.
#[inline(always)]
fn store_words<const WORDS: usize>(r: &Registers, op: &MemoryOp, target: &mut [u8]) {
    let mut row = [[0u32; WORDS]; 32];
    for (index, data) in op.data.iter().enumerate().take(WORDS).filter(|(_, data)| data.slot != NONE) {
        let source = &r.words[usize::from(data.slot)];
        for lane in 0..32 {
            row[lane][index] = source[lane];
        }
    }
    for (bytes, word) in target.as_chunks_mut().0.iter_mut().zip(row.as_flattened()) {
        *bytes = word.to_le_bytes();
    }
}

/// Stores four words a lane.
#[inline(always)]
fn store_quads(r: &Registers, op: &MemoryOp, target: &mut [u8]) {
    let mut words = [[[0u32; 4]; 4]; 8];
    for (index, data) in op.data.iter().enumerate().take(4).filter(|(_, data)| data.slot != NONE) {
        let (source, _) = r.words[usize::from(data.slot)].as_chunks();
        for (words, source) in words.iter_mut().zip(source) {
            words[index] = *source;
        }
    }
    let row = words.each_ref().map(transpose);
    for (bytes, word) in target.as_chunks_mut().0.iter_mut().zip(row.as_flattened().as_flattened()) {
        *bytes = word.to_le_bytes();
    }
}

pub(super) fn store_contiguous(r: &Registers, op: &MemoryOp, target: &mut [u8]) {
    let words = op.element == 4 && op.data.iter().all(|data| !data.long);
    match (words, op.bytes()) {
        (true, 4) => store_words::<1>(r, op, target),
        (true, 8) => store_words::<2>(r, op, target),
        (true, 16) => store_quads(r, op, target),
        (true, 32) => store_words::<8>(r, op, target),
        (_, bytes) => {
            let element = usize::from(op.element);
            for lane in 0..32 {
                for (index, &data) in op.data.iter().enumerate() {
                    let start = lane * bytes + index * element;
                    let value = get(r, data, lane, op.element).to_le_bytes();
                    target[start..start + element].copy_from_slice(&value[..element]);
                }
            }
        }
    }
}
