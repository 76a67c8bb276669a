//! Grids that overlap with those that were launched before them.

use crate::device;

pub use code::*;

/// What orders a grid after the grids that it depends on.
#[device]
pub mod code {
    use crate::intrinsics::*;

    /// Waits until the grids that this one depends on have ended and their writes are visible.
    /// Needs `sm_90`. `griddepcontrol.wait`, PTX ISA section 9.7.13.13.
    pub fn wait_for_earlier_grids() {
        ptx!("griddepcontrol.wait;");
    }

    /// Lets grids that depend on this one start, once all blocks have said so or ended. Needs
    /// `sm_90`. `griddepcontrol.launch_dependents`.
    pub fn let_later_grids_start() {
        ptx!("griddepcontrol.launch_dependents;");
    }
}
