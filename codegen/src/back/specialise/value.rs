//! Flattened values while code is being written: every scalar of a value is a constant, a register,
//! or almost one.

use super::super::constant::Constant;
use super::super::emit::{Base, Register};

/// One scalar of a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Constant(Constant),
    Register(Register),
    /// A negated predicate: a branch or `selp` turns around instead of computing it.
    Not(Register),
    /// An address that instructions write as `[base+offset]`.
    Address(Base, i64),
}

/// How the receiver would like a value: under which name, or in which registers.
///
/// It is a wish. Only the last instruction of a computation may write `into`, because earlier ones
/// may still read it.
#[derive(Clone, Debug, Default)]
pub(super) struct Want {
    pub(super) name: Option<String>,
    pub(super) into: Option<Vec<Register>>,
}

impl Want {
    /// Any register.
    pub(super) fn anything() -> Want {
        Want::default()
    }

    /// A new register with this name.
    pub(super) fn named(name: &str) -> Want {
        Want { name: Some(name.to_string()), into: None }
    }

    /// The wish for `count` registers from `start` of a whole that this wish is for; `suffix` is
    /// added to the name.
    pub(super) fn part(&self, start: usize, count: usize, suffix: &str) -> Want {
        Want {
            name: self.name.as_ref().map(|name| format!("{name}{suffix}")),
            into: self
                .into
                .as_ref()
                .and_then(|into| into.get(start..start + count))
                .map(<[Register]>::to_vec),
        }
    }
}
