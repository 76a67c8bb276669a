//! Moments on a rank's stream, for measuring what lies between two of them.

use crate::backend::Mark;
use crate::rank::Rank;
use crate::report::Elapsed;
use crate::{Error, Result};

/// A moment on the stream of a rank: after everything that was launched before it was asked for.
///
/// ```
/// use crossdock_host::{Cluster, Error, Topology};
///
/// # fn main() -> Result<(), Error> {
/// Cluster::emulated(Topology::nodes(1))?.run(|rank| -> Result<(), Error> {
///     let before = rank.moment()?;
///     // .. launches ..
///     let after = rank.moment()?;
///     println!("{:?}", before.until(&after)?);
///     Ok(())
/// })?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Moment {
    rank: Rank,
    mark: Mark,
}

impl Moment {
    /// How long it takes the GPU to come from this moment to a later one of the same rank. Waits until that has come.
    ///
    /// # Errors
    /// When the moments are of different ranks, the later one is first, or a kernel between them faults.
    pub fn until(&self, later: &Moment) -> Result<Elapsed> {
        if !self.rank.is(&later.rank) {
            return Err(Error::OtherMoment { rank: self.rank.index(), other: later.rank.index() });
        }
        self.rank.backend().elapsed(self.rank.index(), self.mark, later.mark)
    }
}

impl Drop for Moment {
    fn drop(&mut self) {
        self.rank.backend().forget(self.rank.index(), self.mark);
    }
}

impl Rank {
    /// This moment on the rank's stream. Returns at once.
    ///
    /// # Errors
    /// When the machine is broken.
    pub fn moment(&self) -> Result<Moment> {
        let mark = self.backend().record(self.index())?;
        Ok(Moment { rank: self.clone(), mark })
    }
}
