//! `sources/spaces.cu`

use crate::corpus::bench::{arguments, each};

#[test]
fn blur() {
    each("spaces", "blur", |bench| {
        let (width, height) = (bench.below(1, 50), bench.below(1, 30));
        let image = bench.numbers(width * height, |bits| (bits % 256) as f32);
        let (from, to) = (bench.buffer(&image), bench.output::<f32>(image.len()));
        let grid = [width.div_ceil(16) as u32, height.div_ceil(8) as u32, 1];
        bench.run_in_space(grid, [16, 8, 1], 0, arguments![from, to, width as i32, height as i32]);
        let weights = [1.0, 2.0, 1.0];
        let pixel = |i: usize| {
            let (x, y) = ((i % width) as i32, (i / width) as i32);
            let mut sum = 0.0;
            for (dy, row) in weights.iter().enumerate() {
                for (dx, column) in weights.iter().enumerate() {
                    let sx = (x + dx as i32 - 1).clamp(0, width as i32 - 1) as usize;
                    let sy = (y + dy as i32 - 1).clamp(0, height as i32 - 1) as usize;
                    sum += row * column * image[sy * width + sx];
                }
            }
            sum / 16.0
        };
        bench.expect(to, &(0..image.len()).map(pixel).collect::<Vec<f32>>());
    });
}

#[test]
fn transpose() {
    each("spaces", "transpose", |bench| {
        let (rows, columns) = (bench.below(1, 50), bench.below(1, 50));
        let x = bench.numbers(rows * columns, |bits| bits as i32);
        let (from, to) = (bench.buffer(&x), bench.output::<i32>(x.len()));
        let grid = [columns.div_ceil(16) as u32, rows.div_ceil(16) as u32, 1];
        bench.run_in_space(grid, [16, 16, 1], 0, arguments![from, to, rows as i32, columns as i32]);
        bench.expect(to, &(0..x.len()).map(|i| x[i % rows * columns + i / rows]).collect::<Vec<_>>());
    });
}

#[test]
fn laplacian() {
    each("spaces", "laplacian", |bench| {
        let [nx, ny, nz] = [bench.below(1, 9), bench.below(1, 9), bench.below(1, 9)];
        let u = bench.numbers(nx * ny * nz, |bits| (bits % 1000) as f64);
        let (from, to) = (bench.buffer(&u), bench.output::<f64>(u.len()));
        let grid = [nx, ny, nz].map(|extent| extent.div_ceil(4) as u32);
        bench.run_in_space(grid, [4, 4, 4], 0, arguments![from, to, nx as i32, ny as i32, nz as i32]);
        let at = |x: usize, y: usize, z: usize| u[((z % nz) * ny + y % ny) * nx + x % nx];
        let expected: Vec<f64> = (0..u.len())
            .map(|i| {
                let (x, y, z) = (i % nx + nx, i / nx % ny + ny, i / (nx * ny) + nz);
                let neighbours = [
                    at(x - 1, y, z),
                    at(x + 1, y, z),
                    at(x, y - 1, z),
                    at(x, y + 1, z),
                    at(x, y, z - 1),
                    at(x, y, z + 1),
                ];
                neighbours.iter().sum::<f64>() - 6.0 * at(x, y, z)
            })
            .collect();
        bench.expect(to, &expected);
    });
}

#[test]
fn mode_of_row() {
    each("spaces", "mode_of_row", |bench| {
        let (rows, columns) = (bench.below(1, 100), bench.below(1, 60));
        let x = bench.numbers(rows * columns, |bits| bits as u8);
        let (from, to) = (bench.buffer(&x), bench.output::<i32>(rows));
        bench.run(rows.div_ceil(32), 32, 0, arguments![from, columns as i32, to, rows as i32]);
        let mode = |row: &[u8]| {
            let count = |bin: &u8| row.iter().filter(|x| **x & 15 == *bin).count();
            (0..16u8).rev().max_by_key(count).map(i32::from).expect("there are bins")
        };
        bench.expect(to, &x.chunks(columns).map(mode).collect::<Vec<_>>());
    });
}

#[test]
fn sum_anywhere() {
    each("spaces", "sum_anywhere", |bench| {
        let x = bench.numbers(32, |bits| bits as i32 % 1000);
        let (from, to) = (bench.buffer(&x), bench.output::<i32>(64));
        bench.run(1, 32, 128, arguments![from, to]);
        let expected: Vec<i32> = (0..32)
            .flat_map(|thread| match thread % 4 {
                0 => [40 * thread + 6, 2],
                1 => [10, 1],
                2 => [x[..4].iter().sum::<i32>() * 2, 1],
                _ => [x[..4].iter().sum(), 4],
            })
            .collect();
        bench.expect(to, &expected);
    });
}

#[test]
fn read_constants() {
    each("spaces", "read_constants", |bench| {
        let n = bench.below(1, 300);
        let x = bench.numbers(n, |bits| bits as u32 >> (bits >> 60));
        let (from, to) = (bench.buffer(&x), bench.output::<i32>(2 * n));
        bench.run(n.div_ceil(64), 64, 0, arguments![from, to, n as i32]);
        let expected: Vec<i32> = x
            .iter()
            .enumerate()
            .flat_map(|(i, x)| {
                let clamped = ((x >> 8) as i32 - 5000).clamp(-100, 100);
                [x.count_ones() as i32, (f64::from(clamped) * 0.5) as i32 + i32::from(b"limits"[i % 6])]
            })
            .collect();
        bench.expect(to, &expected);
    });
}

#[test]
fn count_calls() {
    each("spaces", "count_calls", |bench| {
        let blocks = bench.below(1, 8);
        let to = bench.output::<i32>(blocks + 1);
        for launch in 0..2 {
            bench.run(blocks, 32, 0, arguments![to]);
            let mut found = bench.read::<i32>(to, blocks + 1);
            assert_eq!(found.pop(), Some(3 + 4 + 10 * (launch + 1) + 5));
            found.sort_unstable();
            let first = 3 + launch * blocks as i32;
            assert_eq!(found, (first..first + blocks as i32).collect::<Vec<_>>());
        }
    });
}

#[test]
fn rewrite_records() {
    each("spaces", "rewrite_records", |bench| {
        let n = bench.below(1, 200);
        let parts = bench
            .numbers(n, |bits| ((bits >> 8) as u8, (bits >> 16) as i16, (bits >> 40) as f32, bits as i64));
        let record = |tag: u8, count: i16, weight: f32, id: i64| {
            let mut bytes = vec![tag, 0xcc];
            bytes.extend(count.to_le_bytes());
            bytes.extend(weight.to_le_bytes());
            bytes.extend(id.to_le_bytes());
            bytes
        };
        let before: Vec<u8> =
            parts.iter().flat_map(|&(tag, count, weight, id)| record(tag, count, weight, id)).collect();
        let (records, bytes) = (bench.buffer(&before), bench.output::<u32>(n));
        bench.run(n.div_ceil(64), 64, 0, arguments![records, bytes, n as i32]);
        let words: Vec<u32> =
            parts.iter().map(|(tag, _, weight, _)| weight.to_bits() ^ 0x5a << (8 * (tag & 3))).collect();
        bench.expect(bytes, &words);
        let after = bench.read::<u8>(records, 16 * n);
        for (found, &(tag, count, weight, id)) in after.chunks(16).zip(&parts) {
            let count = count.wrapping_mul(3);
            let id = if id < 0 { !id } else { id.wrapping_add(count.into()) };
            let expected = record(tag.wrapping_add(1), count, weight, id);
            // The second byte is padding.
            assert_eq!((found[0], &found[2..]), (expected[0], &expected[2..]));
        }
    });
}
