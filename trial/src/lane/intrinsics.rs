//! What the device library offers beside memory: bits, warps, directed rounding, packed numbers.

use super::{Lane, Test, same};
use crate::Error;
use crossdock_device::device;

/// Kernels that use it.
#[device(crate = ::crossdock_device)]
#[expect(dead_code, unreachable_pub, reason = "kernels are public items, and called on GPUs only")]
pub mod code {
    use crossdock_device::library::bits::*;
    use crossdock_device::library::together::*;
    use crossdock_device::prelude::*;

    /// Bit operations.
    pub const BITS: u32 = 14;

    /// One of them.
    pub fn bit_operation(a: u32, b: u32, c: u32, which: u32) -> u32 {
        match which {
            0 => funnel_shift_left(a, b, c),
            1 => funnel_shift_right(a, b, c),
            2 => permute_bytes(a, b, c),
            3 => logic3::<0x96>(a, b, c) ^ logic3::<0xd8>(c, a, b),
            4 => extract_bits(a, b, c),
            5 => insert_bits(a, b, c, b >> 8),
            6 => multiply_high(a, b),
            7 => {
                let product = multiply_high_u64((a as u64) << 32 | b as u64, (c as u64) << 32 | a as u64);
                product as u32 ^ (product >> 32) as u32
            }
            8 => multiply_high_add(a, b, c),
            9 => dot_u8(a, b, c),
            10 => dot_i8(a, b, c as i32) as u32,
            11 => a.leading_zeros() | b.trailing_zeros() << 8 | c.count_ones() << 16,
            12 => a.reverse_bits() ^ b.rotate_left(c % 32),
            _ => a.wrapping_mul(b).wrapping_add(c) ^ (a / (c | 1)) ^ (b % (a | 1)),
        }
    }

    /// All of them on three words a lane.
    #[kernel(warps = 1)]
    pub fn bits(values: Global<u32>, results: Global<u32>, count: u32) {
        let mut row = block_in_grid();
        while row < count {
            let place = values.at((row * WARP + lane()) * 3);
            #[unroll]
            for which in 0..14 {
                let result = bit_operation(place.read(), place.at(1u32).read(), place.at(2u32).read(), which);
                results.at((row * WARP + lane()) * BITS + which).write(result);
            }
            row += blocks_in_grid();
        }
    }

    /// Words of each lane in [`warp`].
    pub const TOGETHER: u32 = 16;

    /// What a warp works out together.
    #[kernel(warps = 1)]
    pub fn warp(values: Global<u32>, results: Global<u32>) {
        let value = values.at(lane()).read();
        let at = results.at(lane() * TOGETHER);
        at.at(0u32).write(reduce_add(value));
        at.at(1u32).write(reduce_min(value));
        at.at(2u32).write(reduce_max(value));
        at.at(3u32).write(reduce_min_i32(value as i32) as u32);
        at.at(4u32).write(reduce_max_i32(value as i32) as u32);
        at.at(5u32).write(reduce_and(value | 0xf0));
        at.at(6u32).write(reduce_or(value & 0xff));
        at.at(7u32).write(reduce_xor(value));
        at.at(8u32).write(all_equal(value) as u32 * 2 + all_equal(values.at(0u32).read()) as u32);
        at.at(9u32).write(
            all_agree(value % 2 == 0) as u32 + any(value == 7) as u32 * 2 + all(value != 8) as u32 * 4,
        );
        at.at(10u32).write(ballot(value % 3 == 0));
        at.at(11u32).write(match_any(value % 5));
        at.at(12u32).write(shuffle(value, (lane() * 7 + 3) % WARP));
        at.at(13u32).write(shuffle_xor(value, 5));
        at.at(14u32).write(shuffle_up(value, 3));
        at.at(15u32).write(shuffle_down(value, 9));
    }

    /// Results of [`rounded`] and [`packed`].
    pub const ROUNDED: u32 = 16;

    /// Arithmetic that is rounded in a direction.
    pub fn rounded(a: f32, b: f32, which: u32) -> u32 {
        match which {
            0 => add_up(a, b).to_bits(),
            1 => add_down(a, b).to_bits(),
            2 => add_toward_zero(a, b).to_bits(),
            3 => multiply_up(a, b).to_bits(),
            4 => multiply_down(a, b).to_bits(),
            5 => multiply_toward_zero(a, b).to_bits(),
            6 => divide_up(a, b).to_bits(),
            7 => divide_down(a, b).to_bits(),
            8 => mul_add_up(a, b, a).to_bits(),
            9 => mul_add_down(a, b, b).to_bits(),
            10 => sqrt_up(a).to_bits(),
            11 => sqrt_down(a).to_bits(),
            12 => (a / b).to_bits(),
            13 => a.sqrt().to_bits(),
            14 => a.mul_add(b, a).to_bits(),
            _ => a.min(b).to_bits() ^ a.max(b).to_bits().rotate_left(1),
        }
    }

    /// All of it, and arithmetic on packed pairs of the same bits.
    #[kernel(warps = 4)]
    pub fn arithmetic(values: Global<f32>, results: Global<u32>, count: u32) {
        let mut index = block_in_grid() * threads_in_block() + thread_in_block();
        while index < count {
            let a = values.at(index * 2).read();
            let b = values.at(index * 2 + 1).read();
            let at = results.at(index * (ROUNDED + 6));
            #[unroll]
            for which in 0..16 {
                at.at(which).write(rounded(a, b, which));
            }
            let (x, y) = (a.to_bits(), b.to_bits());
            at.at(ROUNDED).write(add_f16x2(x, y));
            at.at(ROUNDED + 1).write(multiply_f16x2(x, y));
            at.at(ROUNDED + 2).write(mul_add_bf16x2(x, y, x));
            at.at(ROUNDED + 3).write(max_bf16x2(x, y));
            at.at(ROUNDED + 4).write(min_f16x2(x, y));
            at.at(ROUNDED + 5).write(pack_bf16_toward_zero(a, b));
            index += blocks_in_grid() * threads_in_block();
        }
    }
}

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new("intrinsics: bits and integers", bits),
        Test::new("intrinsics: reductions, votes, matches and shuffles of a warp", warp),
        Test::new("intrinsics: directed rounding and packed numbers", arithmetic),
    ]
}

/// Edges, then random words of every length.
fn words(count: usize) -> Vec<u32> {
    let mut words =
        vec![0, 1, 7, 31, 32, 33, 255, 256, 0x7fff_ffff, 0x8000_0000, u32::MAX, 0x7654_3210, 0xfedc_ba98];
    let mut state = 0x2545_f491_4f6c_dd1du64;
    while words.len() < count {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        let random = (state >> 32) as u32;
        words.push(random >> (random % 29));
    }
    words.truncate(count);
    words
}

fn bits(lane: &Lane) -> Result<(), Error> {
    let rows = 40;
    let words = words(rows * 96);
    let image = code::__device::MODULE.specialise_for(&[], lane.target())?;
    let found = lane.compare(1, |rank| {
        let (values, results) =
            (rank.buffer(words.len())?, rank.buffer::<u32>(rows * 32 * code::BITS as usize)?);
        values.write(0, &words)?;
        let arguments =
            code::BitsArguments { values: values.global(), results: results.global(), count: rows as u32 };
        rank.kernel(&image)?.launch(4, &arguments)?;
        results.read(0..results.len())
    })?;
    let expected: Vec<u32> = words
        .chunks(3)
        .flat_map(|w| {
            (0..code::BITS).map(|which| code::bit_operation(w[0], w[1], w[2], which)).collect::<Vec<_>>()
        })
        .collect();
    same(found.first().map_or(&[][..], Vec::as_slice), &expected, "bits", "the host gives")
}

fn warp(lane: &Lane) -> Result<(), Error> {
    let image = code::__device::MODULE.specialise_for(&[], lane.target())?;
    for words in [words(32), vec![9; 32], (0..32).collect()] {
        let found = lane.compare(1, |rank| {
            let (values, results) = (rank.buffer(32)?, rank.buffer::<u32>(32 * code::TOGETHER as usize)?);
            values.write(0, &words)?;
            rank.kernel(&image)?
                .launch(1, &code::WarpArguments { values: values.global(), results: results.global() })?;
            results.read(0..results.len())
        })?;
        let signed = || words.iter().map(|&word| word.cast_signed());
        let expected = [
            words.iter().fold(0u32, |sum, &word| sum.wrapping_add(word)),
            words.iter().copied().min().unwrap_or(0),
            words.iter().copied().max().unwrap_or(0),
            signed().min().unwrap_or(0).cast_unsigned(),
            signed().max().unwrap_or(0).cast_unsigned(),
            words.iter().fold(u32::MAX, |all, &word| all & (word | 0xf0)),
            words.iter().fold(0, |some, &word| some | (word & 0xff)),
            words.iter().fold(0, |parity, &word| parity ^ word),
        ];
        for lane in found.first().map_or(&[][..], Vec::as_slice).chunks(code::TOGETHER as usize) {
            same(&lane[..8], &expected, "reductions", "the host gives")?;
        }
    }
    Ok(())
}

fn arithmetic(lane: &Lane) -> Result<(), Error> {
    let mut values: Vec<f32> =
        words(3000).into_iter().map(|word| f32::from_bits(word.rotate_left(word % 11))).collect();
    let corners = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f32::MAX,
        f32::MIN_POSITIVE,
        f32::from_bits(1),
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        1.0 + f32::EPSILON,
        3.0,
    ];
    values.extend(corners.iter().flat_map(|&a| corners.map(|b| [a, b]).concat()));
    let count = values.len() / 2;
    let image = code::__device::MODULE.specialise_for(&[], lane.target())?;
    lane.compare(1, |rank| {
        let (from, to) =
            (rank.buffer::<f32>(values.len())?, rank.buffer::<u32>(count * (code::ROUNDED as usize + 6))?);
        from.write(0, &values)?;
        let arguments =
            code::ArithmeticArguments { values: from.global(), results: to.global(), count: count as u32 };
        rank.kernel(&image)?.launch(8, &arguments)?;
        to.read(0..to.len())
    })
    .map(|_| ())
}

#[cfg(test)]
mod self_tests {
    use crossdock_device::Options;

    use super::super::self_tests::assembles;
    use super::code;

    #[test]
    fn ptxas_takes_bit_operations_for_the_oldest_target() {
        let oldest = Options::new("sm_80", Some("7.0")).expect("they exist");
        assembles::<code::BitsArguments>(&code::__device::MODULE, oldest);
    }
}
