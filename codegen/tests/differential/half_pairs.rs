//! Arithmetic on pairs of 16-bit floats in a word.

use rustc_apfloat::ieee::{BFloat, Half};
use rustc_apfloat::{Float, Round};

use crate::execute::{ADA, Case};
use crate::number::Random;
use crate::reference::Small;

/// Codes at which operations change what they do, and random ones.
fn codes(small: Small) -> Vec<u32> {
    let one = small.encode(1.0, Round::NearestTiesToEven);
    let infinity = if small == Small::F16 { 0x7c00 } else { 0x7f80 };
    let least_normal = if small == Small::F16 { 0x0400 } else { 0x0080 };
    let mut codes = vec![0, 1, 2, 3, least_normal - 1, least_normal, least_normal + 1, one, one + 1, one - 1];
    codes.extend([infinity - 1, infinity, infinity + 1, 0x7fff, one + 0x180, one - 0x180, least_normal * 3]);
    let negative: Vec<u32> = codes.iter().map(|code| code | 0x8000).collect();
    codes.extend(negative);
    codes
}

/// Words whose halves meet in all combinations of edges, then random ones.
fn words(small: Small) -> Vec<[u32; 3]> {
    let codes = codes(small);
    let mut words = Vec::new();
    let mut random = Random::new();
    for (index, a) in codes.iter().enumerate() {
        for (other, b) in codes.iter().enumerate() {
            let c = codes[(index * 7 + other * 3) % codes.len()];
            let far = random.bits();
            words.push([
                *a | (far as u32) << 16,
                *b | (far >> 16) as u32 & 0xffff_0000,
                c | (far >> 32) as u32 & 0xffff_0000,
            ]);
        }
    }
    for _ in 0..6000 {
        let (a, b) = (random.bits(), random.bits());
        words.push([a as u32, (a >> 32) as u32, b as u32]);
        // Exponents near each other: sums with many bits, and cancellation.
        let near = (a as u32) ^ ((b >> 32) as u32 & 0x83ff_83ff);
        words.push([a as u32, near, (a as u32).wrapping_add(b as u32 & 0x00ff_00ff)]);
    }
    words
}

fn arithmetic<F: Float>(name: &str, [a, b, c]: [u32; 3]) -> u32 {
    let [a, b, c] = [a, b, c].map(|code| F::from_bits(u128::from(code)));
    let round = Round::NearestTiesToEven;
    let result = match name {
        "add" => a.add_r(b, round).value,
        "subtract" => a.sub_r(b, round).value,
        "multiply" => a.mul_r(b, round).value,
        _ => a.mul_add_r(b, c, round).value,
    };
    if result.is_nan() { 0x7fff } else { result.to_bits() as u32 }
}

fn extreme(small: Small, name: &str, [a, b, _]: [u32; 3]) -> u32 {
    let (x, y) = (small.decode(a), small.decode(b));
    match (x.is_nan(), y.is_nan()) {
        (true, true) => 0x7fff,
        (true, false) => b,
        (false, true) => a,
        _ if x.total_cmp(&y).is_le() == (name == "min") => a,
        _ => b,
    }
}

fn check(small: Small, suffix: &str) {
    for name in ["add", "subtract", "multiply", "mul_add", "min", "max"] {
        let of_halves = |codes: [u32; 3]| match (name, small) {
            ("min" | "max", _) => extreme(small, name, codes),
            (_, Small::F16) => arithmetic::<Half>(name, codes),
            _ => arithmetic::<BFloat>(name, codes),
        };
        let expected = |words: &[u32; 3]| {
            of_halves(words.map(|word| word & 0xffff)) | of_halves(words.map(|word| word >> 16)) << 16
        };
        let words = words(small);
        let expected: Vec<u32> = words.iter().map(expected).collect();
        if name == "mul_add" {
            let device = &format!("mul_add_{suffix}(a, b, c)");
            Case { device, target: ADA, operands: words, expected }.check();
        } else {
            let operands = words.iter().map(|[a, b, _]| [*a, *b]).collect();
            Case { device: &format!("{name}_{suffix}(a, b)"), target: ADA, operands, expected }.check();
        }
    }
}

#[test]
fn f16() {
    check(Small::F16, "f16x2");
}

#[test]
fn bf16() {
    check(Small::Bf16, "bf16x2");
}
