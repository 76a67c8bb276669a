//! `sources/scan.cu`

use crate::corpus::bench::{arguments, each};

fn prefixes(x: &[i32]) -> Vec<i32> {
    let mut sum = 0i32;
    x.iter()
        .map(|x| {
            let before = sum;
            sum = sum.wrapping_add(*x);
            before
        })
        .collect()
}

#[test]
fn exclusive_scan_block() {
    each("scan", "exclusive_scan_block", |bench| {
        let n = bench.below(1, 1000);
        let x = bench.numbers(n, |bits| bits as i32);
        let blocks = n.div_ceil(256);
        let (from, to, totals) = (bench.buffer(&x), bench.output::<i32>(n), bench.output::<i32>(blocks));
        bench.run(blocks, 256, 0, arguments![from, to, totals, n as i32]);
        bench.expect(to, &x.chunks(256).flat_map(prefixes).collect::<Vec<_>>());
        let sums: Vec<i32> =
            x.chunks(256).map(|chunk| chunk.iter().fold(0, |sum: i32, x| sum.wrapping_add(*x))).collect();
        bench.expect(totals, &sums);
    });
}

#[test]
fn inclusive_scan_doubling() {
    each("scan", "inclusive_scan_doubling", |bench| {
        let n = bench.below(1, 129);
        let x = bench.numbers(n, |bits| (bits % 1000) as f32);
        let (from, to) = (bench.buffer(&x), bench.output::<f32>(n));
        bench.run(1, 128, 2 * 128 * 4, arguments![from, to, n as i32]);
        let mut sum = 0.0;
        let expected: Vec<f32> = x
            .iter()
            .map(|x| {
                sum += x;
                sum
            })
            .collect();
        bench.expect(to, &expected);
    });
}

#[test]
fn segmented_scan() {
    each("scan", "segmented_scan", |bench| {
        let n = bench.below(1, 500);
        let x = bench.numbers(n, |bits| bits as i32 % 1000);
        let heads = bench.numbers(n, |bits| u8::from(bits % 7 == 0));
        let (from, starts, to) = (bench.buffer(&x), bench.buffer(&heads), bench.output::<i32>(n));
        bench.run(n.div_ceil(64), 64, 0, arguments![from, starts, to, n as i32]);
        let mut sum = 0;
        let expected: Vec<i32> = (0..n)
            .map(|i| {
                sum = if i % 32 == 0 || heads[i] == 1 { x[i] } else { sum + x[i] };
                sum
            })
            .collect();
        bench.expect(to, &expected);
    });
}

#[test]
fn inclusive_scan_lookback() {
    each("scan", "inclusive_scan_lookback", |bench| {
        let n = bench.below(1, 3000);
        let x = bench.numbers(n, |bits| bits as i32 % 10000);
        let blocks = n.div_ceil(128);
        let (from, to) = (bench.buffer(&x), bench.output::<i32>(n));
        let (state, ticket) = (bench.buffer(&vec![0u64; blocks]), bench.buffer(&[0u32]));
        bench.run(blocks, 128, 0, arguments![from, to, n as i32, state, ticket]);
        let expected: Vec<i32> = prefixes(&x).iter().zip(&x).map(|(before, x)| before + x).collect();
        bench.expect(to, &expected);
    });
}

#[test]
fn compact_positive() {
    each("scan", "compact_positive", |bench| {
        let n = bench.below(1, 900);
        let x = bench.numbers(n, |bits| bits as i32);
        let blocks = n.div_ceil(128);
        let (from, to) = (bench.buffer(&x), bench.buffer(&vec![0i32; blocks * 128]));
        let counts = bench.output::<i32>(blocks);
        bench.run(blocks, 128, 0, arguments![from, n as i32, to, counts]);
        let mut expected = vec![0; blocks * 128];
        let mut kept = Vec::new();
        for (block, chunk) in x.chunks(128).enumerate() {
            let positive: Vec<i32> = chunk.iter().copied().filter(|x| *x > 0).collect();
            kept.push(positive.len() as i32);
            expected[block * 128..block * 128 + positive.len()].copy_from_slice(&positive);
        }
        bench.expect(to, &expected);
        bench.expect(counts, &kept);
    });
}
