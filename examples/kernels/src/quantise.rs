//! Rows of `f32` become e4m3 codes with one `f32` scale per 128 numbers of a row; the last block of
//! a row may be shorter.
//!
//! Tiles of four blocks pass through shared memory, in two buffers: while the warps quantise one
//! tile, a bulk copy fetches the next and another writes the codes of the one before.

use crossdock::host::{Cluster, Rank};

use crate::error::Error;

/// The kernel.
#[crossdock::device]
pub mod code {
    use crossdock::library::copies::*;
    use crossdock::library::fences::*;
    use crossdock::library::mbarrier::*;
    use crossdock::numbers::float8::{e4m3, e4m3x4};
    use crossdock::numbers::quantise::{Scale, amax_of_lanes, with_magnitude};
    use crossdock::numbers::vector::f32x4;
    use crossdock::prelude::*;

    /// Numbers that share a scale: four per lane.
    pub const BLOCK: u32 = 128;
    /// Warps of a thread block, and so blocks of a tile.
    pub const WARPS: u32 = 4;
    /// Numbers of a tile.
    pub const TILE: u32 = BLOCK * WARPS;
    /// A row is a multiple of this, as bulk copies move multiples of 16 bytes and a code is one
    /// byte.
    pub const GRANULE: u32 = 16;
    /// Tiles under way in a thread block.
    const STAGES: u32 = 2;

    /// Where a tile lies: its row, and its numbers within the row.
    #[derive(Clone, Copy)]
    pub struct Tile {
        /// The row.
        pub row: u64,
        /// The first number.
        pub column: u32,
        /// How many numbers; fewer than [`TILE`] at the end of a row.
        pub length: u32,
    }

    /// How many tiles a row has.
    pub const fn tiles_per_row(hidden: u32) -> u32 {
        hidden.div_ceil(TILE)
    }

    /// The tile of that index, row by row.
    pub const fn tile(index: u64, hidden: u32) -> Tile {
        let per_row = tiles_per_row(hidden) as u64;
        let column = (index % per_row) as u32 * TILE;
        let rest = hidden - column;
        Tile { row: index / per_row, column, length: if rest < TILE { rest } else { TILE } }
    }

    /// Starts to copy a tile to shared memory; the current phase of `arrived` completes when it is
    /// there.
    pub fn fetch(values: Global<B128>, tile: Tile, hidden: u32, to: Shared<B128>, arrived: Mbarrier) {
        let first = tile.row * hidden as u64 + tile.column as u64;
        arrived.arrive_and_expect_bytes(tile.length * 4);
        copy_bulk_to_shared(to, values.at(first / 4), tile.length * 4, arrived);
    }

    /// Quantises `rows` rows of `hidden` numbers, a multiple of [`GRANULE`]. A row has one code per
    /// number in `codes`, and one scale per block in `scales`.
    #[kernel(warps = 4)]
    pub fn quantise(values: Global<B128>, codes: Global<B128>, scales: Global<f32>, rows: u32, hidden: u32) {
        let numbers = shared::<B128>(STAGES * TILE / 4);
        let bytes = shared::<B128>(STAGES * TILE / 16);
        let arrivals = shared::<u64>(STAGES);
        let leader = thread_in_block() == 0;
        if leader {
            #[unroll]
            for stage in 0..STAGES {
                Mbarrier::at(arrivals, stage).initialise(1);
            }
            // Bulk copies use the barriers too.
            fence_mbarrier_init();
        }
        block_barrier();

        let tiles = rows as u64 * tiles_per_row(hidden) as u64;
        let mut index = block_in_grid() as u64;
        let mut stage = Stage::CONSUMER;
        if leader && index < tiles {
            fetch(values, tile(index, hidden), hidden, numbers, Mbarrier::at(arrivals, 0));
        }
        while index < tiles {
            let next_index = index + blocks_in_grid() as u64;
            let next_stage = stage.next::<STAGES>();
            if leader && next_index < tiles {
                // All warps have read the tile that was there: they passed the fence and the
                // barrier of the last turn.
                let to = numbers.at(next_stage.index * (TILE / 4));
                fetch(values, tile(next_index, hidden), hidden, to, Mbarrier::at(arrivals, next_stage.index));
            }
            Mbarrier::at(arrivals, stage.index).wait(stage.phase);

            let here = tile(index, hidden);
            let tile_codes = bytes.at(stage.index * (TILE / 16));
            let block = warp_in_block() * BLOCK;
            if block < here.length {
                let place = block / 4 + lane();
                // The lanes after the end of the row add nothing to the greatest magnitude.
                let within = place * 4 < here.length;
                let mut x = f32x4::ZERO;
                if within {
                    x = numbers.at(stage.index * (TILE / 4) + place).cast::<f32x4>().read();
                }
                let mine = with_magnitude(with_magnitude(with_magnitude(x.x.abs(), x.y), x.z), x.w);
                let scale = Scale::exact(amax_of_lanes::<32>(mine), e4m3::LARGEST);
                if within {
                    tile_codes.cast::<e4m3x4>().at(place).write(e4m3x4::scaled(x.x, x.y, x.z, x.w, scale));
                }
                if lane() == 0 {
                    let per_row = hidden.div_ceil(BLOCK) as u64;
                    let block_in_row = (here.column / BLOCK + warp_in_block()) as u64;
                    scales.at(here.row * per_row + block_in_row).write(scale.scale);
                }
            }

            if leader {
                // The next turn writes the codes that the last turn's copy still reads; nobody
                // begins it before the barrier.
                wait_for_bulk_reads::<0>();
            }
            // Between this thread's accesses and the copies that the leader starts after the
            // barrier: one reads the codes that were written here, the next fetch overwrites the
            // numbers that were read.
            fence_async_shared();
            block_barrier();
            if leader {
                let first = here.row * hidden as u64 + here.column as u64;
                copy_bulk_to_global(codes.at(first / 16), tile_codes, here.length);
                commit_bulk_copies();
            }
            index = next_index;
            stage = next_stage;
        }
        if leader {
            // The block ends when the codes are in global memory: shared memory outlives the copies
            // that read it.
            wait_for_bulk_copies::<0>();
        }
    }
}

crossdock::specialise! {
    /// The kernel: bulk copies and conversions of 8-bit floats need `sm_90`.
    pub const QUANTISE = code::quantise {} for sm_90;
}

/// Thread blocks of a launch, unless there are fewer tiles. A few, so that each has several tiles.
const MOST_BLOCKS: u64 = 8;

/// Quantised rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantised {
    /// One e4m3 code per number.
    pub codes: Vec<u8>,
    /// One scale per block of 128 numbers, or fewer at the end of a row.
    pub scales: Vec<f32>,
}

/// Quantises rows of `hidden` numbers on the rank's GPU.
///
/// # Errors
/// When `hidden` is 0 or no multiple of 16, `values` are no whole rows, memory is short, or the
/// machine is broken.
pub fn quantise(rank: &Rank, values: &[f32], hidden: usize) -> Result<Quantised, Error> {
    let unfit = || Error::Rows { values: values.len(), hidden };
    let width = u32::try_from(hidden).map_err(|_| unfit())?;
    if width == 0 || !width.is_multiple_of(code::GRANULE) || !values.len().is_multiple_of(hidden) {
        return Err(unfit());
    }
    let rows = u32::try_from(values.len() / hidden).map_err(|_| unfit())?;
    let blocks = rows as usize * hidden.div_ceil(code::BLOCK as usize);
    let input = rank.buffer::<f32>(values.len())?;
    input.write(0, values)?;
    let (codes, scales) = (rank.buffer::<u8>(values.len())?, rank.buffer::<f32>(blocks)?);
    let tiles = u64::from(rows) * u64::from(code::tiles_per_row(width));
    let arguments = code::QuantiseArguments {
        values: input.global(),
        codes: codes.global(),
        scales: scales.global(),
        rows,
        hidden: width,
    };
    rank.kernel(&QUANTISE)?.launch(tiles.clamp(1, MOST_BLOCKS) as u32, &arguments)?;
    rank.synchronise()?;
    Ok(Quantised { codes: codes.read(0..values.len())?, scales: scales.read(0..blocks)? })
}

/// Quantises rows on every GPU of the cluster and compares every code and scale with plain Rust.
///
/// # Errors
/// As for [`quantise`], and when a code or a scale is another one.
pub fn check(cluster: &Cluster, values: &[f32], hidden: usize) -> Result<Quantised, Error> {
    let mut results = cluster.run(|rank| quantise(rank, values, hidden))?;
    let expected = in_plain_rust(values, hidden);
    for (rank, found) in results.iter().enumerate() {
        let codes = expected.codes.iter().zip(&found.codes);
        for (index, (expected, found)) in codes.enumerate() {
            let (row, column) = (index / hidden, index % hidden);
            let what = format_args!("rank {rank}, row {row}: the code of number {column}");
            Error::unless_equal(what, expected, found)?;
        }
        let scales = expected.scales.iter().zip(&found.scales);
        for (index, (expected, found)) in scales.enumerate() {
            let what = format_args!("rank {rank}: the bits of scale {index}");
            Error::unless_equal(what, expected.to_bits(), found.to_bits())?;
        }
    }
    Ok(results.swap_remove(0))
}

/// What the kernel must compute, from the definition of e4m3 and not from its code.
fn in_plain_rust(values: &[f32], hidden: usize) -> Quantised {
    let magnitudes = magnitudes_of_e4m3();
    let mut result = Quantised { codes: Vec::with_capacity(values.len()), scales: Vec::new() };
    for block in values.chunks(hidden).flat_map(|row| row.chunks(128)) {
        // `f32::max` passes over NaN.
        let greatest = block.iter().fold(1e-4f32, |greatest, x| greatest.max(x.abs()));
        result.scales.push(greatest / 448.0);
        let factor = 448.0 / greatest;
        result.codes.extend(block.iter().map(|x| nearest(&magnitudes, x * factor)));
    }
    result
}

/// The values of the codes 0 to 126, in ascending order: four bits of exponent with bias 7, three
/// of mantissa.
fn magnitudes_of_e4m3() -> Vec<f64> {
    let value = |code: i32| match (code >> 3, f64::from(code & 7) / 8.0) {
        (0, fraction) => fraction * 2f64.powi(-6),
        (exponent, fraction) => (1.0 + fraction) * 2f64.powi(exponent - 7),
    };
    (0..127).map(value).collect()
}

/// The code of the nearest e4m3; of two that are as near, the even one.
fn nearest(magnitudes: &[f64], x: f32) -> u8 {
    if x.is_nan() {
        return 0x7f;
    }
    let size = f64::from(x.abs());
    let above = magnitudes.partition_point(|&magnitude| magnitude < size).min(magnitudes.len() - 1);
    let below = above.saturating_sub(1);
    let (up, down) = (magnitudes[above] - size, size - magnitudes[below]);
    let code = if up < down || (up == down && above % 2 == 0) { above } else { below };
    code as u8 | if x.is_sign_negative() { 0x80 } else { 0 }
}

#[cfg(test)]
mod tests {
    use crossdock::host::Topology;

    use super::*;

    fn gpu(seed: u64) -> Result<Cluster, Error> {
        Ok(Cluster::emulated(Topology::nodes(1))?.schedule_seed(seed))
    }

    /// Numbers of both signs and many magnitudes, the same on every run.
    fn numbers(count: usize) -> Vec<f32> {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u32
        };
        (0..count)
            .map(|_| {
                let (sign, exponent) = (next() & 1, 127 - 12 + next() % 24);
                f32::from_bits(sign << 31 | exponent << 23 | next() & 0x007f_ffff)
            })
            .collect()
    }

    #[test]
    fn rows_of_any_width_are_quantised_under_any_schedule() -> Result<(), Error> {
        for hidden in [16, 112, 128, 144, 512, 528, 1_360] {
            // Up to 27 tiles, for 8 thread blocks.
            for rows in [1, 9] {
                for seed in 0..4 {
                    let quantised = check(&gpu(seed)?, &numbers(rows * hidden), hidden)?;
                    assert_eq!(quantised.codes.len(), rows * hidden);
                    assert_eq!(quantised.scales.len(), rows * hidden.div_ceil(128));
                }
            }
        }
        Ok(())
    }

    #[test]
    fn codes_that_can_be_read_off() -> Result<(), Error> {
        // With a greatest magnitude of 448 the scale is 1. Ties go to the even code; below 2^-6
        // codes are multiples of 2^-9.
        let known = [
            (448.0, 0x7e),
            (-448.0, 0xfe),
            (1.0, 0x38),
            (-2.0, 0xc0),
            (1.0625, 0x38),
            (1.1875, 0x3a),
            (0.0, 0x00),
            (-0.0, 0x80),
            (1.0 / 512.0, 0x01),
            (1.0 / 1024.0, 0x00),
            (3.0 / 1024.0, 0x02),
            (f32::NAN, 0x7f),
            (f32::MIN_POSITIVE / 2.0, 0x00),
            (15.5, 0x58),
            (-14.5, 0xd6),
            (432.0, 0x7e),
        ];
        let quantised = check(&gpu(0)?, &known.map(|(number, _)| number), 16)?;
        assert_eq!(quantised.codes, known.map(|(_, code)| code));
        assert_eq!(quantised.scales, [1.0]);
        Ok(())
    }

    #[test]
    fn zeros_infinities_and_no_rows_are_no_special_cases() -> Result<(), Error> {
        let zeros = check(&gpu(0)?, &[0.0; 32], 32)?;
        assert_eq!((zeros.codes, zeros.scales), (vec![0; 32], vec![1e-4 / 448.0]));
        let mut values = numbers(256);
        values[3] = f32::NEG_INFINITY;
        assert_eq!(check(&gpu(0)?, &values, 256)?.scales[0], f32::INFINITY);
        assert_eq!(check(&gpu(0)?, &[], 64)?, Quantised { codes: vec![], scales: vec![] });
        Ok(())
    }

    #[test]
    fn rows_that_bulk_copies_cannot_move_are_refused() -> Result<(), Error> {
        for (count, hidden) in [(120, 120), (16, 0), (40, 16)] {
            let error = check(&gpu(0)?, &vec![1.0; count], hidden).expect_err("no such rows");
            let said = format!("{count} numbers are no rows of {hidden} that can be quantised");
            assert!(error.to_string().starts_with(&said), "{error}");
        }
        Ok(())
    }

    #[test]
    fn tiles_cover_every_number_once() {
        for hidden in [16, 496, 512, 528, 7_168] {
            let mut covered = 0;
            for index in 0..3 * u64::from(code::tiles_per_row(hidden)) {
                let tile = code::tile(index, hidden);
                assert_eq!(tile.row * u64::from(hidden) + u64::from(tile.column), covered);
                covered += u64::from(tile.length);
            }
            assert_eq!(covered, 3 * u64::from(hidden));
        }
    }
}
