//! Block-level operations: shared memory, the block barrier, and barriers of some of its warps.

use super::{Shared, SharedSlice, on_host};

/// An uninitialised array of `count` elements in shared memory, one per call site; `count` is
/// constant.
pub fn shared<T: Copy>(_count: u32) -> Shared<T> {
    on_host("shared")
}

/// The block's shared memory whose bytes the launch states (`LaunchOptions::dynamic_shared` on the
/// host), as elements: as many as fit, so `dynamic_shared::<u32>().len()` is a quarter of the
/// bytes. It begins at a multiple of 128 bytes, is not initialised, and lies beside the arrays of
/// [`shared`]. Every call in a kernel gives all of it, whatever the type: `split_at` takes it
/// apart. `%dynamic_smem_size`, PTX ISA section 10.
pub fn dynamic_shared<T: Copy>() -> SharedSlice<T> {
    on_host("dynamic_shared")
}

/// Waits for all threads of the warp role around it and orders their memory accesses: `bar.sync`
/// with a barrier and the number of threads of the role. PTX ISA section 9.7.13.
pub fn role_barrier() {
    on_host("role_barrier")
}

/// Arrives at barrier `number` (1 to 15, constant), which `threads` threads reach, and waits for
/// the others: `bar.sync`. PTX ISA section 9.7.13.
pub fn named_barrier_sync(_number: u32, _threads: u32) {
    on_host("named_barrier_sync")
}

/// Arrives at a barrier and goes on: `bar.arrive`. Orders this thread's earlier accesses before
/// what follows the others' wait. PTX ISA section 9.7.13.
pub fn named_barrier_arrive(_number: u32, _threads: u32) {
    on_host("named_barrier_arrive")
}

/// Waits at a barrier; whether `condition` is true for some of its threads: `bar.red.or`. PTX ISA
/// section 9.7.13.
pub fn named_barrier_any(_number: u32, _threads: u32, _condition: bool) -> bool {
    on_host("named_barrier_any")
}

/// Waits at a barrier; whether `condition` is true for all of its threads: `bar.red.and`. PTX ISA
/// section 9.7.13.
pub fn named_barrier_all(_number: u32, _threads: u32, _condition: bool) -> bool {
    on_host("named_barrier_all")
}

/// Waits at a barrier; for how many of its threads `condition` is true: `bar.red.popc`. PTX ISA
/// section 9.7.13.
pub fn named_barrier_count(_number: u32, _threads: u32, _condition: bool) -> u32 {
    on_host("named_barrier_count")
}

/// Waits for all threads of the block and orders their memory accesses: `bar.sync 0`. PTX ISA
/// section 9.7.13.
pub fn block_barrier() {
    on_host("block_barrier")
}
