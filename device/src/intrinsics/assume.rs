//! What you vouch for where the compiler cannot prove that threads stay together. Each lowers to
//! its argument.
//!
//! If it is not true, a barrier or warp operation may wait forever or give anything, so each
//! deserves a comment that says why it is true.

/// `value`, believed to be the same for all lanes of the warp. A branch on it keeps the warp
/// together.
pub const fn assume_warp_uniform<T: Copy>(value: T) -> T {
    value
}

/// `value`, believed to be the same for all threads of the block. A branch on it keeps the block
/// together.
pub const fn assume_block_uniform<T: Copy>(value: T) -> T {
    value
}

/// `members`, believed to be exactly the lanes that reach the `_among` operation that takes it,
/// each with this mask.
pub const fn assume_members(members: u32) -> u32 {
    members
}
