//! Launches that a kernel or a GPU cannot have: each is refused with what was asked for, what is
//! possible, and what would be right.

use crossdock::host::{Cluster, Dim3, Error, LaunchOptions, Topology};
use crossdock::launch::Arguments;
use crossdock::prelude::Global;

use super::shapes::{code, kernel};

/// What a launch of the kernel of these arguments is refused with.
#[track_caller]
fn refused<A: Arguments + Sync>(arguments: A, grid: impl Into<Dim3>, options: LaunchOptions) -> String {
    let (cluster, grid) = (Cluster::emulated(Topology::nodes(1)).expect("one rank"), grid.into());
    let outcome = cluster.run(|rank| -> Result<(), Error> {
        kernel(rank)?.launch_with(grid, options, &arguments)?;
        rank.synchronise()
    });
    outcome.expect_err("it is refused").to_string()
}

fn plain() -> LaunchOptions {
    LaunchOptions::default()
}

fn nowhere<T>() -> Global<T> {
    Global::from_address(0)
}

/// `sum`, which has blocks of 256 threads, static and dynamic shared memory, and grids of one
/// dimension.
#[track_caller]
fn sum(grid: impl Into<Dim3>, options: LaunchOptions, sentence: &str) {
    let arguments = code::SumArguments { values: nowhere(), results: nowhere() };
    assert_eq!(
        refused(arguments, grid, options),
        format!("the kernel `sum` cannot be launched so: {sentence}")
    );
}

/// `roles`, which has no dynamic shared memory, and grids of two dimensions.
#[track_caller]
fn roles(grid: impl Into<Dim3>, options: LaunchOptions, sentence: &str) {
    let refused = refused(code::RolesArguments { results: nowhere() }, grid, options);
    assert_eq!(refused, format!("the kernel `roles` cannot be launched so: {sentence}"));
}

#[test]
fn dynamic_shared_memory_that_the_kernel_has_is_given() {
    sum(
        1,
        plain(),
        "the kernel has dynamic shared memory, whose size is missing; state a multiple of 4 bytes by \
         `LaunchOptions::dynamic_shared` and `launch_with`",
    );
}

#[test]
fn dynamic_shared_memory_that_the_kernel_does_not_have_is_not_given() {
    roles(
        1,
        plain().dynamic_shared(64),
        "64 bytes of dynamic shared memory were asked for, and the kernel has none; leave \
         `LaunchOptions::dynamic_shared` out",
    );
}

#[test]
fn dynamic_shared_memory_is_whole_elements() {
    sum(
        1,
        plain().dynamic_shared(1001),
        "dynamic shared memory must be a multiple of 4 bytes, the size of its elements; 1001 is not, 1000 and 1004 are",
    );
}

#[test]
fn a_block_has_so_much_shared_memory() {
    // Static is what `block_sum` has, up to where dynamic shared memory begins.
    sum(
        1,
        plain().dynamic_shared(227 << 10),
        "a block would take 232576 bytes of shared memory, 128 static and 232448 dynamic; this GPU gives a block 232448, so at \
         most 232320 can be dynamic",
    );
}

#[test]
fn a_block_has_the_shape_that_the_kernel_states() {
    sum(
        1,
        plain().dynamic_shared(64).block((16, 16)),
        "the kernel is made for blocks of 256 threads (`.reqntid`), and 16x16 were asked for: state no block, or \
         `max_threads` in its `#[kernel(..)]` if launches choose",
    );
}

#[test]
fn a_block_that_the_launch_chooses_is_one_that_can_be() {
    let chosen = |block: (u32, u32, u32), sentence: &str| {
        let arguments = code::ChosenArguments { results: nowhere() };
        assert_eq!(
            refused(arguments, 1, plain().block(block)),
            format!("the kernel `chosen` cannot be launched so: {sentence}")
        );
    };
    chosen(
        (32, 2, 1),
        "the kernel is made for blocks of at most 16x16 threads along each dimension (`.maxntid`), and 32x2 were asked for: \
         state no more, or a larger `max_threads` in its `#[kernel(..)]`",
    );
    chosen(
        (16, 1, 2),
        "the kernel is made for blocks of at most 16x16 threads along each dimension (`.maxntid`), and 16x1x2 were asked for: \
         state no more, or a larger `max_threads` in its `#[kernel(..)]`",
    );
    chosen((16, 0, 1), "a block of 16x0 threads is empty: every dimension is 1 at least");
    chosen((1, 1, 96), "a block has at most 64 threads along z: 96 is not allowed");
    chosen((64, 32, 1), "a block has at most 1024 threads: 64x32 = 2048 is not allowed");
    chosen(
        (5, 7, 1),
        "a block is whole warps of 32 threads: 5x7 = 35 is no multiple of 32, so enlarge a dimension and let the threads \
         beyond the data do nothing",
    );
}

#[test]
fn a_grid_has_blocks() {
    roles((4, 0), plain(), "a grid of 4x0 blocks is empty; every dimension is 1 at least");
    roles(0, plain(), "a grid of 0 blocks is empty; every dimension is 1 at least");
}

#[test]
fn a_grid_has_so_many_blocks() {
    roles(
        (1, 70_000),
        plain(),
        "a grid of 1x70000 has 70000 blocks along y; at most 65535 are possible there",
    );
    roles(
        1 << 31,
        plain(),
        "a grid of 2147483648 has 2147483648 blocks along x; at most 2147483647 are possible there",
    );
    roles(
        (1 << 20, 1 << 13),
        plain(),
        "a grid of 1048576x8192 has 8589934592 blocks; at most 4294967295 have an index",
    );
}

#[test]
fn a_grid_has_the_dimensions_that_the_kernel_states() {
    sum(
        (2, 2),
        plain().dynamic_shared(64),
        "a grid of 2x2 has 2 dimensions, and the kernel is made for 1; state `grid_dimensions = 2` in its `#[kernel(..)]`",
    );
    roles(
        (1, 1, 2),
        plain(),
        "a grid of 1x1x2 has 3 dimensions, and the kernel is made for 2; state `grid_dimensions = 3` in its `#[kernel(..)]`",
    );
}

#[test]
fn clusters_divide_each_dimension() {
    let refused = |grid: (u32, u32), cluster: (u32, u32)| {
        refused(code::RolesArguments { results: nowhere() }, grid, plain().cluster(cluster))
    };
    assert_eq!(
        refused((4, 6), (2, 4)),
        "the blocks of a launch along y must be a multiple of its cluster (4): 6 is not"
    );
    assert_eq!(refused((4, 6), (4, 3)), "the blocks of a cluster must be 1 to 8: 12 is not");
    assert_eq!(refused((4, 6), (4, 0)), "the blocks of a cluster must be 1 to 8: 0 is not");
}
