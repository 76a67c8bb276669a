//! `sources/libraries.cu`

use crate::corpus::bench::{arguments, each};

#[test]
fn sort_pairs() {
    each("libraries", "sort_pairs", |bench| {
        let blocks = bench.below(1, 4);
        let bits = bench.below(3, 33);
        let x = bench.numbers(blocks * 256, |random| (random as u32) >> (32 - bits));
        let (keys, origins) = (bench.buffer(&x), bench.output::<i32>(x.len()));
        bench.run(blocks, 64, 0, arguments![keys, origins]);
        let mut order: Vec<usize> = (0..x.len()).collect();
        order.sort_by_key(|&i| (i / 256, x[i]));
        bench.expect(keys, &order.iter().map(|&i| x[i]).collect::<Vec<_>>());
        bench.expect(origins, &order.iter().map(|&i| (i % 256) as i32).collect::<Vec<_>>());
    });
}

#[test]
fn scan_wide_tiles() {
    each("libraries", "scan_wide_tiles", |bench| {
        let (blocks, threads) = (bench.below(1, 4), bench.below(1, 5) * 64);
        let x = bench.numbers(blocks * threads, |bits| bits as i32 % 1000);
        let (from, to) = (bench.buffer(&x), bench.output::<i32>(x.len() * 3));
        bench.run(blocks, threads, 0, arguments![from, to]);
        let of = |tile: &[i32]| -> Vec<i32> {
            let all = tile.iter().sum();
            (0..64).flat_map(|i| [all, tile[..=i].iter().sum(), tile[37]]).collect()
        };
        bench.expect(to, &x.chunks(64).flat_map(of).collect::<Vec<_>>());
    });
}

#[test]
fn fold_tiles() {
    each("libraries", "fold_tiles", |bench| {
        let (blocks, tiles) = (bench.below(1, 4), bench.below(1, 10));
        let x = bench.numbers(blocks * tiles * 64, |bits| bits as i32 % 1000);
        let (from, to) = (bench.buffer(&x), bench.output::<i32>(blocks * 64));
        bench.run(blocks, 128, 0, arguments![from, tiles as i32, to]);
        let fold = |i: usize| {
            let mine = &x[i / 64 * tiles * 64..][..tiles * 64];
            mine.chunks(64).fold(0i32, |folded, tile| folded.wrapping_mul(3).wrapping_add(tile[63 - i % 64]))
        };
        bench.expect(to, &(0..blocks * 64).map(fold).collect::<Vec<_>>());
    });
}

#[test]
fn count_phases() {
    each("libraries", "count_phases", |bench| {
        let (blocks, threads, phases) = (bench.below(1, 4), bench.below(1, 4) * 32, bench.below(1, 5));
        let to = bench.output::<i32>(blocks * threads * 2);
        bench.run(blocks, threads, 0, arguments![phases as i32, to]);
        let seen = (0..phases as i32).fold(0, |seen, i| seen * 3 + 2 * i + 1);
        let sum = (0..threads as i32).sum();
        bench.expect(to, &[seen, sum].repeat(blocks * threads));
    });
}
