//! Video instructions against their definition in wide integers.

use crate::harness::{evaluate, random_rows};

fn element(word: u64, index: u32, bits: u32, signed: bool) -> i128 {
    let value = i128::from(word as u32 >> (bits * index)) & ((1 << bits) - 1);
    if signed && value >> (bits - 1) == 1 { value - (1 << bits) } else { value }
}

fn operation(name: &str, a: i128, b: i128) -> i128 {
    match name {
        "vadd" => a + b,
        "vsub" => a - b,
        // Rounded away from zero.
        "vavrg" => {
            let sum = a + b;
            if sum >= 0 { (sum + 1) / 2 } else { (sum - 1) / 2 }
        }
        "vabsdiff" => (a - b).abs(),
        "vmin" => a.min(b),
        _ => a.max(b),
    }
}

#[test]
fn elements_are_combined_one_by_one() {
    let rows = random_rows(300, 21);
    for (suffix, bits) in [("", 32u32), ("2", 16), ("4", 8)] {
        for name in ["vadd", "vsub", "vavrg", "vabsdiff", "vmin", "vmax"] {
            if bits == 32 && name == "vavrg" {
                continue;
            }
            for types in 0..8 {
                let signed = [0, 1, 2].map(|at| types >> at & 1 == 1);
                let [d, a, b] = signed.map(|signed| if signed { "s32" } else { "u32" });
                for modifier in ["", ".sat", ".add"] {
                    let last = if bits == 32 && modifier != ".add" { "" } else { ", %r3" };
                    let text = format!("{name}{suffix}.{d}.{a}.{b}{modifier} %d, %r1, %r2{last};");
                    for (row, outcome) in rows.iter().zip(evaluate(&text, &rows)) {
                        let (mut packed, mut sum) = (0u32, i128::from(row[2] as u32));
                        for index in 0..32 / bits {
                            let value = operation(
                                name,
                                element(row[0], index, bits, signed[1]),
                                element(row[1], index, bits, signed[2]),
                            );
                            let (least, most) = if signed[0] {
                                (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
                            } else {
                                (0, (1 << bits) - 1)
                            };
                            let value = if modifier == ".sat" { value.clamp(least, most) } else { value };
                            let code = (value & ((1 << bits) - 1)) as u64;
                            packed |= (code as u32) << (bits * index);
                            sum += element(code, 0, bits, signed[0]);
                        }
                        let expected = if modifier == ".add" { sum as u32 } else { packed };
                        assert_eq!(outcome.word, expected, "{text} of {row:x?}");
                    }
                }
            }
        }
    }
}

#[test]
fn selectors_choose_bytes_and_halves() {
    let rows = random_rows(200, 4);
    for (row, outcome) in rows.iter().zip(evaluate("vadd.s32.u32.s32 %d, %r1.b2, %r2.h1;", &rows)) {
        let expected = i64::from(row[0] as u32 >> 16 & 0xff) + i64::from((row[1] as u32 >> 16) as i16);
        assert_eq!(outcome.word, expected as u32);
    }
    for (row, outcome) in rows.iter().zip(evaluate("vmax.u32.u32.u32.min %d, %r1, %r2, %r3;", &rows)) {
        assert_eq!(outcome.word, (row[0] as u32).max(row[1] as u32).min(row[2] as u32));
    }
}
