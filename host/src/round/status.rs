//! The status record: how a kernel says that a round failed.

use crossdock_device::Shape;
use crossdock_device::kernels::signal::code;
use crossdock_device::layout::code::{OVERFLOWING_EXPERT, OVERFLOWING_ROWS, OVERFLOWING_SLOTS};

use crate::error::{Overflowing, Stage};
use crate::gpu::rank::Rank;
use crate::round::capacity::ResolvedCapacity;
use crate::{Error, Result};

/// Reads a record of `[code, stage, three details, ..]` (see `kernels::signal` of the device crate). `flags` gives the rounds in which
/// ranks last reached a stage.
pub(crate) fn check(
    rank: &Rank,
    words: &[u32],
    shape: &Shape,
    capacity: &ResolvedCapacity,
    flags: impl FnOnce(Stage) -> Result<Vec<u32>>,
) -> Result<()> {
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
        code::BEGIN_ROUND => Stage::BeginRound,
        _ => return Err(unknown()),
    };
    Err(match status {
        code::LATE => Error::Late {
            rank: rank.index(),
            stage,
            peer: first as usize,
            expected: second,
            found: third,
            present: flags(stage)?.into_iter().filter(|&round| round == second).count(),
            ranks: rank.topology().ranks(),
            deadline: rank.deadline(),
        },
        code::OVERFLOW => {
            let (what, most) = match second {
                OVERFLOWING_ROWS => (Overflowing::Rows, capacity.rows),
                OVERFLOWING_SLOTS => (Overflowing::Slots, capacity.slots),
                expert => {
                    let local_experts = shape.experts as usize / rank.topology().ranks();
                    let local = (expert - OVERFLOWING_EXPERT) as usize;
                    let number = first as usize * local_experts + local;
                    (Overflowing::Expert(number), capacity.layout.expert_capacity() as usize)
                }
            };
            Error::Overflow { rank: first as usize, what, found: third as usize, most }
        }
        code::TOO_MANY_TOKENS => {
            Error::OverCapacity { rank: rank.index(), tokens: first as usize, capacity: second as usize }
        }
        code::BAD_EXPERT if second < shape.top_k => Error::NoSuchExpert {
            rank: rank.index(),
            token: first as usize,
            selection: second as usize,
            expert: third.cast_signed(),
            experts: shape.experts,
        },
        _ => unknown(),
    })
}
