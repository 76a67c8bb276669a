//! Copies that other agents of the GPU perform while the threads go on.

use crate::device;

pub use code::*;

/// `cp.async`, one-dimensional `cp.async.bulk` and `cp.reduce.async.bulk` (PTX ISA section
/// 9.7.9.25).
///
/// Bulk operations need `sm_90`; sizes are multiples of 16 bytes, and addresses of 16 bytes'
/// alignment. They work through the async proxy: what threads wrote to shared memory needs
/// [`fence_async_shared`](fn@crate::library::fences::fence_async_shared) before a bulk operation
/// reads it.
#[device]
pub mod code {
    use crate::intrinsics::*;
    use crate::library::code::B128;
    use crate::library::mbarrier::Mbarrier;

    /// How the L2 cache treats the lines of a copy.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CachePolicy {
        /// What `createpolicy` made.
        pub bits: u64,
    }

    impl CachePolicy {
        /// The lines leave the cache first: data that is used once.
        /// `createpolicy.fractional.L2::evict_first`.
        pub fn evict_first() -> CachePolicy {
            CachePolicy {
                bits: ptx!(
                    "createpolicy.fractional.L2::evict_first.b64 {policy}, 0f3F800000;",
                    policy = out(u64)
                ),
            }
        }

        /// The lines stay longest: data that all blocks read.
        /// `createpolicy.fractional.L2::evict_last`.
        pub fn evict_last() -> CachePolicy {
            CachePolicy {
                bits: ptx!(
                    "createpolicy.fractional.L2::evict_last.b64 {policy}, 0f3F800000;",
                    policy = out(u64)
                ),
            }
        }
    }

    /// Copies 4 bytes from global to shared memory. `cp.async.ca`.
    pub fn copy_async_4(to: Shared<u32>, from: Global<u32>) {
        ptx!("cp.async.ca.shared.global [{to}], [{from}], 4;", to = in(to), from = in(from));
    }

    /// Copies 8 bytes from global to shared memory. `cp.async.ca`.
    pub fn copy_async_8(to: Shared<u64>, from: Global<u64>) {
        ptx!("cp.async.ca.shared.global [{to}], [{from}], 8;", to = in(to), from = in(from));
    }

    /// Copies 16 bytes from global to shared memory, past the L1 cache. `cp.async.cg`.
    pub fn copy_async_16(to: Shared<B128>, from: Global<B128>) {
        ptx!("cp.async.cg.shared.global [{to}], [{from}], 16;", to = in(to), from = in(from));
    }

    /// Makes one group of this thread's `cp.async` copies since the last. `cp.async.commit_group`.
    pub fn commit_copies() {
        ptx!("cp.async.commit_group;");
    }

    /// Waits until at most `PENDING` of this thread's newest groups are under way; its copies of
    /// the others are visible to it. `cp.async.wait_group`.
    pub fn wait_for_copies<const PENDING: u32>() {
        ptx!("cp.async.wait_group {pending};", pending = const(PENDING));
    }

    /// Waits for all of this thread's `cp.async` copies. `cp.async.wait_all`.
    pub fn wait_for_all_copies() {
        ptx!("cp.async.wait_all;");
    }

    /// Copies `bytes` from global to shared memory; they count for the current phase of `barrier`,
    /// which must expect them. `cp.async.bulk.shared::cluster.global`.
    pub fn copy_bulk_to_shared(to: Shared<B128>, from: Global<B128>, bytes: u32, barrier: Mbarrier) {
        ptx!(
            "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [{to}], [{from}], {bytes}, [{barrier}];",
            to = in(to), from = in(from), bytes = in(bytes), barrier = in(barrier.object)
        );
    }

    /// [`copy_bulk_to_shared`] with a cache policy.
    pub fn copy_bulk_to_shared_with(
        to: Shared<B128>,
        from: Global<B128>,
        bytes: u32,
        barrier: Mbarrier,
        policy: CachePolicy,
    ) {
        ptx!(
            "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint
                [{to}], [{from}], {bytes}, [{barrier}], {policy};",
            to = in(to), from = in(from), bytes = in(bytes), barrier = in(barrier.object), policy = in(policy.bits)
        );
    }

    /// Copies `bytes` from shared memory to this GPU's global memory, as part of the thread's next
    /// bulk group. `cp.async.bulk.global.shared::cta`.
    pub fn copy_bulk_to_global(to: Global<B128>, from: Shared<B128>, bytes: u32) {
        ptx!(
            "cp.async.bulk.global.shared::cta.bulk_group [{to}], [{from}], {bytes};",
            to = in(to), from = in(from), bytes = in(bytes)
        );
    }

    /// [`copy_bulk_to_global`] with a cache policy.
    pub fn copy_bulk_to_global_with(to: Global<B128>, from: Shared<B128>, bytes: u32, policy: CachePolicy) {
        ptx!(
            "cp.async.bulk.global.shared::cta.bulk_group.L2::cache_hint [{to}], [{from}], {bytes}, {policy};",
            to = in(to), from = in(from), bytes = in(bytes), policy = in(policy.bits)
        );
    }

    /// Copies `bytes` from shared memory to another rank's memory, as part of the thread's next
    /// bulk group. `cp.async.bulk.global.shared::cta`.
    pub fn copy_bulk_to_peer(to: Peer<B128>, from: Shared<B128>, bytes: u32) {
        ptx!(
            "cp.async.bulk.global.shared::cta.bulk_group [{to}], [{from}], {bytes};",
            to = in(to), from = in(from), bytes = in(bytes)
        );
    }

    /// Adds `bytes` of shared memory to other words in global memory, each word atomically
    /// (relaxed, for the GPU), as part of the thread's next bulk group.
    /// `cp.reduce.async.bulk.add.u32`.
    pub fn add_bulk_u32(to: Global<u32>, from: Shared<u32>, bytes: u32) {
        ptx!(
            "cp.reduce.async.bulk.global.shared::cta.bulk_group.add.u32 [{to}], [{from}], {bytes};",
            to = in(to), from = in(from), bytes = in(bytes)
        );
    }

    /// [`add_bulk_u32`] for `u64`.
    pub fn add_bulk_u64(to: Global<u64>, from: Shared<u64>, bytes: u32) {
        ptx!(
            "cp.reduce.async.bulk.global.shared::cta.bulk_group.add.u64 [{to}], [{from}], {bytes};",
            to = in(to), from = in(from), bytes = in(bytes)
        );
    }

    /// [`add_bulk_u32`] for `f32`. The order of additions is not fixed, so sums of more than two
    /// numbers may differ.
    pub fn add_bulk_f32(to: Global<f32>, from: Shared<f32>, bytes: u32) {
        ptx!(
            "cp.reduce.async.bulk.global.shared::cta.bulk_group.add.f32 [{to}], [{from}], {bytes};",
            to = in(to), from = in(from), bytes = in(bytes)
        );
    }

    /// [`add_bulk_f32`] into another rank's memory.
    pub fn add_bulk_f32_to_peer(to: Peer<f32>, from: Shared<f32>, bytes: u32) {
        ptx!(
            "cp.reduce.async.bulk.global.shared::cta.bulk_group.add.f32 [{to}], [{from}], {bytes};",
            to = in(to), from = in(from), bytes = in(bytes)
        );
    }

    /// [`add_bulk_f32`] for bf16 codes, each sum rounded to nearest even.
    /// `cp.reduce.async.bulk.add.noftz.bf16`.
    pub fn add_bulk_bf16(to: Global<u16>, from: Shared<u16>, bytes: u32) {
        ptx!(
            "cp.reduce.async.bulk.global.shared::cta.bulk_group.add.noftz.bf16 [{to}], [{from}], {bytes};",
            to = in(to), from = in(from), bytes = in(bytes)
        );
    }

    /// Keeps the smaller of each pair of words. `cp.reduce.async.bulk.min.u32`.
    pub fn min_bulk_u32(to: Global<u32>, from: Shared<u32>, bytes: u32) {
        ptx!(
            "cp.reduce.async.bulk.global.shared::cta.bulk_group.min.u32 [{to}], [{from}], {bytes};",
            to = in(to), from = in(from), bytes = in(bytes)
        );
    }

    /// Keeps the larger of each pair of words. `cp.reduce.async.bulk.max.u32`.
    pub fn max_bulk_u32(to: Global<u32>, from: Shared<u32>, bytes: u32) {
        ptx!(
            "cp.reduce.async.bulk.global.shared::cta.bulk_group.max.u32 [{to}], [{from}], {bytes};",
            to = in(to), from = in(from), bytes = in(bytes)
        );
    }

    /// Sets bits in words of global memory. `cp.reduce.async.bulk.or.b32`.
    pub fn or_bulk_u32(to: Global<u32>, from: Shared<u32>, bytes: u32) {
        ptx!(
            "cp.reduce.async.bulk.global.shared::cta.bulk_group.or.b32 [{to}], [{from}], {bytes};",
            to = in(to), from = in(from), bytes = in(bytes)
        );
    }

    /// Makes one group of this thread's bulk copies to global memory since the last.
    /// `cp.async.bulk.commit_group`.
    pub fn commit_bulk_copies() {
        ptx!("cp.async.bulk.commit_group;");
    }

    /// Waits until at most `PENDING` of this thread's newest bulk groups are under way; the others
    /// are done. `cp.async.bulk.wait_group`.
    pub fn wait_for_bulk_copies<const PENDING: u32>() {
        ptx!("cp.async.bulk.wait_group {pending};", pending = const(PENDING));
    }

    /// Waits until at most `PENDING` of this thread's newest bulk groups still read their source,
    /// which may then be overwritten; the data need not have arrived.
    /// `cp.async.bulk.wait_group.read`.
    pub fn wait_for_bulk_reads<const PENDING: u32>() {
        ptx!("cp.async.bulk.wait_group.read {pending};", pending = const(PENDING));
    }

    /// Brings `bytes` of global memory into the L2 cache. `cp.async.bulk.prefetch.L2`.
    pub fn prefetch_bulk(from: Global<B128>, bytes: u32) {
        ptx!("cp.async.bulk.prefetch.L2.global [{from}], {bytes};", from = in(from), bytes = in(bytes));
    }
}
