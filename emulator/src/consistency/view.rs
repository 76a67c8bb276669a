//! Who looks at memory: the lanes of a warp as they are, or a copy with what they knew when they
//! issued it.

use super::Actor;
use super::clock::{LaunchId, lanes};
use super::lanes::LaneClocks;
use super::stamp::Stamp;
use crate::op::Space;

/// Who looks at memory.
pub(crate) trait View {
    /// Whether each lane of `mine` is ordered after an access by the lanes of `theirs`, as far as
    /// synchronisation goes.
    fn is_after(&self, stamp: &Stamp, actor: &Actor, theirs: u32, mine: u32, space: Space) -> bool;

    /// Whether each lane of `mine` knows that a launch is over.
    fn knows_end_of(&self, launch: LaunchId, mine: u32) -> bool;
}

impl View for LaneClocks {
    #[inline]
    fn is_after(&self, stamp: &Stamp, actor: &Actor, theirs: u32, mine: u32, _: Space) -> bool {
        self.knows(stamp, actor.launch, theirs, mine)
    }

    fn knows_end_of(&self, launch: LaunchId, mine: u32) -> bool {
        lanes(mine).all(|lane| self.knowledge(lane).generic.knows_end_of(launch))
    }
}
