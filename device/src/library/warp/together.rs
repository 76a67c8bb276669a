//! What all lanes of a warp work out together.

use crate::device;

pub use code::*;

/// Reductions, agreement and election among the 32 lanes of a warp.
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

    /// The lanes that happen to execute this together. It proves nothing about where the others
    /// are: use it to observe, not to synchronise. `activemask`.
    pub fn active_lanes() -> u32 {
        ptx!("activemask.b32 {lanes};", lanes = out(u32))
    }
}
