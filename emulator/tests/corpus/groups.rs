//! `sources/groups.cu`

use crate::corpus::bench::{arguments, each};

#[test]
fn sum_tiles() {
    each("groups", "sum_tiles", |bench| {
        let n = bench.below(1, 60) * 8;
        let x = bench.numbers(n, |bits| bits as i32);
        let (from, to) = (bench.buffer(&x), bench.output::<i32>(n.next_multiple_of(64) / 8));
        bench.run(n.div_ceil(64), 64, 0, arguments![from, to, n as i32]);
        let sums: Vec<i32> =
            x.chunks(8).map(|tile| tile.iter().fold(0, |sum: i32, x| sum.wrapping_add(*x))).collect();
        bench.expect(to, &sums);
    });
}

#[test]
fn reduce_tiles() {
    each("groups", "reduce_tiles", |bench| {
        let blocks = bench.below(1, 6);
        let n = blocks * 64;
        let x = bench.numbers(n, |bits| bits as i32 % 100_000);
        let from = bench.buffer(&x);
        let (sums, maxima, scans) =
            (bench.output::<i32>(n / 16), bench.output::<i32>(n / 16), bench.output::<i32>(n));
        bench.run(blocks, 64, 0, arguments![from, sums, maxima, scans]);
        bench.expect(sums, &x.chunks(16).map(|tile| tile.iter().sum()).collect::<Vec<i32>>());
        bench.expect(maxima, &x.chunks(16).map(|tile| *tile.iter().max().expect("16")).collect::<Vec<i32>>());
        let before: Vec<i32> = (0..n).map(|i| x[i / 16 * 16..i].iter().sum()).collect();
        bench.expect(scans, &before);
    });
}

#[test]
fn filter_coalesced() {
    each("groups", "filter_coalesced", |bench| {
        let n = bench.below(1, 1000);
        let x = bench.numbers(n, |bits| bits as i32);
        let (from, to, count) = (bench.buffer(&x), bench.buffer(&vec![0i32; n]), bench.buffer(&[0i32]));
        bench.run(n.div_ceil(96), 96, 0, arguments![from, n as i32, 1 << 29, to, count]);
        let mut expected: Vec<i32> = x.iter().copied().filter(|x| *x > 1 << 29).collect();
        bench.expect(count, &[expected.len() as i32]);
        let mut found = bench.read::<i32>(to, expected.len());
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
    });
}

#[test]
fn sum_labels() {
    each("groups", "sum_labels", |bench| {
        let n = bench.below(1, 400);
        let labels = bench.numbers(n, |bits| (bits % 5) as i32);
        let x = bench.numbers(n, |bits| bits as i32 % 1000);
        let (by, from, to) = (bench.buffer(&labels), bench.buffer(&x), bench.output::<i32>(n));
        bench.run(n.div_ceil(64), 64, 0, arguments![by, from, to, n as i32]);
        let warp = |i: usize| i / 32 * 32..(i / 32 * 32 + 32).min(n);
        let sum = |i: usize| warp(i).filter(|&other| labels[other] == labels[i]).map(|other| x[other]).sum();
        bench.expect(to, &(0..n).map(sum).collect::<Vec<i32>>());
    });
}

#[test]
fn diffuse_grid() {
    each("groups", "diffuse_grid", |bench| {
        let (n, steps) = (bench.below(3, 600), bench.below(1, 6));
        let mut x = bench.numbers(n, |bits| (bits % 64) as f32);
        let (a, b) = (bench.buffer(&x), bench.output::<f32>(n));
        bench.run(4, 64, 0, arguments![a, b, n as i32, steps as i32]);
        for _ in 0..steps {
            x = (0..n).map(|i| 0.25 * x[(i + n - 1) % n] + 0.5 * x[i] + 0.25 * x[(i + 1) % n]).collect();
        }
        bench.expect_near(if steps % 2 == 0 { a } else { b }, &x, 1e-5);
    });
}
