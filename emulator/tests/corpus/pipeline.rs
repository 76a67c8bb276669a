//! `sources/pipeline.cu`

use crate::corpus::bench::{arguments, each};

#[test]
fn exchange_barrier() {
    each("pipeline", "exchange_barrier", |bench| {
        let (blocks, threads) = (bench.below(1, 4), bench.below(1, 9) * 32);
        let x = bench.numbers(blocks * threads, |bits| bits as i32 % 1000);
        let (from, to) = (bench.buffer(&x), bench.output::<i32>(x.len()));
        bench.run(blocks, threads, 0, arguments![from, to]);
        let expected: Vec<i32> = x
            .chunks(threads)
            .flat_map(|block| (0..threads).map(|i| block[threads - 1 - (i + 1) % threads] * 2))
            .collect();
        bench.expect(to, &expected);
    });
}

#[test]
fn sum_pipelined() {
    each("pipeline", "sum_pipelined", |bench| {
        let (blocks, tiles) = (bench.below(1, 4), bench.below(1, 8));
        let x = bench.numbers(blocks * tiles * 128, |bits| bits as i32 % 1000);
        let (from, to) = (bench.buffer(&x), bench.output::<i32>(blocks * 128));
        bench.run(blocks, 128, 0, arguments![from, tiles as i32, to]);
        let sum = |i: usize| {
            let mine = &x[i / 128 * tiles * 128..];
            (0..tiles).map(|tile| mine[tile * 128 + i % 128] * (tile as i32 + 1)).sum()
        };
        bench.expect(to, &(0..blocks * 128).map(sum).collect::<Vec<i32>>());
    });
}

#[test]
fn scale_bulk() {
    each("pipeline", "scale_bulk", |bench| {
        let blocks = bench.below(1, 6);
        let x = bench.floats(blocks * 512, 100.0);
        let (from, to) = (bench.buffer(&x), bench.output::<f32>(x.len()));
        bench.run(blocks, 128, 0, arguments![from, to, 1.25f32]);
        bench.expect(to, &x.iter().map(|x| x * 1.25).collect::<Vec<_>>());
    });
}

#[test]
fn copy_through_barrier() {
    each("pipeline", "copy_through_barrier", |bench| {
        let blocks = bench.below(1, 6);
        let x = bench.numbers(blocks * 256, |bits| bits as i32);
        let (from, to) = (bench.buffer(&x), bench.output::<i32>(x.len()));
        bench.run(blocks, 64, 0, arguments![from, to]);
        bench.expect(to, &x.chunks(256).flat_map(|block| block.iter().rev().copied()).collect::<Vec<_>>());
    });
}
