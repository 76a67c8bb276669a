//! `sources/atomics.cu`

use crate::corpus::bench::{arguments, each};

#[test]
fn integer_atomics() {
    each("atomics", "integer_atomics", |bench| {
        let n = bench.below(1, 500);
        let x = bench.numbers(n, |bits| bits as i32);
        let from = bench.buffer(&x);
        let signed = bench.buffer(&[1i32, i32::MAX, i32::MIN, 5, 0, 0]);
        let unsigned = bench.buffer(&[u32::MAX, 0, 0, 0, 3]);
        let wide = bench.buffer(&[9u64, 0]);
        bench.run(n.div_ceil(64), 64, 0, arguments![from, n as i32, signed, unsigned, wide]);
        let sum = x.iter().fold(0i32, |sum, x| sum.wrapping_add(*x));
        let count = n as i32;
        let (least, most) = (*x.iter().min().expect("some"), *x.iter().max().expect("some"));
        bench.expect(signed, &[sum.wrapping_add(1), least, most, 5i32.wrapping_sub(sum), count, 2 * count]);
        let fold = |start: u32, f: fn(u32, u32) -> u32| x.iter().fold(start, |all, x| f(all, *x as u32));
        // Counting up wraps after 6, counting down from 3 wraps to 6.
        let down = (3 - count).rem_euclid(7) as u32;
        let expected = [
            fold(u32::MAX, |all, x| all & (x | 0xff0)),
            fold(0, |all, x| all | (x & 0xff0)),
            fold(0, |all, x| all ^ x),
            n as u32 % 7,
            down,
        ];
        bench.expect(unsigned, &expected);
        let total = x.iter().map(|x| u64::from(*x as u32) << 20).fold(9u64, u64::wrapping_add);
        bench.expect(
            wide,
            &[total, x.iter().map(|x| u64::from((*x as u32).wrapping_mul(1)) * 3).max().expect("some")],
        );
    });
}

#[test]
fn float_atomics() {
    each("atomics", "float_atomics", |bench| {
        let n = bench.below(1, 400);
        let x = bench.numbers(n, |bits| (bits % 100) as i32);
        let from = bench.buffer(&x);
        let (single, wide) = (bench.buffer(&[0f32]), bench.buffer(&[0f64]));
        let (halves, compared) = (bench.buffer(&[0u32]), bench.buffer(&[1f64]));
        bench.run(n.div_ceil(64), 64, 0, arguments![from, n as i32, single, wide, halves, compared]);
        let sum: i32 = x.iter().sum();
        bench.expect(single, &[sum as f32]);
        bench.expect(wide, &[f64::from(sum)]);
        bench.expect(compared, &[1.0 + f64::from(sum) * 0.5]);
        let odd = x.iter().filter(|x| *x & 1 == 1).count();
        let half = |x: usize| u32::from(half::f16::from_f32(x as f32).to_bits());
        bench.expect(halves, &[half(odd) | half(n) << 16]);
    });
}

#[test]
fn locked_list() {
    each("atomics", "locked_list", |bench| {
        let (blocks, warps) = (bench.below(1, 8), bench.below(1, 5));
        let (lock, count, list) =
            (bench.buffer(&[0i32]), bench.buffer(&[0i32]), bench.buffer(&vec![-1i32; blocks * warps]));
        bench.run(blocks, warps * 32, 0, arguments![lock, count, list]);
        bench.expect(count, &[(blocks * warps) as i32]);
        let mut found = bench.read::<i32>(list, blocks * warps);
        found.sort_unstable();
        assert_eq!(found, (0..blocks * warps).map(|warp| warp as i32 * 32).collect::<Vec<_>>());
    });
}

#[test]
fn last_block_sums() {
    each("atomics", "last_block_sums", |bench| {
        let n = bench.below(1, 1000);
        let x = bench.numbers(n, |bits| bits as i32);
        let blocks = n.div_ceil(64);
        let (from, partial) = (bench.buffer(&x), bench.output::<i32>(blocks));
        let (finished, total) = (bench.buffer(&[0u32]), bench.output::<i32>(1));
        bench.run(blocks, 64, 0, arguments![from, n as i32, partial, finished, total]);
        bench.expect(total, &[x.iter().fold(0i32, |sum, x| sum.wrapping_add(*x))]);
        bench.expect(finished, &[0u32]);
    });
}

#[test]
fn pass_messages() {
    each("atomics", "pass_messages", |bench| {
        let blocks = bench.below(1, 40);
        let (data, flags, to) =
            (bench.output::<i32>(blocks), bench.buffer(&vec![0i32; blocks]), bench.output::<i32>(blocks));
        bench.run(blocks, 32, 0, arguments![data, flags, to]);
        let value = |me: i32| 100 + me * (me + 1) / 2;
        let expected = (0..blocks as i32).map(|me| if me == 0 { 0 } else { value(me - 1) });
        bench.expect(to, &expected.collect::<Vec<_>>());
    });
}
