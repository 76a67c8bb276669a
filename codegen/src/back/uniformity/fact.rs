//! What is known of a value: among which threads it is the same, and where a difference comes from.

use crate::back::constant::Constant;
use crate::ir::{Intrinsic, Projection, Span};

/// The largest groups of threads within which something is the same. Nothing in the language needs
/// to know more of a grid than of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// The same for all threads of a block.
    Block,
    /// The same for all lanes of a warp.
    Warp,
    /// May differ between lanes.
    Lane,
}

/// A place in some module's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) module: usize,
    pub(super) span: Span,
}

/// Why a value is not the same for all threads of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// An operation gives each thread its own.
    Operation(&'static str, Position),
    /// A warp operation of all lanes, or of some, gives each lane or warp its own.
    Lanes(Intrinsic, bool, Position),
    /// It is assigned where not all threads pass; the second is where they part.
    Assigned(Position, Position),
}

/// What makes a value special beyond its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    /// `thread_in_block()` itself, or what counts the lanes of every warp from a multiple of its
    /// size on as that does.
    ThreadIndex,
    /// What `match_any` gave: every lane has the mask of its own group.
    Group,
    /// `ballot` of the bool with this identity.
    Ballot(u64),
    /// `assume_members(..)`.
    Assumed,
    /// It depends on what is decided later: a const parameter, or an argument of a function that is
    /// looked at alone. It may be anything, so nothing is held against it.
    Undecided,
}

/// What is known of a scalar, or of all parts of something larger.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fact {
    level: Level,
    origin: Option<Origin>,
    /// The value that it has whoever reads it.
    pub(super) constant: Option<Constant>,
    pub(super) form: Form,
    /// Values of the same identity are the same, lane by lane.
    pub(super) identity: Option<u64>,
}

impl Fact {
    /// The same for all threads of a block.
    pub(super) fn uniform() -> Fact {
        Fact::at_level(Level::Block, None)
    }

    pub(super) fn constant(constant: Constant) -> Fact {
        Fact { constant: Some(constant), ..Fact::uniform() }
    }

    /// Depends on what is decided later.
    pub(super) fn undecided() -> Fact {
        Fact::uniform().of_form(Form::Undecided)
    }

    pub(super) fn is_undecided(&self) -> bool {
        self.form == Form::Undecided
    }

    /// What an operation gives each lane, or each warp, of its own.
    pub(super) fn from_operation(level: Level, name: &'static str, at: Position) -> Fact {
        Fact::at_level(level, Some(Origin::Operation(name, at)))
    }

    pub(super) fn at_level(level: Level, origin: Option<Origin>) -> Fact {
        Fact { level, origin, constant: None, form: Form::Plain, identity: None }
    }

    /// The same, with a form.
    pub(super) fn of_form(self, form: Form) -> Fact {
        Fact { form, ..self }
    }

    /// A constant is the same for everybody who reads it, wherever it was assigned.
    pub(super) fn level(&self) -> Level {
        if self.constant.is_some() { Level::Block } else { self.level }
    }

    pub(super) fn origin(&self) -> Option<Origin> {
        self.origin
    }

    /// What holds of something computed from both.
    pub(super) fn with(&self, other: &Fact) -> Fact {
        if self.is_undecided() || other.is_undecided() {
            return Fact::undecided();
        }
        match self.level() >= other.level() {
            true => Fact::at_level(self.level(), self.origin),
            false => Fact::at_level(other.level(), other.origin),
        }
    }

    /// What holds of one of several parts that are not told apart.
    pub(super) fn part(self) -> Fact {
        Fact { identity: None, ..self }
    }

    /// What holds of it when it is taken or not, depending on a condition.
    pub(super) fn chosen_by(mut self, condition: &Fact) -> Fact {
        if self.is_undecided() || condition.is_undecided() {
            return Fact::undecided();
        }
        if condition.level() > self.level {
            self.level = condition.level();
            self.origin = condition.origin;
        }
        Fact { form: Form::Plain, identity: None, ..self }
    }

    /// What holds of either.
    pub(super) fn or(&self, other: &Fact) -> Fact {
        if self.is_undecided() || other.is_undecided() {
            return Fact::undecided();
        }
        let (level, origin) = match self.level >= other.level {
            true => (self.level, self.origin),
            false => (other.level, other.origin),
        };
        Fact {
            level,
            origin,
            constant: self.constant.filter(|constant| Some(*constant) == other.constant),
            form: if self.form == other.form { self.form } else { Form::Plain },
            identity: self.identity.filter(|identity| Some(*identity) == other.identity),
        }
    }

    /// What holds of the value after an assignment at `at`, which `by` do together after they
    /// parted there.
    fn assigned(mut self, by: Level, parting: Option<Position>, at: Position) -> Fact {
        if self.is_undecided() {
            return self;
        }
        if by > self.level {
            self.level = by;
            self.origin = parting.map(|parting| Origin::Assigned(at, parting));
        }
        // Lanes that are apart may hold masks of different operations.
        if by == Level::Lane && self.form != Form::ThreadIndex {
            self.form = Form::Plain;
        }
        self
    }
}

/// What is known of a value: of all of it at once, or of each field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Whole(Fact),
    Parts(Vec<Value>),
}

impl Value {
    pub(super) fn summary(&self) -> Fact {
        match self {
            Value::Whole(fact) => fact.clone(),
            Value::Parts(parts) => {
                let facts = parts.iter().map(Value::summary);
                facts.reduce(|all, part| all.or(&part)).unwrap_or_else(Fact::uniform)
            }
        }
    }

    pub(super) fn or(&self, other: &Value) -> Value {
        match (self, other) {
            (Value::Parts(parts), Value::Parts(others)) if parts.len() == others.len() => {
                Value::Parts(parts.iter().zip(others).map(|(part, other)| part.or(other)).collect())
            }
            _ => Value::Whole(self.summary().or(&other.summary())),
        }
    }

    pub(super) fn map(self, change: &mut impl FnMut(Fact) -> Fact) -> Value {
        match self {
            Value::Whole(fact) => Value::Whole(change(fact)),
            Value::Parts(parts) => Value::Parts(parts.into_iter().map(|part| part.map(change)).collect()),
        }
    }

    pub(super) fn assigned(self, by: Level, parting: Option<Position>, at: Position) -> Value {
        self.map(&mut |fact| fact.assigned(by, parting, at))
    }

    pub(super) fn field(&self, field: u32) -> Value {
        match self {
            Value::Parts(parts) => match parts.get(field as usize) {
                Some(part) => part.clone(),
                None => Value::Whole(self.summary().part()),
            },
            Value::Whole(fact) => Value::Whole(fact.clone().part()),
        }
    }

    /// Replaces a part; where parts are not told apart, the whole is what either is.
    pub(super) fn replace(&mut self, steps: &[Projection], new: Value) {
        match (steps, &mut *self) {
            ([], _) => *self = new,
            ([Projection::Field(field), rest @ ..], Value::Parts(parts)) if parts.len() > *field as usize => {
                parts[*field as usize].replace(rest, new);
            }
            _ => *self = Value::Whole(self.summary().or(&new.summary())),
        }
    }
}
