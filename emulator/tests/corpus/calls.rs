//! `sources/calls.cu`

use crate::corpus::bench::{arguments, each};

#[test]
fn fibonacci_matrix() {
    each("calls", "fibonacci_matrix", |bench| {
        let count = bench.below(1, 200);
        let n = bench.numbers(count, |bits| (bits % 91) as i32);
        let (from, to) = (bench.buffer(&n), bench.output::<i64>(count));
        bench.run(count.div_ceil(64), 64, 0, arguments![from, to, count as i32]);
        let fibonacci = |n: i32| (0..n).fold((0i64, 1i64), |(a, b), _| (b, a.wrapping_add(b))).0;
        bench.expect(to, &n.iter().map(|n| fibonacci(*n)).collect::<Vec<_>>());
    });
}

#[test]
fn ackermann_table() {
    each("calls", "ackermann_table", |bench| {
        let columns = bench.below(2, 6);
        let to = bench.output::<i32>(3 * columns);
        bench.run(3, columns, 0, arguments![to, columns as i32]);
        let closed = |m: usize, n: usize| match m {
            0 => n + 1,
            1 => n + 2,
            _ => 2 * n + 3,
        };
        let expected = (0..3 * columns).map(|i| closed(i / columns, i % columns) as i32);
        bench.expect(to, &expected.collect::<Vec<_>>());
    });
}

#[test]
fn sort_rows() {
    each("calls", "sort_rows", |bench| {
        let columns = bench.below(1, 40);
        let mut x = bench.numbers(64 * columns, |bits| (bits % 500) as i32);
        let (rows, depths) = (bench.buffer(&x), bench.output::<i32>(64));
        bench.run(2, 32, 0, arguments![rows, columns as i32, depths]);
        x.chunks_mut(columns).for_each(<[i32]>::sort_unstable);
        bench.expect(rows, &x);
        assert!(bench.read::<i32>(depths, 64).iter().all(|depth| (1..=columns as i32 + 1).contains(depth)));
    });
}

#[test]
fn apply_operations() {
    each("calls", "apply_operations", |bench| {
        let n = bench.below(1, 500);
        let which = bench.numbers(n, |bits| bits as i32);
        let (a, b) = (bench.numbers(n, |bits| bits as i32), bench.numbers(n, |bits| bits as i32));
        let (w, p, q, to) =
            (bench.buffer(&which), bench.buffer(&a), bench.buffer(&b), bench.output::<i32>(n));
        bench.run(n.div_ceil(64), 64, 0, arguments![w, p, q, to, n as i32]);
        let collatz = |a: i32, b: i32| {
            let (mut x, mut steps) = (a as u32 % 1000 + 1, 0);
            while x != 1 && steps < b % 64 + 64 {
                x = if x % 2 == 1 { 3 * x + 1 } else { x / 2 };
                steps += 1;
            }
            steps
        };
        let expected: Vec<i32> = (0..n)
            .map(|i| match which[i] & 3 {
                0 => a[i].wrapping_add(b[i]),
                1 => a[i].wrapping_sub(b[i]),
                2 => a[i].max(b[i]),
                _ => collatz(a[i], b[i]),
            })
            .collect();
        bench.expect(to, &expected);
    });
}

#[test]
fn measure_shapes() {
    each("calls", "measure_shapes", |bench| {
        let n = bench.below(1, 300);
        let sizes = bench.numbers(n, |bits| (bits % 100) as f32);
        let (from, to) = (bench.buffer(&sizes), bench.output::<f32>(n));
        bench.run(n.div_ceil(64), 64, 0, arguments![from, to, n as i32]);
        let measure = |i: usize| {
            if i.is_multiple_of(3) {
                let area = 3.0 * sizes[i] * sizes[i];
                area + area * 4.0
            } else {
                let area = sizes[i] * 2.0;
                area + area * 3.0
            }
        };
        bench.expect(to, &(0..n).map(measure).collect::<Vec<f32>>());
    });
}
