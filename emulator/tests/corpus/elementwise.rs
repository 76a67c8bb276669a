//! `sources/elementwise.cu`

use crate::corpus::bench::{arguments, each};

#[test]
fn saxpy() {
    each("elementwise", "saxpy", |bench| {
        let n = bench.below(1, 3000);
        let (x, y) = (bench.floats(n, 10.0), bench.floats(n, 10.0));
        let expected: Vec<f32> = x.iter().zip(&y).map(|(x, y)| 2.5f32.mul_add(*x, *y)).collect();
        let (from, to) = (bench.buffer(&x), bench.buffer(&y));
        bench.run(5, 96, 0, arguments![2.5f32, from, to, n as i32]);
        bench.expect_near(to, &expected, 1e-6); // without -fmad the product is rounded
    });
}

#[test]
fn copy_vectors() {
    each("elementwise", "copy_vectors", |bench| {
        let n = bench.below(1, 5000);
        let x = bench.floats(n, 1e9);
        let (from, to) = (bench.buffer(&x), bench.output::<f32>(n));
        bench.run(3, 256, 0, arguments![from, to, n as u32]);
        bench.expect(to, &x);
    });
}

#[test]
fn apply_affine() {
    each("elementwise", "apply_affine", |bench| {
        let n = bench.below(1, 1000);
        let x = bench.floats(n, 100.0);
        let reversed = n % 2 == 0;
        let mut expected: Vec<f32> = x.iter().map(|x| 1.5f32.mul_add(*x, -4.0)).collect();
        if reversed {
            expected.reverse();
        }
        let structure =
            [1.5f32.to_le_bytes(), (-4f32).to_le_bytes(), i32::from(reversed).to_le_bytes()].concat();
        let (from, to) = (bench.buffer(&x), bench.output::<f32>(n));
        bench.run(n.div_ceil(64), 64, 0, arguments![structure, from, to, n as i32]);
        bench.expect(to, &expected);
    });
}

#[test]
fn multiply_complex() {
    each("elementwise", "multiply_complex", |bench| {
        let n = bench.below(1, 500);
        // Small integers: products and sums are exact, fused or not.
        let a = bench.numbers(2 * n, |bits| (bits % 1000) as f64 - 500.0);
        let b = bench.numbers(2 * n, |bits| (bits % 1000) as f64 - 500.0);
        let pairs = a.chunks(2).zip(b.chunks(2));
        let expected: Vec<f64> =
            pairs.flat_map(|(p, q)| [p[0] * q[0] - p[1] * q[1], p[0] * q[1] + p[1] * q[0]]).collect();
        let (p, q, to) = (bench.buffer(&a), bench.buffer(&b), bench.output::<f64>(2 * n));
        bench.run(n.div_ceil(128), 128, 0, arguments![p, q, to, n as u64]);
        bench.expect(to, &expected);
    });
}

#[test]
fn add_of_other_widths() {
    each("elementwise", "add_bytes", |bench| {
        let n = bench.below(1, 2000);
        let (a, b) = (bench.numbers(n, |bits| bits as u8), bench.numbers(n, |bits| bits as u8));
        let expected: Vec<u8> = a.iter().zip(&b).map(|(a, b)| a.wrapping_add(*b)).collect();
        let (p, q, to) = (bench.buffer(&a), bench.buffer(&b), bench.output::<u8>(n));
        bench.run(n.div_ceil(4 * 64), 64, 0, arguments![p, q, to, n as i32]);
        bench.expect(to, &expected);
    });
    each("elementwise", "add_shorts", |bench| {
        let n = bench.below(1, 2000);
        let (a, b) = (bench.numbers(n, |bits| bits as i16), bench.numbers(n, |bits| bits as i16));
        let expected: Vec<i16> = a.iter().zip(&b).map(|(a, b)| a.wrapping_add(*b)).collect();
        let (p, q, to) = (bench.buffer(&a), bench.buffer(&b), bench.output::<i16>(n));
        bench.run(n.div_ceil(3 * 64), 64, 0, arguments![p, q, to, n as i32]);
        bench.expect(to, &expected);
    });
    each("elementwise", "add_longs", |bench| {
        let n = bench.below(1, 2000);
        let (a, b) = (bench.numbers(n, |bits| bits as i64), bench.numbers(n, |bits| bits as i64));
        let expected: Vec<i64> = a.iter().zip(&b).map(|(a, b)| a.wrapping_add(*b)).collect();
        let (p, q, to) = (bench.buffer(&a), bench.buffer(&b), bench.output::<i64>(n));
        bench.run(n.div_ceil(2 * 64), 64, 0, arguments![p, q, to, n as i32]);
        bench.expect(to, &expected);
    });
}
