//! The GPUs that PTX can be made for: when each became a target, and which PTX version text for it
//! is written in.

use std::fmt;

use super::requirement::Sm;
use super::version;
use crate::version::Version;

/// A `.target` (PTX ISA section 11.1).
///
/// Text for a plain target such as `sm_90` also runs on newer GPUs. `sm_90a` gives all that this
/// one architecture has and runs on no other; `sm_100f` gives what its family shares and runs on
/// the family.
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

/// Target, the PTX version that introduced it (PTX ISA section 13, release notes), and the version
/// that text for it is written in unless another is asked for: the oldest that has what the
/// generation is used for. Ada: 8-bit float conversions. Hopper: 128-bit atomics. Blackwell:
/// 256-bit loads.
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

/// The newest PTX version that the driver of a CUDA release reads (PTX ISA section 13, "Release
/// Notes", table of releases).
static RELEASES: &[((u32, u32), Version)] = &[
    ((11, 0), version(7, 0)),
    ((11, 1), version(7, 1)),
    ((11, 2), version(7, 2)),
    ((11, 3), version(7, 3)),
    ((11, 4), version(7, 4)),
    ((11, 5), version(7, 5)),
    ((11, 6), version(7, 6)),
    ((11, 7), version(7, 7)),
    ((11, 8), version(7, 8)),
    ((12, 0), version(8, 0)),
    ((12, 1), version(8, 1)),
    ((12, 2), version(8, 2)),
    ((12, 3), version(8, 3)),
    ((12, 4), version(8, 4)),
    ((12, 5), version(8, 5)),
    ((12, 7), version(8, 6)),
    ((12, 8), version(8, 7)),
    ((12, 9), version(8, 8)),
    ((13, 0), version(9, 0)),
    ((13, 1), version(9, 1)),
];

fn ptx_of_cuda(release: (u32, u32)) -> Option<Version> {
    RELEASES.iter().rev().find(|(since, _)| *since <= release).map(|&(_, newest)| newest)
}

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

    /// The newest target that a GPU of this compute capability runs under a driver for this CUDA
    /// version, both as (major, minor): a plain one, so that it is no newer than the GPU, and one
    /// whose text the driver can read. `None` for a GPU or a driver that is older than all of them.
    ///
    /// ```
    /// use crossdock_ptx::table::Target;
    ///
    /// assert_eq!(Target::of_gpu((9, 0), (13, 0)), Target::named("sm_90"));
    /// // This driver does not know the PTX of Blackwell yet, but runs that of Hopper on it.
    /// assert_eq!(Target::of_gpu((10, 0), (12, 6)), Target::named("sm_90"));
    /// ```
    pub fn of_gpu(capability: (u32, u32), cuda: (u32, u32)) -> Option<Target> {
        let number = capability.0.saturating_mul(10).saturating_add(capability.1);
        let newest = ptx_of_cuda(cuda)?;
        Target::all()
            .filter(|target| !target.sm().specific && target.sm().number <= number)
            .filter(|target| target.written_in() <= newest)
            .max_by_key(|target| target.sm().number)
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
    /// Reads `8.6`; `None` for a version that does not exist or is newer than the table of
    /// instructions.
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
    fn a_gpu_gets_the_newest_target_that_it_and_its_driver_know() {
        for (capability, cuda, expected) in [
            ((8, 0), (12, 4), Some("sm_80")),
            ((8, 9), (12, 4), Some("sm_89")),
            ((9, 0), (12, 4), Some("sm_90")),
            ((9, 0), (12, 3), Some("sm_89")),  // `sm_90` is written in PTX 8.4
            ((10, 0), (12, 8), Some("sm_90")), // and `sm_100` in 8.8
            ((10, 0), (12, 9), Some("sm_100")),
            ((10, 3), (13, 0), Some("sm_103")),
            ((12, 1), (13, 1), Some("sm_121")),
            // Newer than the table: what is known runs there too.
            ((15, 7), (99, 0), Some("sm_121")),
            ((u32::MAX, 0), (13, 1), Some("sm_121")),
            ((7, 5), (13, 1), None),
            ((9, 0), (10, 2), None),
        ] {
            let found = Target::of_gpu(capability, cuda).map(Target::name);
            assert_eq!(found, expected, "{capability:?} under CUDA {cuda:?}");
        }
    }

    #[test]
    fn versions_that_do_not_exist_are_none() {
        for text in ["8.9", "8.06", "+8.6", "8", "9.2", "10.0", "", ".", "8.6.1", "99999999999.0"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
        assert_eq!(Version::parse("8.6"), Some(version(8, 6)));
    }
}
