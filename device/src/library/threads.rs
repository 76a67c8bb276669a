//! What all lanes of a warp work out together, clocks, prefetches, and grids that overlap.

use crate::device;

/// Reductions, agreement and election among the 32 lanes of a warp, and what a thread asks of the hardware.
#[device]
pub mod code {
    use crate::intrinsics::*;

    /// The sum of all lanes' values, modulo 2^32. `redux.sync.add.u32`, PTX ISA section 9.7.13.9.
    pub fn reduce_add(value: u32) -> u32 {
        ptx!("redux.sync.add.u32 {result}, {value}, -1;", value = in(value), result = out(u32))
    }

    /// The smallest of all lanes' values. `redux.sync.min.u32`.
    pub fn reduce_min(value: u32) -> u32 {
        ptx!("redux.sync.min.u32 {result}, {value}, -1;", value = in(value), result = out(u32))
    }

    /// The largest of all lanes' values. `redux.sync.max.u32`.
    pub fn reduce_max(value: u32) -> u32 {
        ptx!("redux.sync.max.u32 {result}, {value}, -1;", value = in(value), result = out(u32))
    }

    /// The smallest of all lanes' signed values. `redux.sync.min.s32`.
    pub fn reduce_min_i32(value: i32) -> i32 {
        ptx!("redux.sync.min.s32 {result}, {value}, -1;", value = in(value), result = out(i32))
    }

    /// The largest of all lanes' signed values. `redux.sync.max.s32`.
    pub fn reduce_max_i32(value: i32) -> i32 {
        ptx!("redux.sync.max.s32 {result}, {value}, -1;", value = in(value), result = out(i32))
    }

    /// The bits that all lanes have. `redux.sync.and.b32`.
    pub fn reduce_and(value: u32) -> u32 {
        ptx!("redux.sync.and.b32 {result}, {value}, -1;", value = in(value), result = out(u32))
    }

    /// The bits that some lane has. `redux.sync.or.b32`.
    pub fn reduce_or(value: u32) -> u32 {
        ptx!("redux.sync.or.b32 {result}, {value}, -1;", value = in(value), result = out(u32))
    }

    /// The exclusive or of all lanes' values. `redux.sync.xor.b32`.
    pub fn reduce_xor(value: u32) -> u32 {
        ptx!("redux.sync.xor.b32 {result}, {value}, -1;", value = in(value), result = out(u32))
    }

    /// Whether all lanes have the same value. `match.all.sync.b32`, PTX ISA section 9.7.13.8.
    pub fn all_equal(value: u32) -> bool {
        let (_, equal) = ptx!(
            "match.all.sync.b32 {lanes}|{equal}, {value}, -1;",
            value = in(value), lanes = out(u32), equal = out(bool)
        );
        equal
    }

    /// Whether all lanes say the same. `vote.sync.uni.pred`, PTX ISA section 9.7.13.7.
    pub fn all_agree(condition: bool) -> bool {
        ptx!("vote.sync.uni.pred {same}, {condition}, -1;", condition = in(condition), same = out(bool))
    }

    /// True for one lane of the warp, the same one each time. Needs `sm_90`. `elect.sync`.
    pub fn elected() -> bool {
        ptx!("elect.sync _|{elected}, -1;", elected = out(bool))
    }

    /// The lanes that happen to execute this together. It proves nothing about where the others are: use it to observe, not to
    /// synchronise. `activemask`.
    pub fn active_lanes() -> u32 {
        ptx!("activemask.b32 {lanes};", lanes = out(u32))
    }

    /// Cycles of this SM's clock. `%clock64`.
    pub fn clock() -> u64 {
        ptx!("mov.u64 {cycles}, %clock64;", cycles = out(u64))
    }

    /// Asks for the line of this address in the L1 cache. `prefetch.global.L1`.
    pub fn prefetch_l1(place: Global<u32>) {
        ptx!("prefetch.global.L1 [{place}];", place = in(place));
    }

    /// Asks for the line of this address in the L2 cache. `prefetch.global.L2`.
    pub fn prefetch_l2(place: Global<u32>) {
        ptx!("prefetch.global.L2 [{place}];", place = in(place));
    }

    /// Waits until the grids that this one depends on have ended and their writes are visible. Needs `sm_90`.
    /// `griddepcontrol.wait`, PTX ISA section 9.7.13.13.
    pub fn wait_for_earlier_grids() {
        ptx!("griddepcontrol.wait;");
    }

    /// Lets grids that depend on this one start, once all blocks have said so or ended. Needs `sm_90`.
    /// `griddepcontrol.launch_dependents`.
    pub fn let_later_grids_start() {
        ptx!("griddepcontrol.launch_dependents;");
    }
}
