//! `--sms` against the GPU that is there.

use crossdock::host::planning::SmBudget;
use crossdock::host::{Error, Rank};

/// Refuses more multiprocessors than a rank has, by the name of the flag, before anything runs.
pub(crate) fn check(rank: &Rank, budget: SmBudget) -> Result<(), Error> {
    let most = rank.multiprocessors();
    match budget {
        SmBudget::Multiprocessors(count) if count > most => {
            Err(Error::OutOfRange { parameter: "--sms", value: count.into(), least: 1, most: most.into() })
        }
        _ => Ok(()),
    }
}
