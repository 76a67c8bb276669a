//! `sources/mathematics.cu`, against the host's `f64` functions: within the errors that CUDA
//! documents.

use crate::corpus::bench::{arguments, each};

#[test]
fn single_functions() {
    each("mathematics", "single_functions", |bench| {
        let n = bench.below(1, 200);
        let x = bench.floats(n, 12.0);
        let (from, to) = (bench.buffer(&x), bench.output::<f32>(12 * n));
        bench.run(n.div_ceil(64), 64, 0, arguments![from, to, n as i32]);
        let expected: Vec<f32> = x
            .iter()
            .flat_map(|&v| {
                let v = f64::from(v);
                [
                    v.sin(),
                    v.cos(),
                    (v * 0.25).exp(),
                    (v.abs() + 0.5).ln(),
                    v.tanh(),
                    error_function(v),
                    (v.abs() + 0.1).powf(1.7),
                    v.abs().sqrt(),
                    1.0 / (v.abs() + 1.0).sqrt(),
                    v.atan2(2.0),
                    v % 0.75,
                    v.cbrt(),
                ]
            })
            .map(|x| x as f32)
            .collect();
        bench.expect_near(to, &expected, 3e-5); // variants with fast functions among them
    });
}

/// The series for small arguments, and 1 for large ones, whose difference from it `f32` does not
/// see.
fn error_function(x: f64) -> f64 {
    if x.abs() > 5.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for k in 1..200 {
        let k = f64::from(k);
        term *= -x * x / k;
        sum += term / (2.0 * k + 1.0);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

#[test]
fn fast_functions() {
    each("mathematics", "fast_functions", |bench| {
        let n = bench.below(1, 200);
        let x = bench.floats(n, 3.0);
        let (from, to) = (bench.buffer(&x), bench.output::<f32>(8 * n));
        bench.run(n.div_ceil(64), 64, 0, arguments![from, to, n as i32]);
        let expected: Vec<f32> = x
            .iter()
            .flat_map(|&v| {
                let v = f64::from(v);
                [
                    v.sin(),
                    v.cos(),
                    (v * 0.25).exp(),
                    (v.abs() + 0.5).ln(),
                    v / 3.0,
                    (v.abs() + 0.1).powf(1.7),
                    1.0 / (v.abs() + 1.0).sqrt(),
                    v.clamp(0.0, 1.0),
                ]
            })
            .map(|x| x as f32)
            .collect();
        bench.expect_near(to, &expected, 1e-5);
    });
}

#[test]
fn double_functions() {
    each("mathematics", "double_functions", |bench| {
        let n = bench.below(1, 200);
        let x: Vec<f64> = bench.floats(n, 1000.0).into_iter().map(f64::from).collect();
        let (from, to) = (bench.buffer(&x), bench.output::<f64>(8 * n));
        bench.run(n.div_ceil(64), 64, 0, arguments![from, to, n as i32]);
        let found = bench.read::<f64>(to, 8 * n);
        for (&v, found) in x.iter().zip(found.chunks(8)) {
            let expected = [
                v.sin(),
                v.cos(),
                (v * 0.25).exp(),
                (v.abs() + 0.5).ln(),
                v / 3.0,
                v.abs().sqrt(),
                (v.abs() + 0.1).powf(1.7),
                1.0 / (v.abs() + 1.0).sqrt(),
            ];
            for (k, (found, expected)) in found.iter().zip(expected).enumerate() {
                let error = (found - expected).abs() / expected.abs().max(1e-3);
                assert!(error < 1e-13, "function {k} of {v}: {found}, expected {expected}");
            }
        }
    });
}

#[test]
fn convert_numbers() {
    each("mathematics", "convert_numbers", |bench| {
        let n = bench.below(1, 300);
        let x: Vec<f32> = bench.floats(n, 100.0);
        let y: Vec<f64> = bench.floats(n, 50_000.0).into_iter().map(|y| f64::from(y) * 1.000_000_1).collect();
        let (p, q, to) = (bench.buffer(&x), bench.buffer(&y), bench.output::<i64>(8 * n));
        bench.run(n.div_ceil(64), 64, 0, arguments![p, q, to, n as i32]);
        let expected: Vec<i64> = x
            .iter()
            .zip(&y)
            .flat_map(|(&x, &y)| {
                let wide = f64::from(x);
                let nearest = y as f32;
                let towards_zero = if f64::from(nearest).abs() > y.abs() {
                    f32::from_bits(nearest.to_bits() - 1)
                } else {
                    nearest
                };
                let sum = wide.trunc() + y.round_ties_even() + wide.floor() + y.trunc();
                let big = (y * 1e12) as i64;
                [
                    wide.round_ties_even() as i64,
                    wide.trunc() as i64,
                    (wide.ceil() as u32).into(),
                    wide.floor() as i64,
                    y.round_ties_even() as i64,
                    (towards_zero.to_bits() as i32).into(),
                    sum.to_bits() as i64,
                    i64::from((big as f32).to_bits() as i32) + i64::from(x as i32 as i8),
                ]
            })
            .collect();
        bench.expect(to, &expected);
    });
}

#[test]
fn softmax_rows() {
    each("mathematics", "softmax_rows", |bench| {
        let (rows, columns) = (bench.below(1, 9), bench.below(1, 150));
        let x = bench.floats(rows * columns, 10.0);
        let (from, to) = (bench.buffer(&x), bench.output::<f32>(x.len()));
        bench.run(rows.div_ceil(2), 64, 0, arguments![from, to, rows as i32, columns as i32]);
        let expected: Vec<f32> = x
            .chunks(columns)
            .flat_map(|row| {
                let exponentials: Vec<f64> = row.iter().map(|x| f64::from(*x).exp()).collect();
                let sum: f64 = exponentials.iter().sum();
                exponentials.into_iter().map(move |x| (x / sum) as f32)
            })
            .collect();
        bench.expect_near(to, &expected, 1e-5);
    });
}

#[test]
fn mandelbrot() {
    each("mathematics", "mandelbrot", |bench| {
        let (width, height) = (bench.below(1, 40), bench.below(1, 20));
        let to = bench.output::<i32>(width * height);
        let grid = [width.div_ceil(8) as u32, height.div_ceil(8) as u32, 1];
        bench.run_in_space(grid, [8, 8, 1], 0, arguments![to, width as i32, height as i32, 60]);
        let found = bench.read::<i32>(to, width * height);
        for (place, found) in found.into_iter().enumerate() {
            let count = |nudge: f64| {
                let c = (
                    -2.0 + 3.0 * (place % width) as f64 / width as f64 + nudge,
                    -1.0 + 2.0 * (place / width) as f64 / height as f64,
                );
                let (mut r, mut i, mut k) = (0.0f64, 0.0f64, 0);
                while k < 60 && r * r + i * i <= 4.0 {
                    (r, i) = (r * r - i * i + c.0, 2.0 * r * i + c.1);
                    k += 1;
                }
                k
            };
            // The compiler may fuse what makes `c`: near the boundary a last bit decides.
            assert!(
                [0.0, 4e-16, -4e-16].map(count).contains(&found),
                "pixel {place}: {found}, expected {}",
                count(0.0)
            );
        }
    });
}
