//! `sources/bits.cu`

use crate::corpus::bench::{arguments, each};

#[test]
fn count_bits() {
    each("bits", "count_bits", |bench| {
        let n = bench.below(1, 300);
        let x = bench.numbers(n, |bits| (bits as u32).checked_shr((bits >> 58) as u32).unwrap_or(0));
        let y = bench.numbers(n, |bits| bits >> (bits >> 58));
        let (p, q, to) = (bench.buffer(&x), bench.buffer(&y), bench.output::<i32>(8 * n));
        bench.run(n.div_ceil(64), 64, 0, arguments![p, q, to, n as i32]);
        let expected: Vec<i32> = x
            .iter()
            .zip(&y)
            .flat_map(|(x, y)| {
                let first = |zeros: u32, width: u32| if zeros == width { 0 } else { zeros as i32 + 1 };
                [
                    x.count_ones() as i32,
                    x.leading_zeros() as i32,
                    first(x.trailing_zeros(), 32),
                    x.reverse_bits() as i32,
                    y.count_ones() as i32,
                    y.leading_zeros() as i32,
                    first(y.trailing_zeros(), 64),
                    (y.reverse_bits() >> 32) as i32,
                ]
            })
            .collect();
        bench.expect(to, &expected);
    });
}

#[test]
fn permute_bits() {
    each("bits", "permute_bits", |bench| {
        let n = bench.below(1, 300);
        let [a, b, c] = [0; 3].map(|_| bench.numbers(n, |bits| (bits as u32) >> ((bits >> 40 & 3) * 8)));
        let (p, q, r, to) =
            (bench.buffer(&a), bench.buffer(&b), bench.buffer(&c), bench.output::<u32>(8 * n));
        bench.run(n.div_ceil(64), 64, 0, arguments![p, q, r, to, n as i32]);
        let expected: Vec<u32> = (0..n)
            .flat_map(|i| {
                let (x, y, z) = (a[i], b[i], c[i]);
                let bytes = (u64::from(y) << 32 | u64::from(x)).to_le_bytes();
                // `__byte_perm` uses three bits of each selector.
                let chosen = std::array::from_fn(|k| bytes[(z >> (4 * k)) as usize & 7]);
                let both = u64::from(y) << 32 | u64::from(x);
                let extracted = (u64::from(x) >> (z & 31)) & ((1u64 << (y & 31)) - 1);
                let inserted = (u64::from(x) & 0xff) << (z & 31);
                let hole = 0xffu64 << (z & 31);
                let dot: i32 = x
                    .to_le_bytes()
                    .iter()
                    .zip(y.to_le_bytes())
                    .map(|(x, y)| i32::from(*x as i8) * i32::from(y as i8))
                    .sum();
                [
                    u32::from_le_bytes(chosen),
                    (both << (z & 31) >> 32) as u32,
                    if z >= 32 { y } else { (both >> z) as u32 },
                    (x & y) ^ (!x & z),
                    extracted as u32,
                    ((u64::from(y) & !hole) | inserted) as u32,
                    dot.wrapping_add(z as i32) as u32,
                    x.abs_diff(y).wrapping_add(z),
                ]
            })
            .collect();
        bench.expect(to, &expected);
    });
}

#[test]
fn divide_wide() {
    each("bits", "divide_wide", |bench| {
        let n = bench.below(1, 300);
        let [a, b] = [0; 2].map(|_| bench.numbers(n, |bits| bits.rotate_left(7) >> (bits & 63)));
        let c = bench.numbers(n, |bits| bits as i64 >> (bits & 31));
        let (p, q, r, to) =
            (bench.buffer(&a), bench.buffer(&b), bench.buffer(&c), bench.output::<u64>(6 * n));
        bench.run(n.div_ceil(64), 64, 0, arguments![p, q, r, to, n as i32]);
        let expected: Vec<u64> = (0..n)
            .flat_map(|i| {
                let (a, b, c) = (a[i], b[i], c[i]);
                [
                    a / (b | 1),
                    a % (b | 1),
                    (a as i64).wrapping_div(c | 1) as u64,
                    ((u128::from(a) * u128::from(b)) >> 64) as u64,
                    ((i128::from(a as i64) * i128::from(c)) >> 64) as u64,
                    a / 1_000_003,
                ]
            })
            .collect();
        bench.expect(to, &expected);
    });
}

#[test]
fn multiply_modulo() {
    each("bits", "multiply_modulo", |bench| {
        const PRIME: u64 = 0xffff_ffff_0000_0001;
        let n = bench.below(1, 300);
        let [a, b] = [0; 2].map(|_| bench.numbers(n, |bits| bits % PRIME));
        let (p, q, to) = (bench.buffer(&a), bench.buffer(&b), bench.output::<u64>(n));
        bench.run(n.div_ceil(64), 64, 0, arguments![p, q, to, n as i32]);
        let product = |i: usize| (u128::from(a[i]) * u128::from(b[i]) % u128::from(PRIME)) as u64;
        bench.expect(to, &(0..n).map(product).collect::<Vec<_>>());
    });
}

#[test]
fn add_256() {
    each("bits", "add_256", |bench| {
        let n = bench.below(1, 200);
        // Runs of ones make carries travel.
        let [a, b] = [0; 2]
            .map(|_| bench.numbers(8 * n, |bits| if bits % 3 == 0 { u32::MAX } else { bits as u32 >> 5 }));
        let (p, q, to) = (bench.buffer(&a), bench.buffer(&b), bench.output::<u32>(9 * n));
        bench.run(n.div_ceil(64), 64, 0, arguments![p, q, to, n as i32]);
        let mut expected = Vec::new();
        for (a, b) in a.chunks(8).zip(b.chunks(8)) {
            let mut carry = 0;
            for (x, y) in a.iter().zip(b) {
                let sum = u64::from(*x) + u64::from(*y) + carry;
                expected.push(sum as u32);
                carry = sum >> 32;
            }
            expected.push(carry as u32);
        }
        bench.expect(to, &expected);
    });
}

#[test]
fn crc_rows() {
    each("bits", "crc_rows", |bench| {
        // The published check value.
        let (from, to) = (bench.buffer(b"123456789"), bench.output::<u32>(1));
        bench.run(1, 32, 0, arguments![from, 9, to, 1]);
        bench.expect(to, &[0xcbf4_3926u32]);
        let (rows, columns) = (bench.below(1, 70), bench.below(1, 40));
        let x = bench.numbers(rows * columns, |bits| bits as u8);
        let (from, to) = (bench.buffer(&x), bench.output::<u32>(rows));
        bench.run(rows.div_ceil(32), 32, 0, arguments![from, columns as i32, to, rows as i32]);
        // Division of polynomials, one bit at a time, from the definition: reflected, complemented
        // at both ends.
        let crc = |row: &[u8]| {
            let mut remainder = u32::MAX;
            for bit in row.iter().flat_map(|byte| (0..8).map(move |k| byte >> k & 1)) {
                let top = remainder >> 31 ^ u32::from(bit);
                remainder = remainder << 1 ^ if top == 1 { 0x04c1_1db7 } else { 0 };
            }
            !remainder.reverse_bits()
        };
        bench.expect(to, &x.chunks(columns).map(crc).collect::<Vec<_>>());
    });
}

#[test]
fn run_programs() {
    each("bits", "run_programs", |bench| {
        let (programs, length) = (bench.below(1, 100), bench.below(1, 60));
        let code = bench.numbers(programs * length, |bits| bits as u8);
        let (from, to) = (bench.buffer(&code), bench.output::<i32>(programs));
        bench.run(programs.div_ceil(32), 32, 0, arguments![from, length as i32, to, programs as i32]);
        let run = |code: &[u8]| {
            let (mut a, mut b, mut pc) = (1i32, 1i32, 0);
            while pc < code.len() {
                match code[pc] % 12 {
                    0 => a = a.wrapping_add(b),
                    1 => a = a.wrapping_sub(3),
                    2 => b ^= a,
                    3 => a = a.wrapping_mul(5),
                    4 => b = a >> 2,
                    5 => a = a.wrapping_neg(),
                    6 => pc += usize::from(b > 0),
                    7 => std::mem::swap(&mut a, &mut b),
                    8 => b = b.wrapping_add(7),
                    9 => a = a.wrapping_rem(1000),
                    10 => b |= 64,
                    _ => a = !a,
                }
                pc += 1;
            }
            a.wrapping_mul(31).wrapping_add(b)
        };
        bench.expect(to, &code.chunks(length).map(run).collect::<Vec<_>>());
    });
}
