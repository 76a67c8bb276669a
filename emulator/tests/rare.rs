//! Rare instructions, against definitions written down independently.

use crate::harness::{Row, evaluate, random_rows};
use half::f16;

fn word(text: &str, rows: &[Row], expected: impl Fn([u32; 3]) -> u32) {
    for (row, outcome) in rows.iter().zip(evaluate(text, rows)) {
        let sources = row.map(|x| x as u32);
        assert_eq!(outcome.word, expected(sources), "{text} of {sources:x?}");
    }
}

#[test]
fn bits() {
    let rows: Vec<Row> = random_rows(800, 5).into_iter().map(|[a, b, c]| [a, b % 40, c % 40]).collect();
    word("fns.b32 %d, %r1, %r2, 3;", &rows, |[mask, base, _]| {
        let found = (base..32).filter(|bit| mask >> bit & 1 == 1).nth(2);
        found.unwrap_or(u32::MAX)
    });
    word("fns.b32 %d, %r1, %r2, -2;", &rows, |[mask, base, _]| {
        if base > 31 {
            return u32::MAX;
        }
        (0..=base).rev().filter(|bit| mask >> bit & 1 == 1).nth(1).unwrap_or(u32::MAX)
    });
    word("bmsk.clamp.b32 %d, %r2, %r3;", &rows, |[_, start, length]| {
        (0..32)
            .filter(|&bit| bit >= start && bit < start.saturating_add(length))
            .fold(0, |mask, bit| mask | 1 << bit)
    });
    word("szext.wrap.s32 %d, %r1, %r2;", &rows, |[a, bits, _]| match bits & 31 {
        0 => 0,
        bits => ((i64::from(a) << (64 - bits)) >> (64 - bits)) as u32,
    });
    word("mul24.hi.u32 %d, %r1, %r1;", &rows, |[a, ..]| {
        let a = u64::from(a & 0xff_ffff);
        ((a * a) >> 16) as u32
    });
    word("cvt.pack.sat.s8.s32.b32 %d, %r1, %r2, %r3;", &rows, |[a, b, c]| {
        let byte = |x: u32| u32::from((x as i32).clamp(-128, 127) as i8 as u8);
        c << 16 | byte(a) << 8 | byte(b)
    });
}

/// Doubles of moderate size, so that errors are representable.
fn doubles() -> Vec<Row> {
    let bits = |x: u64| {
        let exponent = 1023 + x % 200 - 100;
        x & !(0x7ff << 52) | exponent << 52
    };
    random_rows(600, 77).into_iter().map(|row| row.map(bits)).collect()
}

/// The neighbour of `nearest` in a direction, when the exact result differs from it by something of
/// the sign of `error`.
fn directed(nearest: f64, error: f64, direction: &str) -> u64 {
    let up = direction == "rp" || direction == "rz" && nearest < 0.0;
    let result = match (up, error) {
        (true, error) if error > 0.0 => nearest.next_up(),
        (false, error) if error < 0.0 => nearest.next_down(),
        _ => nearest,
    };
    result.to_bits()
}

#[test]
fn double_precision_rounds_in_every_direction() {
    let rows = doubles();
    for direction in ["rz", "rm", "rp"] {
        let check = |operation: &str, expected: &dyn Fn(f64, f64) -> (f64, f64)| {
            let text = format!("{operation}; mov.b64 %l, %fd4;");
            for (row, outcome) in rows.iter().zip(evaluate(&text, &rows)) {
                let [a, b, _] = row.map(f64::from_bits);
                let (nearest, error) = expected(a, b);
                assert_eq!(outcome.long, directed(nearest, error, direction), "{operation} of {a:e} {b:e}");
            }
        };
        check(&format!("add.{direction}.f64 %fd4, %fd1, %fd2"), &|a, b| {
            let sum = a + b;
            let part = sum - a;
            (sum, (a - (sum - part)) + (b - part))
        });
        check(&format!("mul.{direction}.f64 %fd4, %fd1, %fd2"), &|a, b| (a * b, a.mul_add(b, -(a * b))));
        check(&format!("div.{direction}.f64 %fd4, %fd1, %fd2"), &|a, b| {
            (a / b, (-(a / b)).mul_add(b, a) * b.signum())
        });
        check(&format!("rcp.{direction}.f64 %fd4, %fd1"), &|a, _| {
            (1.0 / a, (-(1.0 / a)).mul_add(a, 1.0) * a.signum())
        });
        check(&format!("abs.f64 %fd4, %fd1; sqrt.{direction}.f64 %fd4, %fd4"), &|a, _| {
            let root = a.abs().sqrt();
            (root, (-root).mul_add(root, a.abs()))
        });
    }
}

#[test]
fn single_precision_division_and_roots_round_in_every_direction() {
    let rows: Vec<Row> =
        random_rows(600, 8).into_iter().map(|row| row.map(|x| (x & 0x80ff_ffff) | 0x3f00_0000)).collect();
    // Quotients of floats are known well enough in `f64` to say on which side of a float they are.
    let neighbour = |exact: f64, up: bool| {
        let nearest = exact as f32;
        let back = f64::from(nearest);
        if up && back < exact {
            nearest.next_up().to_bits()
        } else if !up && back > exact {
            nearest.next_down().to_bits()
        } else {
            nearest.to_bits()
        }
    };
    let quotient = |a: u32, b: u32| f64::from(f32::from_bits(a)) / f64::from(f32::from_bits(b));
    word("div.rp.f32 %f4, %f1, %f2; mov.b32 %d, %f4;", &rows, |[a, b, _]| neighbour(quotient(a, b), true));
    word("div.rm.f32 %f4, %f1, %f2; mov.b32 %d, %f4;", &rows, |[a, b, _]| neighbour(quotient(a, b), false));
    word("rcp.rm.f32 %f4, %f1; mov.b32 %d, %f4;", &rows, |[a, ..]| {
        neighbour(1.0 / f64::from(f32::from_bits(a)), false)
    });
    word("abs.f32 %f4, %f1; sqrt.rp.f32 %f4, %f4; mov.b32 %d, %f4;", &rows, |[a, ..]| {
        neighbour(f64::from(f32::from_bits(a).abs()).sqrt(), true)
    });
}

#[test]
fn small_floats() {
    let rows = random_rows(800, 31);
    let half = |bits: u32| f16::from_bits(bits as u16).to_f64();
    let canonical = |x: f64| if x.is_nan() { 0x7fff } else { u32::from(f16::from_f64(x).to_bits()) };
    word("add.sat.f16 %h4, %h1, %h2; cvt.u32.u16 %d, %h4;", &rows, |[a, b, _]| {
        let sum = f16::from_f64(half(a) + half(b)).to_f64();
        if sum.is_nan() { 0 } else { canonical(sum.clamp(0.0, 1.0) + 0.0) }
    });
    word("mul.ftz.f16 %h4, %h1, %h2; cvt.u32.u16 %d, %h4;", &rows, |[a, b, _]| {
        let flush =
            |x: f16| if x.to_f64().abs() < 2f64.powi(-14) { f16::from_bits(x.to_bits() & 0x8000) } else { x };
        let [a, b] = [a, b].map(|x| flush(f16::from_bits(x as u16)).to_f64());
        if (a * b).is_nan() { 0x7fff } else { flush(f16::from_f64(a * b)).to_bits().into() }
    });
    word("set.gt.f16x2.f16x2 %d, %r1, %r2;", &rows, |[a, b, _]| {
        let part = |shift: u32| if half(a >> shift) > half(b >> shift) { 0x3c00 << shift } else { 0 };
        part(0) | part(16)
    });
    word(
        "setp.lt.f16x2 %p|%q, %r1, %r2; selp.u32 %d, 1, 0, %p; @%q add.u32 %d, %d, 2;",
        &rows,
        |[a, b, _]| {
            let part = |shift: u32| u32::from(half(a >> shift) < half(b >> shift));
            part(0) | part(16) << 1
        },
    );
    word("cvt.rna.tf32.f32 %d, %f1;", &rows, |[a, ..]| {
        let x = f64::from(f32::from_bits(a));
        if x.is_nan() {
            return 0x7fff_ffff;
        }
        if x == 0.0 || x.is_infinite() {
            return a;
        }
        // A multiple of the last place of an 11-bit significand, ties away from zero.
        let exponent = (x.abs().log2().floor() as i32).max(-126);
        let unit = 2f64.powi(exponent - 10);
        (((x / unit).round() * unit) as f32).to_bits()
    });
    word("max.xorsign.abs.f32 %f4, %f1, %f2; mov.b32 %d, %f4;", &rows, |[a, b, _]| {
        let (x, y) = (f32::from_bits(a).abs(), f32::from_bits(b).abs());
        let most =
            if x.is_nan() && y.is_nan() { return 0x7fff_ffff | (a ^ b) & 0x8000_0000 } else { x.max(y) };
        most.to_bits() | (a ^ b) & 0x8000_0000
    });
}
