//! `sources/reduce.cu`

use crate::corpus::bench::{arguments, each};

#[test]
fn sum_ints() {
    each("reduce", "sum_ints", |bench| {
        let n = bench.below(1, 4000);
        let x = bench.numbers(n, |bits| bits as i32);
        let (from, to) = (bench.buffer(&x), bench.buffer(&[7i32]));
        bench.run(3, 192, 0, arguments![from, n as i32, to]);
        bench.expect(to, &[x.iter().fold(7i32, |sum, x| sum.wrapping_add(*x))]);
    });
}

#[test]
fn dot_doubles() {
    each("reduce", "dot_doubles", |bench| {
        let n = bench.below(1, 3000);
        // Integers below 2^20: every sum is exact in any order.
        let (x, y) =
            (bench.numbers(n, |bits| (bits >> 44) as f64), bench.numbers(n, |bits| (bits % 1000) as f64));
        let (a, b, to) = (bench.buffer(&x), bench.buffer(&y), bench.output::<f64>(4));
        bench.run(4, 128, 0, arguments![a, b, n as i32, to]);
        let expected: f64 = x.iter().zip(&y).map(|(x, y)| x * y).sum();
        assert_eq!(bench.read::<f64>(to, 4).iter().sum::<f64>(), expected);
    });
}

#[test]
fn max_floats() {
    each("reduce", "max_floats", |bench| {
        let n = bench.below(1, 2000);
        let x = bench.floats(n, 1e6);
        let (from, to) = (bench.buffer(&x), bench.output::<f32>(2));
        bench.run(2, 128, 128 * 4, arguments![from, n as i32, to]);
        let expected = x.iter().copied().fold(f32::MIN, f32::max);
        assert_eq!(bench.read::<f32>(to, 2).into_iter().fold(f32::MIN, f32::max), expected);
    });
}

#[test]
fn argmin_ints() {
    each("reduce", "argmin_ints", |bench| {
        let n = bench.below(1, 2000);
        let x = bench.numbers(n, |bits| (bits % 300) as i32 - 150);
        let (from, to) = (bench.buffer(&x), bench.buffer(&[u64::MAX]));
        bench.run(4, 96, 0, arguments![from, n as i32, to]);
        let place = (0..n).min_by_key(|&i| (x[i], i)).expect("there are some");
        bench.expect(to, &[u64::from(x[place] as u32 ^ 0x8000_0000) << 32 | place as u64]);
    });
}

#[test]
fn count_in_range() {
    each("reduce", "count_in_range", |bench| {
        let n = bench.below(1, 700);
        let x = bench.numbers(n, |bits| (bits % 100) as i32);
        let (low, high) = if n % 2 == 0 { (0, 99) } else { (20, 60) };
        let blocks = n.div_ceil(96);
        let (from, counts, all) =
            (bench.buffer(&x), bench.output::<i32>(blocks), bench.output::<i32>(blocks));
        bench.run(blocks, 96, 0, arguments![from, n as i32, low, high, counts, all]);
        let inside = |x: &&i32| **x >= low && **x <= high;
        let count: Vec<i32> = x.chunks(96).map(|chunk| chunk.iter().filter(inside).count() as i32).collect();
        let votes: Vec<i32> = x
            .chunks(96)
            .map(|chunk| {
                let every = chunk.iter().all(|x| inside(&x));
                i32::from(every) * 2 + i32::from(chunk.iter().any(|x| inside(&x)))
            })
            .collect();
        bench.expect(counts, &count);
        bench.expect(all, &votes);
    });
}

#[test]
fn reduce_in_warp() {
    each("reduce", "reduce_in_warp", |bench| {
        let warps = bench.below(1, 6);
        let x = bench.numbers(warps * 32, |bits| bits as u32 | 0x100);
        let (from, to) = (bench.buffer(&x), bench.output::<u32>(warps * 6));
        bench.run(warps, 32, 0, arguments![from, to]);
        let expected: Vec<u32> = x
            .chunks(32)
            .flat_map(|warp| {
                let fold = |f: fn(u32, u32) -> u32| warp.iter().copied().reduce(f).expect("32 lanes");
                [
                    fold(u32::wrapping_add),
                    fold(u32::min),
                    fold(u32::max),
                    fold(|a, b| a & b),
                    fold(|a, b| a | b),
                    fold(|a, b| a ^ b),
                ]
            })
            .collect();
        bench.expect(to, &expected);
    });
}
