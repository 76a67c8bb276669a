//! What a schedule hands out: turns of warps, and of agents, which are copies that go on by
//! themselves.

/// Marks entries of the ready queue that are agents, by serial number, instead of warps.
pub(crate) const AGENT: usize = 1 << (usize::BITS - 1);

/// One turn of a warp or an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// The warp, or an [`AGENT`].
    pub(crate) warp: usize,
    /// Instructions.
    pub(crate) budget: u32,
    /// The path group to start with, modulo the number of ready ones.
    pub(crate) group: Option<u32>,
}
