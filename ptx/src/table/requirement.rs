//! The least PTX version and GPU of a form, and of single modifiers wherever they occur.

use std::fmt;

use crate::version::Version;

/// A GPU architecture: `sm_90`, or `sm_90a` when `specific`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sm {
    /// Ten times the compute capability.
    pub number: u32,
    /// Whether architecture- or family-specific features (`a` or `f`) are meant.
    pub specific: bool,
}

impl Sm {
    /// Reads `sm_90` or `sm_90a`; `None` for anything else (such as `debug`).
    pub fn parse(target: &str) -> Option<Sm> {
        let digits = target.strip_prefix("sm_")?;
        let (digits, specific) = match digits.strip_suffix(['a', 'f']) {
            Some(digits) => (digits, true),
            None => (digits, false),
        };
        Some(Sm { number: digits.parse().ok()?, specific })
    }

    /// Whether code that needs `self` runs on `target`.
    pub fn is_met_by(self, target: Sm) -> bool {
        target.number >= self.number && (target.specific || !self.specific)
    }
}

impl fmt::Display for Sm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sm_{}{}", self.number, if self.specific { "a" } else { "" })
    }
}

/// A least PTX version and GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Least `.version`.
    pub version: Version,
    /// Least `.target`.
    pub sm: Sm,
}

impl Requirement {
    /// What both need.
    pub fn and(self, other: Requirement) -> Requirement {
        let sm = Sm {
            number: self.sm.number.max(other.sm.number),
            specific: self.sm.specific || other.sm.specific,
        };
        Requirement { version: self.version.max(other.version), sm }
    }

    /// What one modifier needs in any instruction; `None` when it needs nothing of its own.
    pub fn of_modifier(modifier: &str) -> Option<Requirement> {
        let (_, version, number, specific) = MODIFIERS.iter().find(|(name, ..)| *name == modifier)?;
        let version = Version { major: version.0, minor: version.1 };
        Some(Requirement { version, sm: Sm { number: *number, specific: *specific } })
    }
}

impl Requirement {
    /// What modifiers need together: vectors of 256 bits.
    pub(crate) fn of_combination(modifiers: &[&str]) -> Option<Requirement> {
        let wide = modifiers.contains(&"v4")
            && modifiers.iter().any(|m| matches!(*m, "b64" | "u64" | "s64" | "f64"));
        let version = Version { major: 8, minor: 8 };
        wide.then_some(Requirement { version, sm: Sm { number: 100, specific: false } })
    }
}

type ModifierRow = (&'static str, (u32, u32), u32, bool);

/// Modifier, least PTX version, least GPU, whether that must be an `a` or `f` target.
static MODIFIERS: &[ModifierRow] = &[
    ("cluster", (7, 8), 90, false),
    ("shared::cluster", (7, 8), 90, false),
    ("shared::cta", (7, 8), 30, false),
    ("param::entry", (8, 3), 70, false),
    ("param::func", (8, 3), 70, false),
    ("L1::evict_normal", (7, 4), 70, false),
    ("L1::evict_unchanged", (7, 4), 70, false),
    ("L1::evict_first", (7, 4), 70, false),
    ("L1::evict_last", (7, 4), 70, false),
    ("L1::no_allocate", (7, 4), 70, false),
    ("L2::cache_hint", (7, 4), 80, false),
    ("L2::64B", (7, 4), 75, false),
    ("L2::128B", (7, 4), 75, false),
    ("L2::256B", (7, 4), 80, false),
    ("b128", (8, 3), 70, false),
    ("v8", (8, 8), 100, false),
    ("relu", (7, 0), 80, false),
    ("NaN", (7, 0), 80, false),
    ("bf16", (7, 0), 80, false),
    ("bf16x2", (7, 0), 80, false),
    ("oob", (8, 1), 90, false),
];
