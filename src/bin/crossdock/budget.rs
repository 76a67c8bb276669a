//! `--sms` against the GPU that is there.

use crossdock::host::planning::Budget;
use crossdock::host::{Error, Rank};

/// Refuses more multiprocessors than a rank has, by the name of the flag, before anything runs.
pub(crate) fn check(rank: &Rank, budget: Budget) -> Result<(), Error> {
    let most = rank.multiprocessors();
    match budget {
        Budget::Multiprocessors(count) if count > most => {
            Err(Error::OutOfRange { parameter: "--sms", value: count.into(), least: 1, most: most.into() })
        }
        _ => Ok(()),
    }
}
