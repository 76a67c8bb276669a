//! Conversions to and from formats of four, six and eight bits, sums of 16-bit and 32-bit floats,
//! and what else has modifiers of its own: compared with tables of values and with exact arithmetic
//! that the emulator has no part in.

use crate::harness::{Row, evaluate, random_rows};
use rustc_apfloat::ieee::Single;
use rustc_apfloat::{Float, Round};

/// A format by its fields: bits of exponent and mantissa, and the largest code of a value without
/// its sign.
struct Format {
    name: &'static str,
    exponent: u32,
    mantissa: u32,
    largest: u32,
    /// From where in the packed pair to where its second value is.
    step: u32,
}

const FORMATS: [Format; 3] = [
    Format { name: "e2m3x2", exponent: 2, mantissa: 3, largest: 0x1f, step: 8 },
    Format { name: "e3m2x2", exponent: 3, mantissa: 2, largest: 0x1f, step: 8 },
    Format { name: "e2m1x2", exponent: 2, mantissa: 1, largest: 7, step: 4 },
];

impl Format {
    fn value(&self, code: u32) -> f64 {
        let (field, fraction) = (code >> self.mantissa, code & ((1 << self.mantissa) - 1));
        let bias = (1 << (self.exponent - 1)) - 1;
        let unit = 2f64.powi(1 - bias - self.mantissa as i32);
        match field {
            0 => f64::from(fraction) * unit,
            _ => f64::from(fraction + (1 << self.mantissa)) * unit * 2f64.powi(field as i32 - 1),
        }
    }

    fn sign(&self) -> u32 {
        1 << (self.exponent + self.mantissa)
    }

    /// The nearest code, of two that are as near the even one; a NaN is the largest value.
    fn nearest(&self, x: f64) -> u32 {
        if x.is_nan() {
            return self.largest;
        }
        let x = x.clamp(-1e6, 1e6);
        let distance = |code: u32| (self.value(code) - x.abs()).abs();
        let better = |&a: &u32, &b: &u32| distance(a).total_cmp(&distance(b)).then((a & 1).cmp(&(b & 1)));
        let code = (0..=self.largest).min_by(better).expect("there are codes");
        if x.is_sign_negative() { code | self.sign() } else { code }
    }
}

/// Rows of floats of all sizes, ties between codes, and special values.
fn float_rows() -> Vec<Row> {
    let mut rows = random_rows(400, 7);
    for format in &FORMATS {
        for code in 0..=format.largest {
            let tie = (format.value(code) + format.value((code + 1).min(format.largest))) / 2.0;
            let near = [format.value(code), tie, tie * 1.000_001, tie * 0.999_999];
            for x in near {
                let bits = |x: f64| u64::from((x as f32).to_bits());
                rows.push([bits(x), bits(-x), bits(x * 1.25)]);
            }
        }
    }
    rows
}

#[test]
fn narrow_formats_are_rounded_to_nearest() {
    let rows = float_rows();
    for format in &FORMATS {
        for relu in [false, true] {
            let modifier = if relu { ".relu" } else { "" };
            let text = format!(
                "{{\n.reg .b16 %n;\n.reg .b8 %m;\ncvt.rn.satfinite{modifier}.{name}.f32 {register}, %f1, %f2;\n{widen}\n}}",
                name = format.name,
                register = if format.step == 4 { "%m" } else { "%n" },
                widen = if format.step == 4 { "cvt.u32.u8 %d, %m;" } else { "cvt.u32.u16 %d, %n;" },
            );
            let outcomes = evaluate(&text, &rows);
            for (row, outcome) in rows.iter().zip(outcomes) {
                let code = |bits: u64| {
                    let x = f32::from_bits(bits as u32);
                    let code = format.nearest(f64::from(x));
                    if relu && code & format.sign() != 0 { 0 } else { code }
                };
                let expected = code(row[0]) << format.step | code(row[1]);
                assert_eq!(outcome.word, expected, "{} of {row:x?}, relu {relu}", format.name);
            }
        }
    }
}

/// From pairs of 16-bit floats, and for `bf16x2` to the eight-bit formats too.
#[test]
fn pairs_of_halves_are_narrowed_to_nearest() {
    let rows = float_rows();
    let eight_bits = [
        Format { name: "e4m3x2", exponent: 4, mantissa: 3, largest: 0x7e, step: 8 },
        Format { name: "e5m2x2", exponent: 5, mantissa: 2, largest: 0x7b, step: 8 },
    ];
    for (format, is_eight) in FORMATS.iter().map(|f| (f, false)).chain(eight_bits.iter().map(|f| (f, true))) {
        for (source, value) in [
            ("f16x2", (|bits| half::f16::from_bits(bits).to_f64()) as fn(u16) -> f64),
            ("bf16x2", |bits| half::bf16::from_bits(bits).to_f64()),
        ] {
            let text = format!(
                "{{\n.reg .b16 %n;\n.reg .b8 %m;\ncvt.rn.satfinite.{name}.{source} {register}, %r1;\n{widen}\n}}",
                name = format.name,
                register = if format.step == 4 { "%m" } else { "%n" },
                widen = if format.step == 4 { "cvt.u32.u8 %d, %m;" } else { "cvt.u32.u16 %d, %n;" },
            );
            // The high halves of floats are as many kinds of `bf16`.
            let rows: Vec<Row> =
                rows.iter().map(|row| [row[0] & 0xffff_0000 | row[1] >> 16 & 0xffff, 0, 0]).collect();
            for (row, outcome) in rows.iter().zip(evaluate(&text, &rows)) {
                let code = |bits: u64| {
                    let x = value(bits as u16);
                    // A NaN stays one where the format has it.
                    if x.is_nan() && is_eight { 0x7f } else { format.nearest(x) }
                };
                let expected = code(row[0] >> 16) << format.step | code(row[0]);
                assert_eq!(outcome.word, expected, "{} of {source} {row:x?}", format.name);
            }
        }
    }
}

#[test]
fn narrow_formats_are_widened_exactly() {
    type Widen = fn(f64) -> u16;
    let targets: [(&str, Widen); 2] =
        [("f16x2", |x| half::f16::from_f64(x).to_bits()), ("bf16x2", |x| half::bf16::from_f64(x).to_bits())];
    for (format, (target, widen)) in FORMATS.iter().flat_map(|format| targets.map(|target| (format, target)))
    {
        let codes = 2 * format.sign();
        let rows: Vec<Row> = (0..u64::from(codes)).map(|code| [code, code ^ 1, 0]).collect();
        let text = format!(
            "{{\n.reg .b16 %n;\n.reg .b8 %m;\nshl.b32 %r4, %r1, {step};\nor.b32 %r4, %r4, %r2;\n\
             cvt.u16.u32 %n, %r4;\ncvt.u8.u32 %m, %r4;\ncvt.rn.{target}.{name} %d, {register};\n}}",
            step = format.step,
            name = format.name,
            register = if format.step == 4 { "%m" } else { "%n" },
        );
        for (row, outcome) in rows.iter().zip(evaluate(&text, &rows)) {
            let value = |code: u64| {
                let magnitude = format.value(code as u32 & (format.sign() - 1));
                let value = if code as u32 & format.sign() != 0 { -magnitude } else { magnitude };
                u32::from(widen(value))
            };
            assert_eq!(
                outcome.word,
                value(row[0]) << 16 | value(row[1]),
                "{target} of {} of {row:x?}",
                format.name
            );
        }
    }
}

/// `ue8m0` has powers of two from 2^-127 to 2^127, and 255 for NaN.
#[test]
fn powers_of_two_are_rounded_as_asked() {
    let mut rows = random_rows(300, 3);
    rows.extend(
        [0u32, 1, 0x0040_0000, 0x0040_0001, 0x0080_0000, 0x7f00_0000, 0x7f7f_ffff].map(|x| [x.into(), 0, 0]),
    );
    for (rounding, up) in [("rz", false), ("rp", true)] {
        let text = format!(
            "{{\n.reg .b16 %n;\ncvt.{rounding}.satfinite.ue8m0x2.f32 %n, %f1, %f2;\ncvt.u32.u16 %d, %n;\n}}"
        );
        for (row, outcome) in rows.iter().zip(evaluate(&text, &rows)) {
            let code = |bits: u64| {
                let x = f64::from(f32::from_bits(bits as u32)).abs();
                if x.is_nan() {
                    return 255;
                }
                let power = |code: u32| 2f64.powi(code as i32 - 127);
                if up {
                    (0..=254).find(|&code| power(code) >= x).unwrap_or(254)
                } else {
                    (0..=254).rev().find(|&code| power(code) <= x).unwrap_or(0)
                }
            };
            assert_eq!(outcome.word, code(row[0]) << 8 | code(row[1]), "{rounding} of {row:x?}");
        }
    }
    let codes: Vec<Row> = (0..256).map(|code| [code, 0, 0]).collect();
    let text = "{\n.reg .b16 %n;\ncvt.u16.u32 %n, %r1;\ncvt.rn.bf16x2.ue8m0x2 %d, %n;\n}";
    for (row, outcome) in codes.iter().zip(evaluate(text, &codes)) {
        let value = half::bf16::from_bits(outcome.word as u16).to_f64();
        let expected = 2f64.powi(row[0] as i32 - 127);
        assert!(if row[0] == 255 { value.is_nan() } else { value == expected }, "{row:x?} is {value}");
    }
}

/// `add`, `sub` and `fma` of a 16-bit float and an `f32` in every rounding.
#[test]
fn mixed_sums_are_rounded_once() {
    let rows = random_rows(500, 11);
    let roundings = [
        ("rn", Round::NearestTiesToEven),
        ("rz", Round::TowardZero),
        ("rm", Round::TowardNegative),
        ("rp", Round::TowardPositive),
    ];
    for (name, round) in roundings {
        for format in ["f16", "bf16"] {
            let single = |bits: u64| Single::from_bits(u128::from(bits as u32));
            let half = |bits: u64| {
                let value = match format {
                    "f16" => half::f16::from_bits(bits as u16).to_f32(),
                    _ => half::bf16::from_bits(bits as u16).to_f32(),
                };
                single(value.to_bits().into())
            };
            for operation in ["add", "sub", "fma"] {
                for saturates in [false, true] {
                    let sat = if saturates { ".sat" } else { "" };
                    let operands = if operation == "fma" { "%h1, %h2, %f3" } else { "%h1, %f3" };
                    let text =
                        format!("{operation}.{name}{sat}.f32.{format} %f4, {operands};\nmov.b32 %d, %f4;");
                    for (row, outcome) in rows.iter().zip(evaluate(&text, &rows)) {
                        let c = single(row[2]);
                        let exact = match operation {
                            "add" => half(row[0]).add_r(c, round).value,
                            "sub" => half(row[0]).sub_r(c, round).value,
                            _ => half(row[0]).mul_add_r(half(row[1]), c, round).value,
                        };
                        let found = single(outcome.word.into());
                        let expected = match saturates {
                            true if exact.is_nan() || exact.is_negative() => Single::ZERO,
                            true if exact > single(0x3f80_0000) => single(0x3f80_0000),
                            _ => exact,
                        };
                        let same = found.is_nan() && expected.is_nan() || found.bitwise_eq(expected);
                        assert!(same, "{text} of {row:x?}: {found}, expected {expected}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_flushed_subnormal_selects_like_zero() {
    let rows = random_rows(200, 5);
    for flush in [false, true] {
        let ftz = if flush { ".ftz" } else { "" };
        for (row, outcome) in
            rows.iter().zip(evaluate(&format!("slct{ftz}.u32.f32 %d, %r1, %r2, %f3;"), &rows))
        {
            let x = f32::from_bits(row[2] as u32);
            let x = if flush && x.is_subnormal() { 0.0 } else { x };
            let expected = if x >= 0.0 { row[0] } else { row[1] };
            assert_eq!(outcome.word, expected as u32, "{row:x?}");
        }
    }
    let subnormal = [[1, 2, 0x8000_0001]];
    assert_eq!(evaluate("slct.u32.f32 %d, %r1, %r2, %f3;", &subnormal)[0].word, 2);
    assert_eq!(evaluate("slct.ftz.u32.f32 %d, %r1, %r2, %f3;", &subnormal)[0].word, 1);
}

/// Rows are the lanes of a warp, 32 after each other.
#[test]
fn floats_are_reduced_over_a_warp() {
    let mut rows = random_rows(32 * 12, 17);
    rows[40][0] = 0x7fc0_0000;
    for (name, maximum) in [("min", false), ("max", true)] {
        for absolute in [false, true] {
            for nan in [false, true] {
                let modifiers =
                    format!("{}{}", if absolute { ".abs" } else { "" }, if nan { ".NaN" } else { "" });
                let text =
                    format!("redux.sync.{name}{modifiers}.f32 %f4, %f1, 0xffffffff;\nmov.b32 %d, %f4;");
                let outcomes = evaluate(&text, &rows);
                for (warp, outcomes) in rows.chunks(32).zip(outcomes.chunks(32)) {
                    let values = warp.iter().map(|row| {
                        let x = f32::from_bits(row[0] as u32);
                        if absolute { x.abs() } else { x }
                    });
                    let numbers = values.clone().filter(|x| !x.is_nan());
                    let best = if maximum { numbers.reduce(f32::max) } else { numbers.reduce(f32::min) };
                    let expected = match best {
                        Some(best) if !(nan && values.clone().any(f32::is_nan)) => best,
                        _ => f32::NAN,
                    };
                    for outcome in outcomes {
                        let found = f32::from_bits(outcome.word);
                        let same = found == expected || found.is_nan() && expected.is_nan();
                        assert!(same, "{text}: {found}, expected {expected}");
                    }
                }
            }
        }
    }
}
