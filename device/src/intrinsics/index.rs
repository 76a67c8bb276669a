//! Which thread this is (PTX ISA section 10, special registers).

use super::on_host;

/// Index of this thread in its block, from 0: `%tid.x`. PTX ISA section 10.
pub fn thread_in_block() -> u32 {
    on_host("thread_in_block")
}

/// Threads per block: `%ntid.x`. PTX ISA section 10.
pub fn threads_in_block() -> u32 {
    on_host("threads_in_block")
}

/// Index of this block in the grid, from 0: `%ctaid.x`. PTX ISA section 10.
pub fn block_in_grid() -> u32 {
    on_host("block_in_grid")
}

/// Blocks in the grid: `%nctaid.x`. PTX ISA section 10.
pub fn blocks_in_grid() -> u32 {
    on_host("blocks_in_grid")
}

/// Index of this thread in its warp, 0 to 31: `%laneid`. PTX ISA section 10.
pub fn lane() -> u32 {
    on_host("lane")
}
