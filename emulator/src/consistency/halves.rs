//! Halves of release and acquire patterns (PTX ISA section 8.8) that a lane has made so far.

use super::location::Release;
use crate::op::Scope;

/// What a lane keeps between an operation and a fence that makes a pattern of both.
#[derive(Clone, Debug, Default)]
pub(crate) struct Halves {
    /// The latest release fence of each scope.
    pub(super) fences: Vec<Release>,
    /// Releases that strong reads found and that no acquire has taken yet.
    pub(crate) found: Vec<Found>,
    /// Releases that were found but whose scopes, or those of who found them, do not suffice.
    pub(crate) missed: Vec<Found>,
}

/// A release that a strong read found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) release: Release,
    /// The location, for a later acquire of it.
    pub(crate) key: u64,
    /// The read, or the acquire whose scope did not suffice.
    pub(crate) pc: u32,
    pub(crate) scope: Scope,
}
