//! `sources/triton_kernels.py`

use crossdock_emulator::Argument;
use half::f16;

use crate::corpus::bench::{Argue, Bench, each};

/// Dynamic shared memory that suffices for all of them.
const SHARED: usize = 32 << 10;

/// Runs a kernel; after a kernel's own arguments Triton has the addresses of two scratch buffers,
/// of which none has any.
fn run(bench: &mut Bench, grid: usize, mut arguments: Vec<Argument>) {
    arguments.extend([0u64.argument(), 0u64.argument()]);
    bench.run(grid, 128, SHARED, arguments);
}

macro_rules! run {
    ($bench:expr, $grid:expr, $($argument:expr),*) => { run($bench, $grid, vec![$($argument.argument()),*]) };
}

#[test]
fn add_vectors() {
    each("triton", "add_vectors", |bench| {
        let n = bench.below(1, 1000);
        let (x, y) = (bench.floats(n, 1e3), bench.floats(n, 1e3));
        let (a, b, to) = (bench.buffer(&x), bench.buffer(&y), bench.output::<f32>(n));
        run!(bench, n.div_ceil(256), a, b, to, n as i32);
        bench.expect(to, &x.iter().zip(&y).map(|(x, y)| x + y).collect::<Vec<_>>());
    });
}

#[test]
fn softmax_rows() {
    each("triton", "softmax_rows", |bench| {
        let (rows, columns) = (bench.below(1, 5), bench.below(1, 512));
        let x = bench.floats(rows * columns, 8.0);
        let (from, to) = (bench.buffer(&x), bench.output::<f32>(rows * columns));
        run!(bench, rows, from, to, columns as i32);
        let expected = x.chunks(columns).flat_map(|row| {
            let sum: f64 = row.iter().map(|&x| f64::from(x).exp()).sum();
            row.iter().map(move |&x| (f64::from(x).exp() / sum) as f32)
        });
        bench.expect_near(to, &expected.collect::<Vec<_>>(), 1e-5);
    });
}

#[test]
fn layer_norm() {
    each("triton", "layer_norm", |bench| {
        let (rows, columns) = (bench.below(1, 4), bench.below(2, 512));
        let x: Vec<f16> = bench.floats(rows * columns, 4.0).into_iter().map(f16::from_f32).collect();
        let (weight, bias) = (bench.floats(columns, 2.0), bench.floats(columns, 1.0));
        let bits: Vec<u16> = x.iter().map(|x| x.to_bits()).collect();
        let (from, w, b) = (bench.buffer(&bits), bench.buffer(&weight), bench.buffer(&bias));
        let to = bench.output::<u16>(rows * columns);
        run!(bench, rows, from, w, b, to, columns as i32, 1e-5f32);
        let found = bench.read::<u16>(to, rows * columns);
        for (row, found) in x.chunks(columns).zip(found.chunks(columns)) {
            let mean = row.iter().map(|x| x.to_f64()).sum::<f64>() / columns as f64;
            let variance = row.iter().map(|x| (x.to_f64() - mean).powi(2)).sum::<f64>() / columns as f64;
            for (i, found) in found.iter().enumerate() {
                let scaled = (row[i].to_f64() - mean) / (variance + 1e-5).sqrt();
                let expected = scaled * f64::from(weight[i]) + f64::from(bias[i]);
                let found = f16::from_bits(*found).to_f64();
                assert!((found - expected).abs() < 4e-3 * expected.abs().max(1.0), "{found}, not {expected}");
            }
        }
    });
}

#[test]
fn count_values() {
    each("triton", "count_values", |bench| {
        let n = bench.below(1, 900);
        let x = bench.numbers(n, |bits| (bits % 1000) as i32);
        let (from, to) = (bench.buffer(&x), bench.buffer(&[0i32; 10]));
        run!(bench, n.div_ceil(256), from, to, n as i32);
        let mut expected = vec![x.iter().sum(), x.iter().copied().max().unwrap_or(0)];
        expected.extend((0..8).map(|low| x.iter().filter(|&x| x & 7 == low).count() as i32));
        bench.expect(to, &expected);
    });
}

#[test]
fn prefix_sums() {
    each("triton", "prefix_sums", |bench| {
        let x = bench.numbers(512, |bits| bits as i32);
        let (from, to) = (bench.buffer(&x), bench.output::<i32>(512));
        run!(bench, 1, from, to);
        let expected = x.iter().scan(0i32, |sum, x| {
            *sum = sum.wrapping_add(*x);
            Some(*sum)
        });
        bench.expect(to, &expected.collect::<Vec<_>>());
    });
}

#[test]
fn sort_values() {
    each("triton", "sort_values", |bench| {
        let mut x = bench.numbers(256, |bits| (bits % 300) as i32 - 150);
        let (from, to) = (bench.buffer(&x), bench.output::<i32>(256));
        run!(bench, 2, from, to);
        x.chunks_mut(128).for_each(<[i32]>::sort_unstable);
        bench.expect(to, &x);
    });
}

#[test]
fn transpose_tile() {
    each("triton", "transpose_tile", |bench| {
        let x = bench.floats(64 * 64, 1.0);
        let (from, to) = (bench.buffer(&x), bench.output::<f32>(64 * 64));
        run!(bench, 1, from, to);
        bench.expect(to, &(0..64 * 64).map(|i| x[i % 64 * 64 + i / 64]).collect::<Vec<_>>());
    });
}

/// Rows are copied ahead with `cp.async`, and read with `ldmatrix` from `sm_80` on.
#[test]
fn sum_rows_ahead() {
    each("triton", "sum_rows_ahead", |bench| {
        let rows = bench.below(1, 12);
        let x = bench.floats(rows * 128, 100.0);
        let (from, to) = (bench.buffer(&x), bench.output::<f32>(128));
        run!(bench, 1, from, to, rows as i32);
        let sum = |column: usize| x.chunks(128).fold(0.0f32, |sum, row| sum + row[column]);
        bench.expect(to, &(0..128).map(sum).collect::<Vec<_>>());
    });
}

#[test]
fn to_fp8() {
    // The value of an `e4m3` code without its sign.
    let value = |code: u32| match (code >> 3, code & 7) {
        (0, fraction) => f64::from(fraction) / 512.0,
        (exponent, fraction) => f64::from(8 + fraction) * 2f64.powi(exponent as i32 - 10),
    };
    each("triton", "to_fp8", |bench| {
        let x = bench.floats(1024, 500.0);
        let (from, to) = (bench.buffer(&x), bench.output::<u8>(1024));
        run!(bench, 2, from, to);
        let nearest = |x: f32| {
            let distance = |code: u32| (value(code) - f64::from(x.abs())).abs();
            // 127 is NaN. Of two codes that are as near, the even one is taken.
            let code =
                (0..127).min_by(|&a, &b| distance(a).total_cmp(&distance(b)).then((a & 1).cmp(&(b & 1))));
            code.expect("there are codes") as u8 | if x.is_sign_negative() { 0x80 } else { 0 }
        };
        bench.expect(to, &x.iter().map(|x| nearest(*x)).collect::<Vec<_>>());
    });
}

#[test]
fn argmax_rows() {
    each("triton", "argmax_rows", |bench| {
        let x = bench.numbers(3 * 256, |bits| (bits % 90) as f32);
        let (from, to) = (bench.buffer(&x), bench.output::<i32>(3));
        run!(bench, 3, from, to);
        let first = |row: &[f32]| {
            let most = row.iter().copied().fold(f32::MIN, f32::max);
            row.iter().position(|&x| x == most).expect("it is one of them") as i32
        };
        bench.expect(to, &x.chunks(256).map(first).collect::<Vec<_>>());
    });
}

#[test]
fn locked_increment() {
    each("triton", "locked_increment", |bench| {
        let (lock, counter) = (bench.buffer(&[0i32]), bench.buffer(&[5i32]));
        run!(bench, 6, lock, counter);
        bench.expect(counter, &[11i32]);
        bench.expect(lock, &[0i32]);
    });
}
