//! `sources/numba_kernels.py`

use crossdock_emulator::Argument;

use crate::corpus::bench::{Argue, each};

/// An array in row-major order, as Numba passes one: two host pointers, number of elements, bytes
/// of one, address, extents and strides.
fn array(address: u64, bytes: usize, extents: &[usize]) -> Vec<Argument> {
    let count: usize = extents.iter().product();
    let strides = (0..extents.len()).map(|axis| bytes * extents[axis + 1..].iter().product::<usize>());
    let words =
        [0, 0, count, bytes, address as usize].into_iter().chain(extents.iter().copied()).chain(strides);
    words.map(|word| (word as u64).argument()).collect()
}

fn joined(arguments: impl IntoIterator<Item = Vec<Argument>>) -> Vec<Argument> {
    arguments.into_iter().flatten().collect()
}

#[test]
fn collatz_steps() {
    each("numba", "collatz_steps", |bench| {
        let (width, height) = (bench.below(1, 40), bench.below(1, 12));
        let out = bench.output::<i32>(width * height);
        let extents = vec![(width as i32).argument(), (height as i32).argument()];
        let arguments = joined([array(out, 4, &[height, width]), extents]);
        let grid = [width.div_ceil(16) as u32, height.div_ceil(4) as u32, 1];
        bench.run_in_space(grid, [16, 4, 1], 0, arguments);
        let steps = |start: u64| {
            std::iter::successors(Some(start), |&x| {
                (x != 1).then(|| if x.is_multiple_of(2) { x / 2 } else { 3 * x + 1 })
            })
            .count() as i32
                - 1
        };
        bench.expect(out, &(1..=(width * height) as u64).map(steps).collect::<Vec<_>>());
    });
}

#[test]
fn block_sums() {
    each("numba", "block_sums", |bench| {
        let n = bench.below(1, 1500);
        // Integers: every sum is exact in any order.
        let x = bench.numbers(n, |bits| (bits % 100_000) as f64 - 50_000.0);
        let (from, to) = (bench.buffer(&x), bench.output::<f64>(3));
        bench.run(3, 128, 0, joined([array(from, 8, &[n]), array(to, 8, &[3])]));
        let of_block =
            |block: usize| x.iter().enumerate().filter(|(i, _)| i / 128 % 3 == block).map(|(_, x)| x).sum();
        bench.expect::<f64>(to, &[of_block(0), of_block(1), of_block(2)]);
    });
}

#[test]
fn count_digits() {
    each("numba", "count_digits", |bench| {
        let n = bench.below(1, 300);
        let x = bench.numbers(n, |bits| (bits as i64) >> (bits % 60));
        let (from, to) = (bench.buffer(&x), bench.buffer(&[0u32; 10]));
        bench.run(n.div_ceil(64), 64, 0, joined([array(from, 8, &[n]), array(to, 4, &[10])]));
        let text: String = x.iter().map(|x| x.unsigned_abs().to_string()).collect();
        let expected: Vec<u32> =
            ('0'..='9').map(|digit| text.chars().filter(|&c| c == digit).count() as u32).collect();
        bench.expect(to, &expected);
    });
}

#[test]
fn shift_rows() {
    each("numba", "shift_rows", |bench| {
        let (rows, columns) = (bench.below(1, 9), bench.below(1, 60));
        let x = bench.numbers(rows * columns, |bits| (bits % 10_000) as f32 / 16.0);
        let (from, to) = (bench.buffer(&x), bench.output::<f32>(rows * columns));
        let extents = [rows, columns];
        bench.run(rows, 64, 0, joined([array(from, 4, &extents), array(to, 4, &extents)]));
        let value = |i: usize| {
            let (row, column) = (i / columns, i % columns);
            let source = (column + columns - row % columns) % columns;
            (f64::from(x[row * columns + source].sqrt()) + rows as f64) as f32
        };
        bench.expect(to, &(0..rows * columns).map(value).collect::<Vec<_>>());
    });
}

#[test]
fn sort_lists() {
    each("numba", "sort_lists", |bench| {
        let rows = bench.below(1, 80);
        let mut x = bench.numbers(rows * 16, |bits| (bits % 50) as i32 - 20);
        let lists = bench.buffer(&x);
        bench.run(rows.div_ceil(32), 32, 0, array(lists, 4, &[rows, 16]));
        x.chunks_mut(16).for_each(<[i32]>::sort_unstable);
        bench.expect(lists, &x);
    });
}

#[test]
fn warp_prefix() {
    each("numba", "warp_prefix", |bench| {
        let n = 32 * bench.below(1, 8);
        let x = bench.numbers(n, |bits| bits as i32 >> 8);
        let (from, to) = (bench.buffer(&x), bench.output::<i32>(n));
        bench.run(n / 32, 32, 0, joined([array(from, 4, &[n]), array(to, 4, &[n])]));
        let expected = x.chunks(32).flat_map(|warp| {
            warp.iter().scan(0i32, |sum, x| {
                *sum = sum.wrapping_add(*x);
                Some(*sum)
            })
        });
        bench.expect(to, &expected.collect::<Vec<_>>());
    });
}
