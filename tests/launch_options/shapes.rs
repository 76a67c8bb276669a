//! Blocks and grids of several dimensions, and shared memory whose size the launch states: what
//! kernels compute with them, compared with plain loops.

use crossdock::host::{Cluster, Error, Kernel, LaunchOptions, Rank, Topology};
use crossdock::launch::Arguments;

/// The kernels.
#[crossdock::device]
#[expect(dead_code, unreachable_pub, reason = "kernels are public items, and called on GPUs only")]
pub mod code {
    use crossdock::library::copies::*;
    use crossdock::library::fences::*;
    use crossdock::library::mbarrier::*;
    use crossdock::library::reductions::{block_sum, warp_sum};
    use crossdock::prelude::*;

    /// Columns of a tile, with one that keeps columns out of one another's banks.
    const PITCH: u32 = 17;

    /// Transposes matrices of `rows` times `columns` words, one for each `z` of the grid, by tiles
    /// of 16 times 16.
    #[kernel(threads = (16, 8), grid_dimensions = 3)]
    pub fn transpose(from: Global<u32>, to: Global<u32>, rows: u32, columns: u32) {
        let tile = dynamic_shared::<u32>();
        let matrix = block_z() * rows * columns;
        let (left, top) = (block_x() * 16, block_y() * 16);
        let mut y = thread_y();
        while y < 16 {
            let (row, column) = (top + y, left + thread_x());
            if row < rows && column < columns {
                let word = from.at(matrix + row * columns + column).read();
                tile.at(y * PITCH + thread_x()).write(word);
            }
            y += threads_y();
        }
        block_barrier();
        let mut y = thread_y();
        while y < 16 {
            let (row, column) = (top + thread_x(), left + y);
            if row < rows && column < columns {
                let word = tile.at(thread_x() * PITCH + y).read();
                to.at(matrix + column * rows + row).write(word);
            }
            y += threads_y();
        }
    }

    /// The words of `values` that fit shared memory, and how many these are; every word is summed
    /// by another thread than the one that fetched it.
    #[kernel(warps = 8)]
    pub fn sum(values: Global<u32>, results: Global<u32>) {
        let words = dynamic_shared::<u32>();
        let count = words.len() as u32;
        let mut index = thread_in_block();
        while index < count {
            words.at(index).write(values.at(index).read());
            index += threads_in_block();
        }
        block_barrier();
        let mut sum = 0;
        let mut index = thread_in_block();
        while index < count {
            sum += words.at(count - 1 - index).read();
            index += threads_in_block();
        }
        let sum = block_sum(sum);
        if thread_in_block() == 0 {
            results.write(sum);
            results.at(1u32).write(count);
        }
    }

    /// Numbers for each thread of a grid of blocks in three dimensions.
    const NUMBERS: u32 = 12;

    /// What a thread finds of where it is, and what warp and block operations give it.
    #[kernel(threads = (4, 8, 3), grid_dimensions = 3)]
    pub fn place(results: Global<u32>) {
        let thread = block_in_grid() * threads_in_block() + thread_in_block();
        let mine = results.at(thread * NUMBERS);
        mine.write(lane());
        mine.at(1u32).write(warp_in_block());
        mine.at(2u32).write(warp_in_grid());
        mine.at(3u32).write(thread_x() + 100 * thread_y() + 10_000 * thread_z());
        mine.at(4u32).write(block_x() + 100 * block_y() + 10_000 * block_z());
        mine.at(5u32).write(threads_x() + 100 * threads_y() + 10_000 * threads_z());
        mine.at(6u32).write(blocks_x() + 100 * blocks_y() + 10_000 * blocks_z());
        mine.at(7u32).write(blocks_in_grid() + 1000 * warps_in_grid());
        mine.at(8u32).write(shuffle_xor(thread_in_block(), 5));
        mine.at(9u32).write(ballot(thread_y() == 2));
        mine.at(10u32).write(warp_sum(thread_in_block()));
        mine.at(11u32).write(block_sum(thread_z()));
    }

    /// Where a thread is, in a block whose size the launch chooses.
    #[kernel(max_threads = (16, 16), grid_dimensions = 2)]
    pub fn chosen(results: Global<u32>) {
        let mine = results.at(2 * (block_in_grid() * threads_in_block() + thread_in_block()));
        mine.write(thread_x() + 100 * thread_y() + 10_000 * threads_x() + 1_000_000 * threads_y());
        mine.at(1u32).write(warp_in_grid() + 100 * lane() + 10_000 * block_sum(thread_x()));
    }

    /// Which role each thread of a block in two dimensions has.
    #[kernel(threads = (8, 16), grid_dimensions = 2)]
    pub fn roles(results: Global<u32>) {
        let mine = results.at(block_in_grid() * threads_in_block() + thread_x() + thread_y() * threads_x());
        #[role(first, warps = 0..1)]
        {
            mine.write(1);
        }
        #[role(others, warps = 1..4)]
        {
            role_barrier();
            mine.write(2);
        }
    }

    /// Copies as many rows of 16 bytes as fit, as bulk copies to the middle of shared memory,
    /// beside an array and a barrier of constant sizes.
    #[kernel(warps = 1)]
    pub fn through(from: Global<B128>, to: Global<B128>) {
        let (before, rows) = {
            let all = dynamic_shared::<B128>();
            all.split_at(all.len() / 2)
        };
        let marks = shared::<u32>(WARP);
        let barrier = Mbarrier::allocate();
        marks.at(lane()).write(lane());
        before.at(lane() % before.len() as u32).write(B128::ZERO);
        let bytes = rows.len() as u32 * 16;
        if lane() == 0 {
            barrier.initialise(1);
            fence_mbarrier_init();
            barrier.arrive_and_expect_bytes(bytes);
            copy_bulk_to_shared(rows.pointer(), from, bytes, barrier);
        }
        warp_barrier();
        barrier.wait(Phase::FIRST);
        let mut row = marks.at(lane()).read();
        while row < rows.len() as u32 {
            to.at(row).write(rows.at(row).read());
            row += WARP;
        }
    }

    /// Adds one to a word of each block: those of a grid in two dimensions, in clusters of as many.
    #[kernel(threads = (32, 2), grid_dimensions = 2)]
    pub fn add(words: Global<u32>) {
        let place = ptx!("mov.u32 {rank}, %cluster_ctarank;", rank = out(u32));
        let scratch = dynamic_shared::<u32>();
        scratch.at(thread_in_block()).write(place);
        block_barrier();
        if thread_in_block() == 0 {
            let word = words.at(block_in_grid());
            word.write(word.read() + 1 + 100 * scratch.at(63u32).read());
        }
    }

    /// Writes beyond its shared memory.
    #[kernel(warps = 1)]
    pub fn beyond() {
        let words = dynamic_shared::<u32>();
        if lane() == 0 {
            words.at(words.len()).write(1);
        }
    }
}

/// A kernel on the only rank of a node.
fn on_a_rank<T: Send>(program: impl Fn(&Rank) -> Result<T, Error> + Sync) -> T {
    let cluster = Cluster::emulated(Topology::nodes(1)).expect("one rank");
    let mut outcome = cluster.run(program).unwrap_or_else(|error| panic!("{error}"));
    outcome.swap_remove(0)
}

pub(super) fn kernel<A: Arguments>(rank: &Rank) -> Result<Kernel<A>, Error> {
    rank.kernel(&code::__device::MODULE.specialise_for(&[], rank.target().into())?)
}

fn dynamic(bytes: u32) -> LaunchOptions {
    LaunchOptions::default().dynamic_shared(bytes)
}

#[test]
fn matrices_of_odd_sizes_are_transposed_by_tiles() {
    const MATRICES: u32 = 3;
    for (rows, columns) in [(1, 1), (16, 16), (33, 17), (50, 7), (15, 64)] {
        let words: Vec<u32> = (0..MATRICES * rows * columns).map(|index| index * 7 + 3).collect();
        let found: Vec<u32> = on_a_rank(|rank| {
            let (from, to) = (rank.buffer(words.len())?, rank.buffer(words.len())?);
            from.write(0, &words)?;
            let arguments = code::TransposeArguments { from: from.global(), to: to.global(), rows, columns };
            let grid = (columns.div_ceil(16), rows.div_ceil(16), MATRICES);
            kernel(rank)?.launch_with(grid, dynamic(16 * 17 * 4).block((16, 8)), &arguments)?;
            to.read(0..words.len())
        });
        for matrix in 0..MATRICES {
            for row in 0..rows {
                for column in 0..columns {
                    let at = |index| (matrix * rows * columns + index) as usize;
                    let (here, there) = (words[at(row * columns + column)], found[at(column * rows + row)]);
                    assert_eq!(there, here, "{rows} x {columns}: matrix {matrix}, {row}, {column}");
                }
            }
        }
    }
}

#[test]
fn shared_memory_is_as_large_as_the_launch_says() {
    for bytes in [4_u32, 1000, 48 << 10, 200 << 10] {
        let words: Vec<u32> = (0..60_000).map(|index: u32| index.wrapping_mul(2_654_435_761)).collect();
        let found: Vec<u32> = on_a_rank(|rank| {
            let (values, results) = (rank.buffer(words.len())?, rank.buffer(2)?);
            values.write(0, &words)?;
            let arguments = code::SumArguments { values: values.global(), results: results.global() };
            kernel(rank)?.launch_with(1, dynamic(bytes), &arguments)?;
            results.read(0..2)
        });
        let count = bytes / 4;
        let sum = words[..count as usize].iter().fold(0_u32, |sum, &word| sum.wrapping_add(word));
        assert_eq!(found, [sum, count], "{bytes} bytes");
    }
}

#[test]
fn threads_know_their_place_in_blocks_and_grids_of_three_dimensions() {
    const BLOCK: [u32; 3] = [4, 8, 3];
    const GRID: [u32; 3] = [3, 2, 4];
    let threads: u32 = BLOCK.iter().product();
    let blocks: u32 = GRID.iter().product();
    let found: Vec<u32> = on_a_rank(|rank| {
        let count = (blocks * threads * 12) as usize;
        let results = rank.buffer(count)?;
        let arguments = code::PlaceArguments { results: results.global() };
        kernel(rank)?.launch((GRID[0], GRID[1], GRID[2]), &arguments)?;
        results.read(0..count)
    });
    let mut rest = found.chunks(12);
    let decimal = |[x, y, z]: [u32; 3]| x + 100 * y + 10_000 * z;
    let places = |[x, y, z]: [u32; 3]| {
        (0..z).flat_map(move |z| (0..y).flat_map(move |y| (0..x).map(move |x| [x, y, z])))
    };
    let (mut block_number, warps) = (0, threads / 32);
    for block in places(GRID) {
        for (thread, place) in (0..).zip(places(BLOCK)) {
            let (lane, warp): (u32, u32) = (thread % 32, thread / 32);
            let of_warp = |lane: u32| places(BLOCK).nth((warp * 32 + lane) as usize).expect("a whole warp");
            let ballot = (0..32).filter(|&lane| of_warp(lane)[1] == 2).map(|lane| 1 << lane).sum::<u32>();
            let expected = [
                lane,
                warp,
                block_number * warps + warp,
                decimal(place),
                decimal(block),
                decimal(BLOCK),
                decimal(GRID),
                blocks + 1000 * blocks * warps,
                warp * 32 + (lane ^ 5),
                ballot,
                (warp * 32..warp * 32 + 32).sum(),
                places(BLOCK).map(|[_, _, z]| z).sum(),
            ];
            assert_eq!(rest.next(), Some(&expected[..]), "thread {place:?} of block {block:?}");
        }
        block_number += 1;
    }
}

#[test]
fn a_launch_chooses_the_block_where_the_kernel_states_the_most() {
    for (stated, [width, height]) in
        [(Some((8, 4)), [8, 4]), (Some((16, 6)), [16, 6]), (Some((2, 16)), [2, 16]), (None, [16, 16])]
    {
        let threads: u32 = width * height;
        let found: Vec<u32> = on_a_rank(|rank| {
            let count = (2 * 6 * threads) as usize;
            let results = rank.buffer(count)?;
            let plain = LaunchOptions::default();
            let options = stated.map_or(plain, |block| plain.block(block));
            let arguments = code::ChosenArguments { results: results.global() };
            kernel(rank)?.launch_with((3, 2), options, &arguments)?;
            results.read(0..count)
        });
        for (index, of_thread) in (0..).zip(found.chunks(2)) {
            let (block, thread): (u32, u32) = (index / threads, index % threads);
            let (x, y) = (thread % width, thread / width);
            let sum = height * (0..width).sum::<u32>();
            let expected = [
                x + 100 * y + 10_000 * width + 1_000_000 * height,
                block * threads / 32 + thread / 32 + 100 * (thread % 32) + 10_000 * sum,
            ];
            assert_eq!(of_thread, expected, "thread {x}, {y} of block {block} of {width} x {height}");
        }
    }
}

#[test]
fn roles_are_warps_whatever_the_shape_of_the_block() {
    let found: Vec<u32> = on_a_rank(|rank| {
        let results = rank.buffer(6 * 128)?;
        kernel(rank)?.launch((3, 2), &code::RolesArguments { results: results.global() })?;
        results.read(0..6 * 128)
    });
    for (index, role) in found.into_iter().enumerate() {
        assert_eq!(role, if index % 128 < 32 { 1 } else { 2 }, "thread {index}");
    }
}

#[test]
fn bulk_copies_reach_dynamic_shared_memory_beside_what_is_static() {
    let words: Vec<u32> = (0..4 * 40).collect();
    let found: Vec<u32> = on_a_rank(|rank| {
        let (from, to) = (rank.buffer::<u32>(words.len())?, rank.buffer::<u32>(words.len())?);
        from.write(0, &words)?;
        let arguments = code::ThroughArguments { from: from.global(), to: to.global() };
        kernel(rank)?.launch_with(1, dynamic(80 * 16), &arguments)?;
        to.read(0..words.len())
    });
    assert_eq!(found, words);
}

#[test]
fn graphs_and_clusters_have_shapes_and_shared_memory_too() {
    let found: Vec<u32> = on_a_rank(|rank| {
        let words = rank.buffer::<u32>(4 * 6)?;
        words.clear()?;
        let kernel = kernel(rank)?;
        let options = dynamic(64 * 4).cluster((2, 3));
        let (graph, ()) = rank.capture(|| {
            let arguments = code::AddArguments { words: words.global() };
            kernel.enqueue_with((4, 6), options, &arguments)
        })?;
        graph.launch()?;
        graph.launch()?;
        words.read(0..4 * 6)
    });
    for (index, word) in (0..).zip(found) {
        let (x, y): (u32, u32) = (index % 4, index / 4);
        assert_eq!(word, 2 * (1 + 100 * (x % 2 + 2 * (y % 3))), "block {x}, {y}");
    }
}

#[test]
fn an_element_beyond_the_size_of_the_launch_does_not_exist() {
    let cluster = Cluster::emulated(Topology::nodes(1)).expect("one rank");
    let outcome = cluster.run(|rank| -> Result<(), Error> {
        kernel(rank)?.launch_with(1, dynamic(256), &code::BeyondArguments {})?;
        rank.synchronise()
    });
    let error = outcome.expect_err("it traps").to_string();
    assert!(error.contains("trap"), "{error}");
}
