//! The launches of a stage, and what they did.

use crate::Result;
use crate::gpu::kernel::Launched;
use crate::gpu::rank::Rank;
use crate::gpu::stream::Event;
use crate::report::StageReport;

/// The launches of a stage, and the moment before the first.
#[derive(Debug)]
pub(crate) struct Launches {
    begin: Event,
    launched: Vec<Launched>,
}

impl Launches {
    /// None yet. The host will wait for them, so they cannot be captured.
    pub(crate) fn begin(rank: &Rank) -> Result<Launches> {
        rank.refuse_in_capture("what the host waits for")?;
        Ok(Launches { begin: rank.record()?, launched: Vec::new() })
    }

    /// Adds a launch.
    pub(crate) fn push(&mut self, launched: Launched) {
        self.launched.push(launched);
    }

    /// What they did, once they are finished; `end` is the moment after the last.
    pub(crate) fn report(self, end: &Event) -> Result<StageReport> {
        let span = Some(self.begin.until(end)?);
        Ok(StageReport { launches: self.launched.into_iter().map(Launched::report).collect(), span })
    }
}
