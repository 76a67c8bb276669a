//! `sources/rust_kernels.rs`

use crate::corpus::bench::{arguments, each};

#[test]
fn saxpy() {
    each("rust", "rust_saxpy", |bench| {
        let n = bench.below(1, 900);
        // Integers: fused or not, nothing is rounded.
        let x = bench.numbers(n, |bits| (bits % 2000) as f32 - 1000.0);
        let y = bench.numbers(n, |bits| (bits % 500) as f32);
        let (from, to) = (bench.buffer(&x), bench.buffer(&y));
        bench.run(2, 96, 0, arguments![3.0f32, from, to, n as u32]);
        bench.expect(to, &x.iter().zip(&y).map(|(x, y)| 3.0 * x + y).collect::<Vec<_>>());
    });
}

#[test]
fn interest() {
    each("rust", "rust_interest", |bench| {
        let n = bench.below(1, 300);
        let percent = bench.below(1, 9) as i64;
        // Number, balance and kind of an account: each starts a word of 64 bits.
        let accounts: Vec<(u32, i64, u8)> =
            bench.numbers(n, |bits| (bits as u32, (bits as i64) >> (bits % 60), (bits >> 8) as u8 % 3));
        let words: Vec<u64> = accounts
            .iter()
            .flat_map(|&(id, balance, kind)| [id.into(), balance as u64, kind.into()])
            .collect();
        let (from, to) = (bench.buffer(&words), bench.output::<i64>(n));
        bench.run(n.div_ceil(64), 64, 0, arguments![from, to, n as u32, percent as u64]);
        let expected = accounts.iter().map(|&(id, balance, kind)| {
            let interest = match kind {
                0 => 0,
                1 => i64::try_from(i128::from(balance) * i128::from(percent))
                    .map_or(-1, |product| product / 100),
                _ => -1,
            };
            interest + i64::from(id & 1)
        });
        bench.expect(to, &expected.collect::<Vec<_>>());
    });
}

#[test]
fn longest_runs() {
    each("rust", "rust_longest_runs", |bench| {
        let (rows, columns) = (bench.below(1, 80), bench.below(1, 50));
        let bytes = bench.numbers(rows * columns, |bits| (bits % 2) as u8);
        let (from, to) = (bench.buffer(&bytes), bench.output::<u32>(rows));
        bench.run(rows.div_ceil(32), 32, 0, arguments![from, to, rows as u32, columns as u32]);
        let longest = |row: &[u8]| row.chunk_by(|a, b| a == b).map(<[u8]>::len).max().unwrap_or(0) as u32;
        bench.expect(to, &bytes.chunks(columns).map(longest).collect::<Vec<_>>());
    });
}

#[test]
fn histogram() {
    each("rust", "rust_histogram", |bench| {
        // Whole warps: rustc moves the barrier into both arms of a branch, so lanes that differ
        // wait at different ones.
        let n = 32 * bench.below(1, 13);
        let x = bench.numbers(n, |bits| bits as u32);
        let (from, to) = (bench.buffer(&x), bench.buffer(&[0u32; 17]));
        bench.run(n.div_ceil(64), 64, 0, arguments![from, to, n as u32]);
        let mut expected: Vec<u32> =
            (0..16).map(|bin| x.iter().filter(|&x| x >> 28 == bin).count() as u32).collect();
        expected.push(n as u32);
        bench.expect(to, &expected);
    });
}

#[test]
fn multiply_high() {
    each("rust", "rust_multiply_high", |bench| {
        let n = bench.below(1, 200);
        let (a, b) =
            (bench.numbers(n, |bits| bits >> (bits % 64)), bench.numbers(n, |bits| bits >> (bits % 48)));
        let (p, q, to) = (bench.buffer(&a), bench.buffer(&b), bench.output::<u64>(n));
        bench.run(n.div_ceil(64), 64, 0, arguments![p, q, to, n as u32]);
        let expected = a.iter().zip(&b).map(|(&a, &b)| {
            let product = u128::from(a) * u128::from(b);
            (product >> 64) as u64 ^ u64::from(product.leading_zeros())
        });
        bench.expect(to, &expected.collect::<Vec<_>>());
    });
}
