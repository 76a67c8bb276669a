//! Conversions of 8- and 16-bit floats.

use rustc_apfloat::Round;

use crate::execute::{ADA, Case};
use crate::reference::Small;

/// How a format is written in function names, and the bits of a code.
const FORMATS: [(Small, &str, u32); 4] =
    [(Small::F16, "f16", 16), (Small::Bf16, "bf16", 16), (Small::E4m3, "e4m3", 8), (Small::E5m2, "e5m2", 8)];

/// Every sign, exponent and upper part of the mantissa, with lower parts that tie in some format
/// and their neighbours.
fn near_boundaries() -> Vec<f32> {
    let mut lower: Vec<u32> = vec![0, 1, 0x7fff, 0x8000, 0x8001, 0xffff];
    lower.extend((0..8).flat_map(|kept| [0x0fff, 0x1000, 0x1001].map(|rest| kept << 13 | rest)));
    let uppers = 0..0x1_0000u32;
    uppers.flat_map(|upper| lower.iter().map(move |lower| f32::from_bits(upper << 16 | lower))).collect()
}

/// Packs every number with its successor, and compares both codes.
fn check_narrowing(small: Small, name: &str, bits: u32, numbers: &[f32]) {
    let rounds = [("", Round::NearestTiesToEven), ("_toward_zero", Round::TowardZero)];
    for (suffix, round) in rounds.into_iter().take(if bits == 8 { 1 } else { 2 }) {
        let codes: Vec<u32> = numbers.iter().map(|number| small.encode(*number, round)).collect();
        let next = |index: usize| (index + 1) % numbers.len();
        let expected = |index: usize| codes[index] | codes[next(index)] << bits;
        let expected: Vec<u32> = (0..numbers.len()).map(expected).collect();
        let operands: Vec<[f32; 2]> =
            (0..numbers.len()).map(|index| [numbers[index], numbers[next(index)]]).collect();
        let device = &format!("pack_{name}{suffix}(a, b) as u32");
        Case { device, target: ADA, operands, expected }.check();
    }
}

#[test]
fn narrowing_near_every_boundary() {
    let numbers = near_boundaries();
    for (small, name, bits) in FORMATS {
        check_narrowing(small, name, bits, &numbers);
    }
}

#[test]
#[ignore = "every f32 takes half an hour: run it after a change to a conversion"]
fn narrowing_of_every_number() {
    const CHUNK: u64 = 1 << 22;
    for start in (0..1u64 << 32).step_by(CHUNK as usize) {
        let numbers: Vec<f32> = (start..start + CHUNK).map(|bits| f32::from_bits(bits as u32)).collect();
        for (small, name, bits) in FORMATS {
            check_narrowing(small, name, bits, &numbers);
        }
    }
}

#[test]
fn widening_of_every_code() {
    let codes: Vec<[u16; 1]> = (0..=u16::MAX).map(|code| [code]).collect();
    let expected = codes.iter().map(|[code]| Small::F16.decode(u32::from(*code))).collect();
    Case { device: "f16_value(a)", target: ADA, operands: codes.clone(), expected }.check();
    for (small, name) in [(Small::E4m3, "e4m3"), (Small::E5m2, "e5m2")] {
        let half = |code: u16| {
            let value = small.decode(u32::from(code & 0xff));
            Small::F16.encode(value, Round::NearestTiesToEven)
        };
        let expected: Vec<u32> = codes.iter().map(|[pair]| half(*pair) | half(pair >> 8) << 16).collect();
        let device = &format!("widen_{name}(a)");
        Case { device, target: ADA, operands: codes.clone(), expected }.check();
    }
}
