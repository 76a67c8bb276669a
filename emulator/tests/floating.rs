//! Floating-point instructions and conversions against Rust's IEEE arithmetic and the `half` crate.

use crate::harness::{Row, evaluate, random_rows};
use half::{bf16, f16};

const SPECIAL: [f32; 14] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    f32::MAX,
    f32::MIN_POSITIVE,
    1e-40,
    -1e-45,
    0.1,
    448.0,
    65504.0,
];

/// Rows of floats of all magnitudes, every pair of special values among them.
fn floats() -> Vec<Row> {
    let bits = |x: f32| u64::from(x.to_bits());
    let pairs = SPECIAL.iter().flat_map(|&a| SPECIAL.iter().map(move |&b| [bits(a), bits(b), bits(b * 0.5)]));
    let near = random_rows(500, 23).into_iter().map(|row| row.map(|x| (x & 0x00ff_ffff) | 0x3f00_0000));
    pairs.chain(random_rows(1000, 19)).chain(near).map(|row| row.map(|x| x & 0xffff_ffff)).collect()
}

fn canonical(x: f32) -> u32 {
    if x.is_nan() { 0x7fff_ffff } else { x.to_bits() }
}

fn word(text: &str, expected: impl Fn(f32, f32, f32) -> u32) {
    let rows = floats();
    for (row, outcome) in rows.iter().zip(evaluate(text, &rows)) {
        let [a, b, c] = row.map(|x| f32::from_bits(x as u32));
        assert_eq!(outcome.word, expected(a, b, c), "{text} of {a:e} {b:e} {c:e} ({row:x?})");
    }
}

#[test]
fn single_precision_is_ieee() {
    let text = |operation: &str| format!("{operation}; mov.b32 %d, %f4;");
    word(&text("add.rn.f32 %f4, %f1, %f2"), |a, b, _| canonical(a + b));
    word(&text("sub.f32 %f4, %f1, %f2"), |a, b, _| canonical(a - b));
    word(&text("mul.rn.f32 %f4, %f1, %f2"), |a, b, _| canonical(a * b));
    word(&text("div.rn.f32 %f4, %f1, %f2"), |a, b, _| canonical(a / b));
    word(&text("fma.rn.f32 %f4, %f1, %f2, %f3"), |a, b, c| canonical(a.mul_add(b, c)));
    word(&text("rcp.rn.f32 %f4, %f1"), |a, _, _| canonical(1.0 / a));
    word(&text("sqrt.rn.f32 %f4, %f1"), |a, _, _| canonical(a.sqrt()));
    word(&text("neg.f32 %f4, %f1"), |a, _, _| if a.is_nan() { 0x7fff_ffff } else { (-a).to_bits() });
    word(&text("add.sat.f32 %f4, %f1, %f2"), |a, b, _| {
        let sum = a + b;
        if sum.is_nan() || sum <= 0.0 { 0 } else { sum.min(1.0).to_bits() }
    });
    let flush = |x: f32| if x.is_subnormal() { 0.0f32.copysign(x) } else { x };
    word(&text("mul.rn.ftz.f32 %f4, %f1, %f2"), |a, b, _| canonical(flush(flush(a) * flush(b))));
    word("setp.ltu.f32 %p, %f1, %f2; selp.u32 %d, 1, 0, %p;", |a, b, _| {
        u32::from(a.partial_cmp(&b).is_none_or(|order| order.is_lt()))
    });
    word("setp.ne.f32 %p, %f1, %f2; selp.u32 %d, 1, 0, %p;", |a, b, _| {
        u32::from(a.partial_cmp(&b).is_some_and(|order| order.is_ne()))
    });
    word("setp.num.f32 %p, %f1, %f2; selp.u32 %d, 1, 0, %p;", |a, b, _| {
        u32::from(!a.is_nan() && !b.is_nan())
    });
}

#[test]
fn extrema_prefer_numbers_and_order_zeros() {
    let pick = |a: f32, b: f32, least: bool| {
        let (x, y) = if least { (a, b) } else { (-a, -b) };
        canonical(match (a.is_nan(), b.is_nan()) {
            (true, _) => b,
            (_, true) => a,
            _ if x < y || (x == y && x.is_sign_negative()) => a,
            _ => b,
        })
    };
    word("min.f32 %f4, %f1, %f2; mov.b32 %d, %f4;", |a, b, _| pick(a, b, true));
    word("max.f32 %f4, %f1, %f2; mov.b32 %d, %f4;", |a, b, _| pick(a, b, false));
    word("max.NaN.f32 %f4, %f1, %f2; mov.b32 %d, %f4;", |a, b, _| {
        if a.is_nan() || b.is_nan() { 0x7fff_ffff } else { pick(a, b, false) }
    });
}

/// The nearest `f32` neighbours around an exact result bracket what directed rounding returns.
#[test]
fn directed_rounding_brackets_the_exact_result() {
    let exact = |a: f32, b: f32| f64::from(a) * f64::from(b);
    let check = |text: &str, ok: &dyn Fn(f64, f64) -> bool| {
        let rows = floats();
        for (row, outcome) in rows.iter().zip(evaluate(text, &rows)) {
            let [a, b, _] = row.map(|x| f32::from_bits(x as u32));
            let exact = exact(a, b);
            if exact.is_finite() {
                let got = f32::from_bits(outcome.word);
                assert!(ok(f64::from(got), exact), "{text} of {a:e}, {b:e}: {got:e}");
                let other = if f64::from(got) < exact { got.next_up() } else { got.next_down() };
                let distance = (f64::from(got) - exact).abs();
                let step = (f64::from(got) - f64::from(other)).abs();
                assert!(!got.is_finite() || distance <= step, "{text} of {a:e}, {b:e} is not adjacent");
            }
        }
    };
    check("mul.rm.f32 %f4, %f1, %f2; mov.b32 %d, %f4;", &|got, exact| got <= exact);
    check("mul.rp.f32 %f4, %f1, %f2; mov.b32 %d, %f4;", &|got, exact| got >= exact);
    check("mul.rz.f32 %f4, %f1, %f2; mov.b32 %d, %f4;", &|got, exact| got.abs() <= exact.abs());
}

#[test]
fn double_precision_is_ieee() {
    let rows = random_rows(1000, 29);
    let canonical = |x: f64| if x.is_nan() { 0x7fff_ffff_ffff_ffff } else { x.to_bits() };
    type Operation = fn(f64, f64, f64) -> f64;
    let cases: [(&str, Operation); 5] = [
        ("add.rn.f64 %fd4, %fd1, %fd2", |a, b, _| a + b),
        ("mul.f64 %fd4, %fd1, %fd2", |a, b, _| a * b),
        ("fma.rn.f64 %fd4, %fd1, %fd2, %fd3", f64::mul_add),
        ("div.rn.f64 %fd4, %fd1, %fd2", |a, b, _| a / b),
        ("sqrt.rn.f64 %fd4, %fd1", |a, _, _| a.sqrt()),
    ];
    for (operation, expected) in cases {
        let text = format!("{operation}; mov.b64 %l, %fd4;");
        for (row, outcome) in rows.iter().zip(evaluate(&text, &rows)) {
            let [a, b, c] = row.map(f64::from_bits);
            assert_eq!(outcome.long, canonical(expected(a, b, c)), "{operation} of {a:e} {b:e} {c:e}");
        }
    }
}

#[test]
fn narrowing_matches_half() {
    let bf = |x: f32| if x.is_nan() { 0x7fff } else { u32::from(bf16::from_f32(x).to_bits()) };
    let half = |x: f32| if x.is_nan() { 0x7fff } else { u32::from(f16::from_f32_const(x).to_bits()) };
    word("cvt.rn.bf16x2.f32 %d, %f1, %f2;", |a, b, _| bf(a) << 16 | bf(b));
    word("cvt.rn.f16x2.f32 %d, %f1, %f2;", |a, b, _| half(a) << 16 | half(b));
    word("cvt.rn.bf16.f32 %h4, %f1; cvt.u32.u16 %d, %h4;", |a, _, _| bf(a));
    word("cvt.rn.f16.f32 %h4, %f1; cvt.u32.u16 %d, %h4;", |a, _, _| half(a));
    word("cvt.rz.bf16.f32 %h4, %f1; cvt.u32.u16 %d, %h4;", |a, _, _| {
        if a.is_nan() { 0x7fff } else { a.to_bits() >> 16 }
    });
    word("cvt.rn.ftz.bf16.f32 %h4, %f1; cvt.u32.u16 %d, %h4;", |a, _, _| {
        bf(if a.is_subnormal() { 0f32.copysign(a) } else { a })
    });
    word("set.lt.u32.bf16 %d, %h1, %h2;", |a, b, _| {
        let value = |x: f32| bf16::from_bits(x.to_bits() as u16);
        if value(a) < value(b) { u32::MAX } else { 0 }
    });
    word("cvt.rn.relu.bf16x2.f32 %d, %f1, %f2;", |a, b, _| {
        let relu = |x: f32| if x.is_sign_negative() && !x.is_nan() { 0 } else { bf(x) };
        relu(a) << 16 | relu(b)
    });
}

#[test]
fn widening_is_exact() {
    let rows: Vec<Row> = (0..=0xffff).map(|code| [code, 0, 0]).collect();
    let outcomes = evaluate(
        "cvt.f32.f16 %f4, %h1; mov.b32 %d, %f4; cvt.f32.bf16 %f5, %h1; mov.b32 %r4, %f5; cvt.u64.u32 %l, %r4;",
        &rows,
    );
    // Rounding changes nothing, and `.ftz` drops subnormal results.
    let flushed = evaluate(
        "cvt.rz.f32.bf16 %f4, %h1; mov.b32 %d, %f4; cvt.ftz.f32.bf16 %f5, %h1; mov.b32 %r4, %f5; cvt.u64.u32 %l, %r4;",
        &rows,
    );
    for (code, (outcome, flushed)) in outcomes.iter().zip(flushed).enumerate() {
        let code = code as u16;
        assert_eq!(outcome.word, canonical(f16::from_bits(code).to_f32()), "f16 {code:#x}");
        let value = bf16::from_bits(code).to_f32();
        assert_eq!(flushed.word, canonical(value), "bf16 {code:#x}, rounded");
        let kept = if value.is_subnormal() { 0f32.copysign(value) } else { value };
        assert_eq!(flushed.long as u32, canonical(kept), "bf16 {code:#x}, flushed");
        assert_eq!(outcome.long as u32, canonical(bf16::from_bits(code).to_f32()), "bf16 {code:#x}");
    }
}

/// The value of an 8-bit float by its definition.
fn eight_bit_value(code: u8, mantissa_bits: u32, bias: i32) -> f64 {
    let field = i32::from(code & 0x7f) >> mantissa_bits;
    let fraction = f64::from(code & ((1 << mantissa_bits) - 1)) / f64::from(1 << mantissa_bits);
    let magnitude =
        if field == 0 { fraction * 2f64.powi(1 - bias) } else { (1.0 + fraction) * 2f64.powi(field - bias) };
    if code & 0x80 != 0 { -magnitude } else { magnitude }
}

/// The nearest finite code, ties to the even one, found by search.
fn nearest(x: f32, mantissa_bits: u32, bias: i32, largest: u8) -> u8 {
    if x.is_nan() {
        return 0x7f;
    }
    // Far beyond the largest code all distances look alike.
    let magnitude = f64::from(x.abs().min(1e6));
    let distance = |code: u8| (eight_bit_value(code, mantissa_bits, bias) - magnitude).abs();
    let best = (0..=largest)
        .min_by(|&a, &b| distance(a).total_cmp(&distance(b)).then((a & 1).cmp(&(b & 1))))
        .expect("there are codes");
    best | if x.is_sign_negative() { 0x80 } else { 0 }
}

#[test]
fn eight_bit_floats_round_to_nearest_and_saturate() {
    let pair = |a: u8, b: u8| u32::from(a) << 8 | u32::from(b);
    word("cvt.rn.satfinite.e4m3x2.f32 %h4, %f1, %f2; cvt.u32.u16 %d, %h4;", |a, b, _| {
        pair(nearest(a, 3, 7, 0x7e), nearest(b, 3, 7, 0x7e))
    });
    word("cvt.rn.satfinite.e5m2x2.f32 %h4, %f1, %f2; cvt.u32.u16 %d, %h4;", |a, b, _| {
        pair(nearest(a, 2, 15, 0x7b), nearest(b, 2, 15, 0x7b))
    });
    let rows: Vec<Row> = (0..=0xff).map(|code| [code | (code ^ 0xff) << 8, 0, 0]).collect();
    for (row, outcome) in rows.iter().zip(evaluate("cvt.rn.f16x2.e4m3x2 %d, %h1;", &rows)) {
        for (code, half) in
            [(row[0] as u8, outcome.word as u16), ((row[0] >> 8) as u8, (outcome.word >> 16) as u16)]
        {
            if code & 0x7f == 0x7f {
                assert_eq!(half, 0x7fff);
            } else {
                assert_eq!(f16::from_bits(half).to_f64(), eight_bit_value(code, 3, 7), "{code:#x}");
            }
        }
    }
}

#[test]
fn floats_to_integers_saturate() {
    word("cvt.rzi.s32.f32 %d, %f1;", |a, _, _| a as i32 as u32);
    word("cvt.rzi.u32.f32 %d, %f1;", |a, _, _| a as u32);
    word("cvt.rni.s32.f32 %d, %f1;", |a, _, _| a.round_ties_even() as i32 as u32);
    word("cvt.rmi.s32.f32 %d, %f1;", |a, _, _| a.floor() as i32 as u32);
    word("cvt.rpi.u32.f32 %d, %f1;", |a, _, _| a.ceil() as u32);
    word("cvt.rzi.s8.f32 %d, %f1;", |a, _, _| i32::from(a as i8) as u32);
    word("cvt.rni.f32.f32 %f4, %f1; mov.b32 %d, %f4;", |a, _, _| canonical(a.round_ties_even()));
}

/// PTX ISA section 9.7.9: NaN gives zero only where neither side has 64 bits.
#[test]
fn nan_to_integers_is_zero_or_the_top_bit() {
    let rows = [[u64::from(f32::NAN.to_bits()), f64::NAN.to_bits(), 0]];
    for (conversion, expected) in [
        ("cvt.rzi.s32.f32 %d, %f1;", 0),
        ("cvt.rzi.u32.f32 %d, %f1;", 0),
        ("cvt.rzi.s32.f64 %d, %fd2;", 1 << 31),
        ("cvt.rzi.u32.f64 %d, %fd2;", 1 << 31),
        ("cvt.rzi.s64.f32 %l, %f1;", 1 << 63),
        ("cvt.rzi.u64.f32 %l, %f1;", 1 << 63),
        ("cvt.rzi.s64.f64 %l, %fd2;", 1 << 63),
        ("cvt.rzi.u64.f64 %l, %fd2;", 1u64 << 63),
    ] {
        let outcome = evaluate(conversion, &rows)[0];
        assert_eq!(outcome.long | u64::from(outcome.word), expected, "{conversion}");
    }
}

#[test]
fn integers_convert() {
    let rows = random_rows(1000, 31);
    let check = |text: &str, expected: &dyn Fn(u64) -> u64| {
        for (row, outcome) in rows.iter().zip(evaluate(text, &rows)) {
            assert_eq!(outcome.long, expected(row[0]), "{text} of {:#x}", row[0]);
        }
    };
    check("cvt.s64.s32 %l, %r1;", &|a| i64::from(a as i32) as u64);
    check("cvt.u64.u32 %l, %r1;", &|a| u64::from(a as u32));
    check("cvt.s64.s8 %l, %r1;", &|a| i64::from(a as i8) as u64);
    check("cvt.sat.u16.s64 %l, %rd1;", &|a| (a as i64).clamp(0, 0xffff) as u64);
    check("cvt.sat.s8.s32 %r4, %r1; cvt.u64.u32 %l, %r4;", &|a| {
        u64::from(i32::from((a as i32).clamp(-128, 127) as i8) as u32)
    });
    check("cvt.rn.f32.u32 %f4, %r1; mov.b32 %r4, %f4; cvt.u64.u32 %l, %r4;", &|a| {
        u64::from((a as u32 as f32).to_bits())
    });
    check("cvt.rn.f32.s64 %f4, %rd1; mov.b32 %r4, %f4; cvt.u64.u32 %l, %r4;", &|a| {
        u64::from((a as i64 as f32).to_bits())
    });
    check("cvt.rn.f64.u64 %fd4, %rd1; mov.b64 %l, %fd4;", &|a| (a as f64).to_bits());
    check("cvt.rn.f32.f64 %f4, %fd1; mov.b32 %r4, %f4; cvt.u64.u32 %l, %r4;", &|a| {
        u64::from(canonical(f64::from_bits(a) as f32))
    });
    check("cvt.rzi.s64.f64 %l, %fd1;", &|a| match f64::from_bits(a) {
        nan if nan.is_nan() => 1 << 63,
        number => number as i64 as u64,
    });
}

/// Addition and multiplication in `f32` and one rounding are correct for 16-bit formats, as `f32`
/// has more than twice their precision.
#[test]
fn packed_arithmetic_rounds_once() {
    let f16_pair = |a: f32, b: f32, f: &dyn Fn(f32, f32) -> f32| {
        let lane = |shift: u32| {
            let [x, y] = [a, b].map(|v| f16::from_bits((v.to_bits() >> shift) as u16).to_f32());
            let result = f(x, y);
            if result.is_nan() { 0x7fff } else { u32::from(f16::from_f32_const(result).to_bits()) }
        };
        lane(16) << 16 | lane(0)
    };
    let bf16_pair = |a: f32, b: f32, f: &dyn Fn(f32, f32) -> f32| {
        let lane = |shift: u32| {
            let [x, y] = [a, b].map(|v| bf16::from_bits((v.to_bits() >> shift) as u16).to_f32());
            let result = f(x, y);
            if result.is_nan() { 0x7fff } else { u32::from(bf16::from_f32(result).to_bits()) }
        };
        lane(16) << 16 | lane(0)
    };
    word("add.rn.f16x2 %d, %r1, %r2;", |a, b, _| f16_pair(a, b, &|x, y| x + y));
    word("mul.rn.f16x2 %d, %r1, %r2;", |a, b, _| f16_pair(a, b, &|x, y| x * y));
    word("add.rn.bf16x2 %d, %r1, %r2;", |a, b, _| bf16_pair(a, b, &|x, y| x + y));
    word("mul.rn.bf16x2 %d, %r1, %r2;", |a, b, _| bf16_pair(a, b, &|x, y| x * y));
    word("sub.rn.bf16x2 %d, %r1, %r2;", |a, b, _| bf16_pair(a, b, &|x, y| x - y));
    word("mov.b32 {%h4, %h5}, %r1; mov.b32 %d, {%h5, %h4};", |a, _, _| a.to_bits().rotate_left(16));
}

/// All values are multiples of 2^-48, so that the exact result is an integer of at most 81 bits;
/// the result must be the code nearest to it.
#[test]
fn fused_half_precision_rounds_once() {
    let units = |code: u16| -> i128 {
        let magnitude = f16::from_bits(code & 0x7fff).to_f64() * 2f64.powi(24);
        if code & 0x8000 != 0 { -(magnitude as i128) } else { magnitude as i128 }
    };
    let rows = random_rows(3000, 37);
    let finite = |code: u16| f16::from_bits(code).is_finite();
    let outcomes = evaluate("fma.rn.f16 %h4, %h1, %h2, %h3; cvt.u32.u16 %d, %h4;", &rows);
    let mut checked = 0;
    for (row, outcome) in rows.iter().zip(outcomes) {
        let [a, b, c] = row.map(|x| x as u16);
        let got = outcome.word as u16;
        if ![a, b, c, got].into_iter().all(finite) {
            continue;
        }
        let exact = units(a) * units(b) + (units(c) << 24);
        let error = |code: u16| ((units(code) << 24) - exact).abs();
        for neighbour in [got.wrapping_sub(1), got + 1] {
            if finite(neighbour) && neighbour & 0x8000 == got & 0x8000 {
                let closer = error(neighbour) < error(got);
                let tie = error(neighbour) == error(got) && got & 1 == 1;
                assert!(
                    !closer && !tie,
                    "fma of {a:#x} {b:#x} {c:#x} gives {got:#x}, {neighbour:#x} is closer"
                );
            }
        }
        checked += 1;
    }
    assert!(checked > 1000, "{checked} rows have finite values");
}
