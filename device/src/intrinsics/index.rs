//! Which thread this is (PTX ISA section 10, special registers).
//!
//! Blocks and grids have up to three dimensions. Along each there is an index and a size;
//! `thread_in_block` and `block_in_grid` count through all of them, x first, so that code which
//! needs no more works in any shape. 32 threads that follow one another in `thread_in_block` are a
//! warp.

use super::on_host;

/// Index of this thread in its block, from 0, in the order in which threads form warps: `%tid.x`,
/// and in a block of several dimensions `thread_x() + threads_x() * (thread_y() + threads_y() *
/// thread_z())`. PTX ISA section 10.
pub fn thread_in_block() -> u32 {
    on_host("thread_in_block")
}

/// Threads of the block in all, which the kernel states: `%ntid`. PTX ISA section 10.
pub fn threads_in_block() -> u32 {
    on_host("threads_in_block")
}

/// Index of this block in the grid, from 0: `%ctaid.x`, and in a kernel whose grids have several
/// dimensions `block_x() + blocks_x() * (block_y() + blocks_y() * block_z())`. PTX ISA section 10.
pub fn block_in_grid() -> u32 {
    on_host("block_in_grid")
}

/// Blocks of the grid in all: `%nctaid`, of as many dimensions as the kernel's grids have. PTX ISA
/// section 10.
pub fn blocks_in_grid() -> u32 {
    on_host("blocks_in_grid")
}

macro_rules! along {
    ($($(#[$doc:meta])* $x:ident $y:ident $z:ident;)+) => {$(
        $(#[$doc])*
        pub fn $x() -> u32 {
            on_host(stringify!($x))
        }

        #[doc = concat!("As [`", stringify!($x), "`], along y. PTX ISA section 10.")]
        pub fn $y() -> u32 {
            on_host(stringify!($y))
        }

        #[doc = concat!("As [`", stringify!($x), "`], along z. PTX ISA section 10.")]
        pub fn $z() -> u32 {
            on_host(stringify!($z))
        }
    )+};
}

along! {
    /// Index of this thread along x, from 0: `%tid.x`. PTX ISA section 10.
    thread_x thread_y thread_z;
    /// Threads of the block along x, which the kernel states: `%ntid.x`. PTX ISA section 10.
    threads_x threads_y threads_z;
    /// Index of this block along x, from 0: `%ctaid.x`; 0 along dimensions that the kernel's grids
    /// do not have (`grid_dimensions` in its `#[kernel(..)]`). PTX ISA section 10.
    block_x block_y block_z;
    /// Blocks of the grid along x: `%nctaid.x`; 1 along dimensions that the kernel's grids do not
    /// have. PTX ISA section 10.
    blocks_x blocks_y blocks_z;
}

/// Index of this thread in its warp, 0 to 31: `%laneid`. PTX ISA section 10.
pub fn lane() -> u32 {
    on_host("lane")
}
