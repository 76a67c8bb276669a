//! Who executes a statement: whole blocks, whole warps, or only some lanes, and where the others
//! parted.

use std::rc::Rc;

use super::fact::{Fact, Level, Origin, Position, Value};

/// How threads left the path of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// They are in the other arm of a branch.
    Branch,
    /// They run a `for` a different number of times.
    Count,
    /// They have left a loop.
    Break(Position),
    /// They have skipped the rest of a turn of a loop.
    Continue(Position),
    /// They have left the function.
    Return(Position),
}

/// A branch or loop whose condition is not the same for all.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parting {
    pub(super) at: Position,
    pub(super) way: Way,
    /// The binding that differs, if the condition has one.
    pub(super) subject: Option<String>,
    pub(super) origin: Option<Origin>,
}

/// Who executes a statement.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Control {
    pub(super) level: Level,
    pub(super) parting: Option<Rc<Parting>>,
    /// The lanes that are here are exactly those of a warp for which the bool of this identity is
    /// true.
    pub(super) guard: Option<u64>,
    /// The role whose threads these are: its position among those that were met.
    pub(super) role: Option<usize>,
}

impl Control {
    /// All threads of the block, or none.
    pub(super) fn together() -> Control {
        Control { level: Level::Block, parting: None, guard: None, role: None }
    }

    /// Where the threads parted.
    pub(super) fn parting(&self) -> Option<Position> {
        self.parting.as_ref().map(|parting| parting.at)
    }

    /// What holds of a value after these assign it.
    pub(super) fn assigned(&self, value: Value, at: Position) -> Value {
        value.assigned(self.level, self.parting(), at)
    }

    /// Those who pass here as well as there.
    pub(super) fn meet(&mut self, other: &Control) {
        if other.level > self.level {
            self.level = other.level;
            self.parting.clone_from(&other.parting);
        }
        if other.level == Level::Lane {
            self.guard = None;
        }
    }

    /// Those of these for whom a condition is true, or, for the other arm, false.
    pub(super) fn divided(&self, condition: &Fact, holds: bool, parting: Parting) -> Control {
        let mut control = self.clone();
        let level = condition.level();
        if level == Level::Lane {
            let alone = holds && self.level <= Level::Warp;
            control.guard = condition.identity.filter(|_| alone);
        }
        if level > self.level {
            control.level = level;
            control.parting = Some(Rc::new(parting));
        }
        control
    }

    /// What this means to the whole block when these are the threads of a role: other warps do not
    /// do it.
    pub(super) fn seen_by_the_block(mut self, at: Position, way: Way) -> Control {
        if self.level < Level::Warp {
            self.level = Level::Warp;
            self.parting = Some(Rc::new(Parting { at, way, subject: None, origin: None }));
        }
        self
    }

    /// The same, for those who go another way from here on.
    pub(super) fn leaving(mut self, way: Way) -> Control {
        if let Some(parting) = self.parting.as_mut()
            && parting.way == Way::Branch
        {
            Rc::make_mut(parting).way = way;
        }
        self
    }
}
