//! The time that launches take on their GPU, from one event to another.

use crossdock::host::report::Elapsed;
use crossdock::host::{Error, Rank};

/// What was launched, and the time from before its first launch to its end.
pub(super) fn spanned<T>(
    rank: &Rank,
    launch: impl FnOnce() -> Result<T, Error>,
) -> Result<(T, Option<Elapsed>), Error> {
    let begin = rank.record()?;
    let launched = launch()?;
    let end = rank.record()?;
    rank.synchronise()?;
    Ok((launched, Some(begin.until(&end)?)))
}
