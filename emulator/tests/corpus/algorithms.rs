//! `sources/algorithms.cu`

use crate::corpus::bench::{arguments, each};

#[test]
fn bitonic_sort() {
    each("algorithms", "bitonic_sort", |bench| {
        let (blocks, threads) = (bench.below(1, 4), 1 << bench.below(3, 8));
        let mut x = bench.numbers(blocks * threads * 2, |bits| bits as u32);
        let keys = bench.buffer(&x);
        bench.run(blocks, threads, threads * 8, arguments![keys]);
        x.chunks_mut(2 * threads).for_each(<[u32]>::sort_unstable);
        bench.expect(keys, &x);
    });
}

#[test]
fn radix_ranks() {
    each("algorithms", "radix_ranks", |bench| {
        let n = bench.below(1, 400);
        let keys = bench.numbers(n, |bits| bits as u32);
        let warps = n.div_ceil(32);
        let (from, ranks) = (bench.buffer(&keys), bench.output::<u32>(n));
        let counts = bench.buffer(&vec![0u32; 16 * warps]);
        bench.run(warps.div_ceil(2), 64, 0, arguments![from, 8, ranks, counts, n as i32]);
        let digit = |i: usize| keys[i] >> 8 & 15;
        let rank = |i: usize| (i / 32 * 32..i).filter(|&other| digit(other) == digit(i)).count() as u32;
        bench.expect(ranks, &(0..n).map(rank).collect::<Vec<_>>());
        let mut expected = vec![0; 16 * warps];
        (0..n).for_each(|i| expected[i / 32 * 16 + digit(i) as usize] += 1);
        bench.expect(counts, &expected);
    });
}

#[test]
fn multiply_matrices() {
    each("algorithms", "multiply_matrices", |bench| {
        let [m, n, k] = [bench.below(1, 40), bench.below(1, 40), bench.below(1, 40)];
        // Small integers: every sum is exact.
        let a = bench.numbers(m * k, |bits| (bits % 16) as f32 - 8.0);
        let b = bench.numbers(k * n, |bits| (bits % 16) as f32 - 8.0);
        let (p, q, to) = (bench.buffer(&a), bench.buffer(&b), bench.output::<f32>(m * n));
        let grid = [n.div_ceil(16) as u32, m.div_ceil(16) as u32, 1];
        bench.run_in_space(grid, [16, 16, 1], 0, arguments![p, q, to, m as i32, n as i32, k as i32]);
        let product = |i: usize| (0..k).map(|j| a[i / n * k + j] * b[j * n + i % n]).sum();
        bench.expect(to, &(0..m * n).map(product).collect::<Vec<f32>>());
    });
}

#[test]
fn route_tokens() {
    each("algorithms", "route_tokens", |bench| {
        let (tokens, experts) = (bench.below(1, 20), bench.below(4, 257));
        // Few different scores: ties happen.
        let scores = bench.numbers(tokens * experts, |bits| (bits % 50) as f32 / 8.0);
        let (from, chosen, weights) =
            (bench.buffer(&scores), bench.output::<i32>(4 * tokens), bench.output::<f32>(4 * tokens));
        bench.run(
            tokens.div_ceil(4),
            128,
            0,
            arguments![from, tokens as i32, experts as i32, chosen, weights],
        );
        let mut places = Vec::new();
        for row in scores.chunks(experts) {
            let mut order: Vec<usize> = (0..experts).collect();
            order.sort_by(|&a, &b| row[b].total_cmp(&row[a]).then(a.cmp(&b)));
            places.extend(order[..4].iter().map(|&expert| (expert as i32, row[expert])));
        }
        bench.expect(chosen, &places.iter().map(|(expert, _)| *expert).collect::<Vec<_>>());
        bench.expect(weights, &places.iter().map(|(_, score)| *score).collect::<Vec<_>>());
    });
}

#[test]
fn merge_halves() {
    each("algorithms", "merge_halves", |bench| {
        let half = bench.below(1, 300);
        let mut x = bench.numbers(2 * half, |bits| (bits % 200) as i32);
        x[..half].sort_unstable();
        x[half..].sort_unstable();
        let (from, to) = (bench.buffer(&x), bench.output::<i32>(2 * half));
        bench.run((2 * half).div_ceil(64), 64, 0, arguments![from, half as i32, to]);
        x.sort_unstable();
        bench.expect(to, &x);
    });
}
