//! What the kernel is being made for, and what is known of it: answers are given at
//! specialisation, so one source serves several targets.
//!
//! ```ignore
//! if target_is_at_least(90) { copy_in_bulk(..) } else { copy_by_vectors(..) }
//! ```
//!
//! leaves only one of both arms in the PTX. On the host there is no target, and the answers are
//! `false`: a pure function takes the arm that every GPU can run.

use super::Number;

/// Whether the kernel is made for that architecture (90 for `sm_90`) or a newer one.
pub const fn target_is_at_least(_architecture: u32) -> bool {
    false
}

/// Whether the kernel is made for one architecture or family only (`sm_90a`, `sm_100f`), which has
/// more instructions.
pub const fn target_is_specific() -> bool {
    false
}

/// Whether the number is a constant once the kernel is specialised, so that code for such numbers
/// may stand beside code for all. Both must give the same.
pub const fn is_constant<T: Number>(_number: T) -> bool {
    false
}
