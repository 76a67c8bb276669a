//! Video instructions: arithmetic of words, or of the halves or bytes of words (PTX ISA sections 9.7.17 and 9.7.18).

use crate::op::{VideoKind, VideoThen};

/// An element, extended.
fn element(word: u32, index: u32, bits: u32, signed: bool) -> i64 {
    let unused = 64 - bits;
    let raised = u64::from(word >> (bits * index)) << unused;
    if signed { raised as i64 >> unused } else { (raised >> unused) as i64 }
}

fn combine(kind: VideoKind, a: i64, b: i64) -> i64 {
    match kind {
        VideoKind::Add => a + b,
        VideoKind::Subtract => a - b,
        // Halves are rounded away from zero.
        VideoKind::Average => (a + b + i64::from(a + b >= 0)) >> 1,
        VideoKind::AbsoluteDifference => (a - b).abs(),
        VideoKind::Minimum => a.min(b),
        VideoKind::Maximum => a.max(b),
    }
}

fn clamp(value: i64, bits: u32, signed: bool) -> i64 {
    let (least, most) =
        if signed { (-(1i64 << (bits - 1)), (1i64 << (bits - 1)) - 1) } else { (0, (1i64 << bits) - 1) };
    value.clamp(least, most)
}

/// `signed` tells of the result and of both sources whether their elements are.
pub(super) fn apply(
    kind: VideoKind,
    bits: u32,
    signed: [bool; 3],
    saturate: bool,
    then: Option<VideoThen>,
    [a, b, c]: [u32; 3],
) -> u32 {
    let mask = ((1u64 << bits) - 1) as u32;
    let (mut result, mut sum) = (0, c);
    for index in 0..32 / bits {
        let value = combine(kind, element(a, index, bits, signed[1]), element(b, index, bits, signed[2]));
        let value = if saturate { clamp(value, bits, signed[0]) } else { value };
        let code = value as u32 & mask;
        result |= code << (bits * index);
        sum = sum.wrapping_add(element(code, 0, bits, signed[0]) as u32);
    }
    match then {
        None => result,
        Some(VideoThen::Add) => sum,
        Some(VideoThen::Minimum) if signed[0] => (result as i32).min(c as i32) as u32,
        Some(VideoThen::Maximum) if signed[0] => (result as i32).max(c as i32) as u32,
        Some(VideoThen::Minimum) => result.min(c),
        Some(VideoThen::Maximum) => result.max(c),
    }
}
