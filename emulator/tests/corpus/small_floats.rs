//! `sources/small_floats.cu`, against the `half` crate and a search for the nearest 8-bit code.

use half::{bf16, f16};

use crate::corpus::bench::{Bench, arguments, each};

fn halves(bench: &mut Bench, count: usize, scale: f32) -> Vec<f16> {
    bench.floats(count, scale).into_iter().map(f16::from_f32).collect()
}

fn bits(halves: &[f16]) -> Vec<u16> {
    halves.iter().map(|half| half.to_bits()).collect()
}

fn rounded(x: f64) -> f16 {
    f16::from_f64(x)
}

#[test]
fn half2_axpy() {
    each("small_floats", "half2_axpy", |bench| {
        let n = bench.below(1, 300);
        let (x, y) = (halves(bench, 2 * n, 8.0), halves(bench, 2 * n, 8.0));
        let (from, to) = (bench.buffer(&bits(&x)), bench.buffer(&bits(&y)));
        let a = [f16::from_f32(1.5), f16::from_f32(-0.75)];
        let pair = u32::from(a[0].to_bits()) | u32::from(a[1].to_bits()) << 16;
        bench.run(n.div_ceil(64), 64, 0, arguments![pair.to_le_bytes().to_vec(), from, to, n as i32]);
        // Products and sums of 11-bit significands of these magnitudes are exact in f64.
        let expected: Vec<f16> =
            (0..2 * n).map(|i| rounded(a[i % 2].to_f64() * x[i].to_f64() + y[i].to_f64())).collect();
        bench.expect(to, &bits(&expected));
    });
}

#[test]
fn half_arithmetic() {
    each("small_floats", "half_arithmetic", |bench| {
        let n = bench.below(1, 300);
        let (a, b) = (halves(bench, n, 20.0), halves(bench, n, 20.0));
        let (p, q, to) = (bench.buffer(&bits(&a)), bench.buffer(&bits(&b)), bench.output::<u16>(4 * n));
        bench.run(n.div_ceil(64), 64, 0, arguments![p, q, to, n as i32]);
        let expected: Vec<f16> = a
            .iter()
            .zip(&b)
            .flat_map(|(a, b)| {
                let (a, b) = (a.to_f64(), b.to_f64());
                let (sum, product) = (rounded(a + b), rounded(a * b));
                let third = if sum > product { -sum } else { f16::from_bits(product.to_bits() & 0x7fff) };
                [sum, product, third, rounded(a - b)]
            })
            .collect();
        bench.expect(to, &bits(&expected));
    });
}

#[test]
fn half_to_integers() {
    each("small_floats", "half_to_integers", |bench| {
        let n = bench.below(1, 300);
        let x = halves(bench, n, 250.0);
        let from = bench.buffer(&bits(&x));
        let (nearest, down) = (bench.output::<i32>(n), bench.output::<i16>(n));
        let (bytes, back) = (bench.output::<u8>(n), bench.output::<u16>(n));
        bench.run(n.div_ceil(64), 64, 0, arguments![from, nearest, down, bytes, back, n as i32]);
        let with = |f: fn(f64) -> f64| x.iter().map(|x| f(x.to_f64())).collect::<Vec<f64>>();
        bench.expect(nearest, &with(f64::round_ties_even).iter().map(|x| *x as i32).collect::<Vec<_>>());
        bench.expect(down, &with(f64::floor).iter().map(|x| *x as i16).collect::<Vec<_>>());
        bench.expect(bytes, &with(f64::abs).iter().map(|x| *x as u8).collect::<Vec<_>>());
        let integers: Vec<f16> = (0..n).map(|i| f16::from_f64(i as f64 * 37.0 - 1000.0)).collect();
        bench.expect(back, &bits(&integers));
    });
}

#[test]
fn bfloat_pairs() {
    each("small_floats", "bfloat_pairs", |bench| {
        let n = bench.below(1, 300);
        let make = |x: Vec<f32>| x.into_iter().map(bf16::from_f32).collect::<Vec<_>>();
        let (a, b) = (make(bench.floats(2 * n, 50.0)), make(bench.floats(2 * n, 50.0)));
        let raw = |x: &[bf16]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let (p, q, to) = (bench.buffer(&raw(&a)), bench.buffer(&raw(&b)), bench.output::<u16>(6 * n));
        bench.run(n.div_ceil(64), 64, 0, arguments![p, q, to, n as i32]);
        let mut expected = Vec::new();
        for i in 0..n {
            let pair = [2 * i, 2 * i + 1];
            expected.extend(pair.map(|k| bf16::from_f64(a[k].to_f64() * b[k].to_f64() + a[k].to_f64())));
            expected.extend(pair.map(|k| if a[k] > b[k] { a[k] } else { b[k] }));
            expected.push(bf16::from_f32(a[2 * i].to_f32() + 1.0));
            expected.push(b[2 * i + 1]);
        }
        bench.expect(to, &raw(&expected));
    });
}

#[test]
fn rms_norm() {
    each("small_floats", "rms_norm", |bench| {
        let (rows, columns) = (bench.below(1, 5), bench.below(1, 400));
        let x: Vec<bf16> = bench.floats(rows * columns, 3.0).into_iter().map(bf16::from_f32).collect();
        let weight: Vec<bf16> = bench.floats(columns, 2.0).into_iter().map(bf16::from_f32).collect();
        let raw = |x: &[bf16]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let (from, by, to) =
            (bench.buffer(&raw(&x)), bench.buffer(&raw(&weight)), bench.output::<u16>(rows * columns));
        bench.run(rows, 128, 0, arguments![from, by, to, columns as i32, 1e-5f32]);
        for (i, found) in bench.read::<u16>(to, rows * columns).into_iter().enumerate() {
            let row = &x[i / columns * columns..][..columns];
            let mean = row.iter().map(|x| x.to_f64() * x.to_f64()).sum::<f64>() / columns as f64;
            let expected = x[i].to_f64() / (mean + 1e-5).sqrt() * weight[i % columns].to_f64();
            let found = bf16::from_bits(found).to_f64();
            assert!(
                (found - expected).abs() <= expected.abs() / 128.0 + 1e-6,
                "element {i}: {found} is not {expected}"
            );
        }
    });
}

/// The value of an 8-bit code with `mantissa` bits of fraction; `None` for NaN and infinity.
fn value(code: u8, mantissa: u32) -> Option<f64> {
    let (exponent_bits, magnitude) = (7 - mantissa, u32::from(code & 0x7f));
    let bias = (1 << (exponent_bits - 1)) - 1;
    let largest = if mantissa == 3 { 0x7e } else { 0x7b };
    if magnitude > largest {
        return None;
    }
    let (exponent, fraction) = ((magnitude >> mantissa) as i32, f64::from(magnitude & ((1 << mantissa) - 1)));
    let scale = f64::from(1 << mantissa);
    let size = if exponent == 0 {
        fraction / scale * 2f64.powi(1 - bias)
    } else {
        (1.0 + fraction / scale) * 2f64.powi(exponent - bias)
    };
    Some(if code & 0x80 != 0 { -size } else { size })
}

/// The code nearest to `x`, ties to the even one.
fn nearest(x: f64, mantissa: u32) -> u8 {
    let sign = if x.is_sign_negative() { 0x80 } else { 0 };
    let distance = |code: u8| (value(code, mantissa).expect("finite") - x.abs()).abs();
    let finite = (0..0x80u8).filter(|code| value(*code, mantissa).is_some());
    let best = finite.min_by(|a, b| distance(*a).total_cmp(&distance(*b)).then((a & 1).cmp(&(b & 1))));
    sign | best.expect("there are finite codes")
}

#[test]
fn quantise_e4m3() {
    each("small_floats", "quantise_e4m3", |bench| {
        let blocks = bench.below(1, 9);
        let x = bench.floats(blocks * 128, 300.0);
        let (from, to, scales) =
            (bench.buffer(&x), bench.output::<u8>(blocks * 128), bench.output::<f32>(blocks));
        bench.run(blocks.div_ceil(4), 128, 0, arguments![from, to, scales, blocks as i32]);
        let expected: Vec<f32> = x
            .chunks(128)
            .map(|block| block.iter().fold(1e-4, |most: f32, x| most.max(x.abs())) / 448.0)
            .collect();
        bench.expect_near(scales, &expected, 1e-6);
        let found = bench.read::<f32>(scales, blocks);
        for (i, code) in bench.read::<u8>(to, blocks * 128).into_iter().enumerate() {
            let exact = f64::from(x[i]) / f64::from(found[i / 128]);
            // Fast division may cross a tie.
            let close = [exact * (1.0 - 1e-6), exact, exact * (1.0 + 1e-6)].map(|x| nearest(x, 3));
            assert!(
                close.contains(&code),
                "element {i}: {exact} became {code:#x}, expected one of {close:x?}"
            );
        }
    });
}

#[test]
fn widen_fp8() {
    each("small_floats", "widen_fp8", |bench| {
        let n = 256;
        let a: Vec<u8> = (0..=255).collect();
        let b: Vec<u8> = (0..512).map(|i| (i * 7 % 256) as u8).collect();
        let (p, q, x, y) =
            (bench.buffer(&a), bench.buffer(&b), bench.output::<f32>(n), bench.output::<f32>(2 * n));
        bench.run(4, 64, 0, arguments![p, q, x, y, n as i32]);
        for (code, found) in a.iter().zip(bench.read::<f32>(x, n)) {
            let expected = value(*code, 3);
            assert!(expected.map_or(found.is_nan(), |value| value as f32 == found), "{code:#x}: {found}");
        }
        for (code, found) in b.iter().zip(bench.read::<f32>(y, 2 * n)) {
            let same = value(*code, 2).map_or(!found.is_finite(), |value| value as f32 == found);
            assert!(same, "{code:#x}: {found}");
        }
    });
}

#[test]
fn narrow_fp8() {
    each("small_floats", "narrow_fp8", |bench| {
        let n = bench.below(1, 500);
        let x = bench.floats(2 * n, 700.0);
        let (from, a, b) = (bench.buffer(&x), bench.output::<u8>(2 * n), bench.output::<u8>(2 * n));
        bench.run(n.div_ceil(64), 64, 0, arguments![from, a, b, n as i32]);
        bench.expect(a, &x.iter().map(|x| nearest(f64::from(*x), 3)).collect::<Vec<_>>());
        bench.expect(b, &x.iter().map(|x| nearest(f64::from(*x), 2)).collect::<Vec<_>>());
    });
}
