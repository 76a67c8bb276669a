//! `sources/histogram.cu`

use crate::corpus::bench::{arguments, each};

#[test]
fn histogram_shared() {
    each("histogram", "histogram_shared", |bench| {
        let n = bench.below(1, 5000);
        let x = bench.numbers(n, |bits| (bits % 251) as u8 & (bits >> 40) as u8);
        let (from, bins) = (bench.buffer(&x), bench.buffer(&[0u32; 256]));
        bench.run(3, 128, 0, arguments![from, n as i32, bins]);
        let mut expected = [0u32; 256];
        x.iter().for_each(|x| expected[usize::from(*x)] += 1);
        bench.expect(bins, &expected);
    });
}

#[test]
fn histogram_aggregated() {
    each("histogram", "histogram_aggregated", |bench| {
        let (n, count) = (bench.below(1, 2000), bench.below(1, 40));
        let x = bench.numbers(n, |bits| bits as i32);
        let (from, bins) = (bench.buffer(&x), bench.buffer(&vec![0i32; count]));
        bench.run(n.div_ceil(96), 96, 0, arguments![from, n as i32, bins, count as i32]);
        let mut expected = vec![0; count];
        x.iter().for_each(|x| expected[x.rem_euclid(count as i32) as usize] += 1);
        bench.expect(bins, &expected);
    });
}

#[test]
fn histogram_weighted() {
    each("histogram", "histogram_weighted", |bench| {
        let n = bench.below(1, 1000);
        let x = bench.floats(n, 64.0);
        let weights = bench.numbers(n, |bits| bits >> 8);
        let (from, by, bins) = (bench.buffer(&x), bench.buffer(&weights), bench.buffer(&[0u64; 20]));
        // Widths that are powers of two divide exactly, with any kind of division.
        bench.run(n.div_ceil(64), 64, 0, arguments![from, by, n as i32, -32f32, 4f32, bins, 20]);
        let mut expected = [0u64; 20];
        for (x, weight) in x.iter().zip(&weights) {
            let bin = ((x + 32.0) / 4.0).floor();
            if (0.0..20.0).contains(&bin) {
                expected[bin as usize] = expected[bin as usize].wrapping_add(*weight);
            }
        }
        bench.expect(bins, &expected);
    });
}
