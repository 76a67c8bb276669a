//! Warp-level operations (PTX ISA sections 9.7.9 `shfl.sync` and 9.7.13 `vote`, `match`,
//! `bar.warp.sync`).
//!
//! The plain forms name all 32 lanes, which must all arrive; the `_among` forms name a subset. None
//! of them orders memory except [`warp_barrier`].

use super::on_host;

/// The value of `lane` in every lane: `shfl.sync.idx`. PTX ISA section 9.7.9.
pub fn shuffle<T: Copy>(_value: T, _lane: u32) -> T {
    on_host("shuffle")
}

/// As [`shuffle`], among the lanes of the mask `members`. PTX ISA section 9.7.9.
pub fn shuffle_among<T: Copy>(_members: u32, _value: T, _lane: u32) -> T {
    on_host("shuffle_among")
}

/// The value of the lane `delta` below; the own value where there is none: `shfl.sync.up`. PTX ISA
/// section 9.7.9.
pub fn shuffle_up<T: Copy>(_value: T, _delta: u32) -> T {
    on_host("shuffle_up")
}

/// The value of the lane `delta` above; the own value where there is none: `shfl.sync.down`. PTX
/// ISA section 9.7.9.
pub fn shuffle_down<T: Copy>(_value: T, _delta: u32) -> T {
    on_host("shuffle_down")
}

/// The value of lane `lane() ^ mask`: `shfl.sync.bfly`. PTX ISA section 9.7.9.
pub fn shuffle_xor<T: Copy>(_value: T, _mask: u32) -> T {
    on_host("shuffle_xor")
}

/// Whether any lane's predicate is true: `vote.sync.any`. PTX ISA section 9.7.13.
pub fn any(_predicate: bool) -> bool {
    on_host("any")
}

/// As [`any`], among the lanes of the mask `members`. PTX ISA section 9.7.13.
pub fn any_among(_members: u32, _predicate: bool) -> bool {
    on_host("any_among")
}

/// Whether every lane's predicate is true: `vote.sync.all`. PTX ISA section 9.7.13.
pub fn all(_predicate: bool) -> bool {
    on_host("all")
}

/// As [`all`], among the lanes of the mask `members`. PTX ISA section 9.7.13.
pub fn all_among(_members: u32, _predicate: bool) -> bool {
    on_host("all_among")
}

/// The mask of lanes whose predicate is true: `vote.sync.ballot`. PTX ISA section 9.7.13.
pub fn ballot(_predicate: bool) -> u32 {
    on_host("ballot")
}

/// As [`ballot`], among the lanes of the mask `members`. PTX ISA section 9.7.13.
pub fn ballot_among(_members: u32, _predicate: bool) -> u32 {
    on_host("ballot_among")
}

/// The mask of lanes with the same value (32- or 64-bit scalar): `match.any.sync`. PTX ISA section
/// 9.7.13.
pub fn match_any<T: Copy>(_value: T) -> u32 {
    on_host("match_any")
}

/// As [`match_any`], among the lanes of the mask `members`. PTX ISA section 9.7.13.
pub fn match_any_among<T: Copy>(_members: u32, _value: T) -> u32 {
    on_host("match_any_among")
}

/// Waits for all lanes and orders their memory accesses: `bar.warp.sync`. PTX ISA section 9.7.13.
pub fn warp_barrier() {
    on_host("warp_barrier")
}

/// As [`warp_barrier`], among the lanes of the mask `members`. PTX ISA section 9.7.13.
pub fn warp_barrier_among(_members: u32) {
    on_host("warp_barrier_among")
}
