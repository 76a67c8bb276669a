//! The GPUs that PTX can be made for: when each became a target, and which PTX version text for it is written in.

use std::fmt;

use super::requirement::Sm;
use super::version;
use crate::model::Version;

/// A `.target` (PTX ISA section 11.1).
///
/// Text for a plain target such as `sm_90` also runs on newer GPUs. `sm_90a` gives all that this one architecture has and
/// runs on no other; `sm_100f` gives what its family shares and runs on the family.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Target(&'static Row);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Row {
    name: &'static str,
    since: Version,
    written: Version,
}

/// What the newest PTX is that the table of instructions knows.
pub const NEWEST_VERSION: Version = version(9, 1);

const fn row(name: &'static str, since: (u32, u32), written: (u32, u32)) -> Row {
    Row { name, since: version(since.0, since.1), written: version(written.0, written.1) }
}

/// Target, the PTX version that introduced it (PTX ISA section 13, release notes), and the version that text for it is
/// written in unless another is asked for: the oldest that has what the generation is used for. Ada: 8-bit float
/// conversions. Hopper: 128-bit atomics. Blackwell: 256-bit loads.
static ROWS: &[Row] = &[
    row("sm_80", (7, 0), (8, 0)),
    row("sm_86", (7, 1), (8, 0)),
    row("sm_87", (7, 4), (8, 0)),
    row("sm_88", (9, 0), (9, 0)),
    row("sm_89", (7, 8), (8, 1)),
    row("sm_90", (7, 8), (8, 4)),
    row("sm_90a", (8, 0), (8, 4)),
    row("sm_100", (8, 6), (8, 8)),
    row("sm_100a", (8, 6), (8, 8)),
    row("sm_100f", (8, 8), (8, 8)),
    row("sm_103", (8, 8), (8, 8)),
    row("sm_103a", (8, 8), (8, 8)),
    row("sm_103f", (8, 8), (8, 8)),
    row("sm_110", (9, 0), (9, 0)),
    row("sm_110a", (9, 0), (9, 0)),
    row("sm_110f", (9, 0), (9, 0)),
    row("sm_120", (8, 7), (8, 8)),
    row("sm_120a", (8, 7), (8, 8)),
    row("sm_120f", (8, 8), (8, 8)),
    row("sm_121", (8, 8), (8, 8)),
    row("sm_121a", (8, 8), (8, 8)),
    row("sm_121f", (8, 8), (8, 8)),
];

impl Target {
    /// The oldest target: its text runs on every GPU that is supported.
    pub const OLDEST: Target = Target(&ROWS[0]);

    /// The target of that name, such as `sm_90a`.
    pub fn named(name: &str) -> Option<Target> {
        Target::all().find(|target| target.name() == name)
    }

    /// Every target, older ones first.
    pub fn all() -> impl Iterator<Item = Target> {
        ROWS.iter().map(Target)
    }

    /// As `.target` spells it.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The GPU.
    pub fn sm(self) -> Sm {
        Sm::parse(self.0.name).expect("the names of the table are well formed")
    }

    /// The PTX version that introduced it.
    pub fn since(self) -> Version {
        self.0.since
    }

    /// The PTX version that text for it is written in unless another is asked for.
    pub fn written_in(self) -> Version {
        self.0.written
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl Version {
    /// Reads `8.6`; `None` for a version that does not exist or is newer than the table of instructions.
    pub fn parse(text: &str) -> Option<Version> {
        let (major, minor) = text.split_once('.')?;
        let found = Version { major: major.parse().ok()?, minor: minor.parse().ok()? };
        let newest_minor = match found.major {
            6 => 5,
            7 | 8 => 8,
            major if major == NEWEST_VERSION.major => NEWEST_VERSION.minor,
            _ => return None,
        };
        // `8.06` and `+8.6` are numbers too, but no versions.
        (found.minor <= newest_minor && found.to_string() == text).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_an_architecture_and_is_written_in_a_version_that_has_it() {
        for target in Target::all() {
            assert_eq!(Target::named(target.name()), Some(target));
            assert!(target.since() <= target.written_in(), "{target}");
            let written = target.written_in();
            assert_eq!(Version::parse(&written.to_string()), Some(written), "{target}");
            assert_eq!(target.sm().specific, target.name().ends_with(['a', 'f']), "{target}");
        }
        assert_eq!(Target::named("sm_42"), None);
        assert_eq!(Target::named("hopper"), None);
    }

    #[test]
    fn versions_that_do_not_exist_are_none() {
        for text in ["8.9", "8.06", "+8.6", "8", "9.2", "10.0", "", ".", "8.6.1", "99999999999.0"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
        assert_eq!(Version::parse("8.6"), Some(version(8, 6)));
    }
}
