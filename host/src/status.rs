//! The status record: how a kernel says that a round failed.

use crossdock_device::kernels::signal::code;

use crate::error::Stage;
use crate::rank::Rank;
use crate::{Error, Result};

/// Reads a record of `[code, stage, three details, ..]` (see `kernels::signal` of the device crate).
pub(crate) fn check(rank: &Rank, words: &[u32], top_k: u32, experts: u32) -> Result<()> {
    let unknown = || Error::UnknownStatus { rank: rank.index(), words: words.to_vec() };
    let &[status, stage, first, second, third, ..] = words else { return Err(unknown()) };
    if status == code::FINE {
        return Ok(());
    }
    let stage = match stage {
        code::COUNT => Stage::Count,
        code::LAYOUT => Stage::Layout,
        code::DISPATCH => Stage::Dispatch,
        code::COMBINE => Stage::Combine,
        _ => return Err(unknown()),
    };
    Err(match status {
        code::LATE => Error::Late {
            rank: rank.index(),
            stage,
            peer: first as usize,
            expected: second,
            found: third,
            deadline: rank.deadline(),
        },
        code::BAD_EXPERT if second < top_k => Error::NoSuchExpert {
            rank: rank.index(),
            token: first as usize,
            selection: second as usize,
            expert: third.cast_signed(),
            experts,
        },
        _ => unknown(),
    })
}
