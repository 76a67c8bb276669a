//! `sources/clusters.cu`

use crate::corpus::bench::{arguments, each};

#[test]
fn spread_histogram() {
    each("clusters", "spread_histogram", |bench| {
        let (n, count) = (bench.below(1, 1200), bench.below(1, 90));
        let x = bench.numbers(n, |bits| bits as u32);
        let (from, to) = (bench.buffer(&x), bench.buffer(&vec![0u32; count]));
        bench.run(8, 64, 4 * count.div_ceil(4), arguments![from, n as i32, to, count as i32]);
        let of_bin = |bin: usize| x.iter().filter(|&&x| x as usize % count == bin).count() as u32;
        bench.expect(to, &(0..count).map(of_bin).collect::<Vec<_>>());
    });
}

#[test]
fn ring_sums() {
    each("clusters", "ring_sums", |bench| {
        let (width, height) = (2 * bench.below(1, 4), 2 * bench.below(1, 3));
        let x = bench.numbers(width * height, |bits| (bits % 1000) as i32);
        let (from, to) = (bench.buffer(&x), bench.output::<i32>(2 * width * height));
        bench.run_in_space([width as u32, height as u32, 1], [64, 1, 1], 0, arguments![from, to]);
        let expected = (0..width * height).flat_map(|block| {
            let (column, row) = (block % width, block / width);
            let of_rank = |rank: usize| x[(row / 2 * 2 + rank / 2) * width + column / 2 * 2 + rank % 2];
            let rank = row % 2 * 2 + column % 2;
            let sum = (1..=4).fold(0i32, |sum, step| sum * 3 + of_rank((rank + step) % 4));
            [sum, 23]
        });
        bench.expect(to, &expected.collect::<Vec<_>>());
    });
}
