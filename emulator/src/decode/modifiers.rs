//! Consuming the modifiers of an instruction; those that nobody consumes make it unsupported.

use crossdock_ptx as ptx;

use crate::numeric::Rounding;
use crate::op::{Scope, Space};

/// The modifiers that were not yet understood.
pub(super) struct Modifiers {
    left: Vec<&'static str>,
}

impl Modifiers {
    pub(super) fn of(instruction: &ptx::Instruction) -> Modifiers {
        let split = instruction.opcode.modifiers.iter().flat_map(|modifier| modifier.split('.'));
        Modifiers { left: split.filter(|modifier| !modifier.is_empty()).collect() }
    }

    /// One modifier alone.
    pub(super) fn only(modifier: &'static str) -> Modifiers {
        Modifiers { left: vec![modifier] }
    }

    /// Whether `modifier` is there; consumes it.
    pub(super) fn take(&mut self, modifier: &str) -> bool {
        match self.left.iter().position(|&left| left == modifier) {
            Some(position) => {
                self.left.remove(position);
                true
            }
            None => false,
        }
    }

    /// The first of these alternatives that is there.
    pub(super) fn choose<T: Copy>(&mut self, alternatives: &[(&str, T)]) -> Option<T> {
        alternatives.iter().find(|(name, _)| self.take(name)).map(|&(_, value)| value)
    }

    /// One of these alternatives must be there.
    pub(super) fn require<T: Copy>(&mut self, alternatives: &[(&str, T)]) -> Result<T, String> {
        self.choose(alternatives).ok_or_else(|| {
            let names =
                alternatives.iter().map(|(name, _)| format!(".{name}")).collect::<Vec<_>>().join(", ");
            format!("the emulator executes it with one of {names} only")
        })
    }

    /// Consumes the last modifier.
    pub(super) fn last(&mut self) -> Result<&'static str, String> {
        self.left.pop().ok_or_else(|| "it has no type".into())
    }

    /// Consumes every modifier that starts with one of these prefixes: hints that change no result.
    pub(super) fn ignore(&mut self, prefixes: &[&str]) {
        self.left.retain(|modifier| !prefixes.iter().any(|prefix| modifier.starts_with(prefix)));
    }

    pub(super) fn scope(&mut self) -> Option<Scope> {
        self.choose(&[
            ("cta", Scope::Block),
            ("cluster", Scope::Cluster),
            ("gpu", Scope::Gpu),
            ("gl", Scope::Gpu),
            ("sys", Scope::System),
        ])
    }

    /// The state space, or generic.
    pub(super) fn space(&mut self) -> Space {
        self.choose(&[
            ("global", Space::Global),
            ("shared", Space::Shared),
            ("shared::cta", Space::Shared),
            ("shared::cluster", Space::Cluster),
            ("local", Space::Local),
            ("const", Space::Const),
            ("param", Space::Param),
            ("param::entry", Space::Param),
            ("param::func", Space::Param),
        ])
        .unwrap_or(Space::Generic)
    }

    pub(super) fn rounding(&mut self) -> Option<Rounding> {
        self.choose(&[
            ("rn", Rounding::Nearest),
            ("rz", Rounding::Zero),
            ("rm", Rounding::Down),
            ("rp", Rounding::Up),
        ])
    }

    /// Everything must have been consumed.
    pub(super) fn finish(self) -> Result<(), String> {
        match self.left.first() {
            None => Ok(()),
            Some(modifier) => Err(format!("the emulator does not execute it with `.{modifier}`")),
        }
    }
}
