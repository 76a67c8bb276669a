//! Who executes next and for how long, and what strong loads find: every decision that is not the
//! program's own is made by a [`Schedule`], so that policies can be exchanged, recorded, replayed
//! and enumerated.

mod explore;
mod path;
mod priorities;
mod random;
mod recorder;
mod recording;
mod replay;
mod round_robin;
mod turn;

use std::collections::VecDeque;

use crate::config::Config;
use crate::policy::Policy;
pub(crate) use explore::Explorer;
pub use explore::{Exploration, explore};
pub use path::{Bounds, Path};
use priorities::Priorities;
use random::Random;
use recorder::Recorder;
pub use recording::Recording;
use replay::Replay;
use round_robin::RoundRobin;
pub(crate) use turn::{AGENT, Turn};

/// A scheduling policy at work.
pub(crate) trait Schedule: std::fmt::Debug + Send {
    /// Takes a warp or an agent out of the ready queue; `None` when it is empty.
    ///
    /// # Errors
    /// The recorded schedule is not one of this program.
    fn next(&mut self, ready: &mut VecDeque<usize>) -> Result<Option<Turn>, String>;

    /// Which of the stores to a location a strong load finds: one from `oldest()` to `newest`, both
    /// included.
    fn find(&mut self, oldest: &mut dyn FnMut() -> usize, newest: usize) -> usize;

    /// How many instructions the last turn had in the end.
    fn executed(&mut self, _instructions: u32) {}

    /// The policy that decides instruction by instruction, if it is this one.
    fn explorer(&mut self) -> Option<&mut Explorer> {
        None
    }

    /// What was decided so far, if it is recorded.
    fn recording(&self) -> Option<&Recording> {
        None
    }
}

/// What a configuration asks for.
pub(crate) fn new(config: &Config) -> Box<dyn Schedule> {
    let seed = config.schedule_seed;
    let schedule: Box<dyn Schedule> = match &config.policy {
        Policy::Fair if seed == 0 => Box::new(RoundRobin),
        Policy::Fair => Box::new(Random::new(seed)),
        Policy::Priorities { changes } => Box::new(Priorities::new(seed, *changes)),
        Policy::Replay(recording) => Box::new(Replay::new(recording.clone())),
        Policy::Explore(path) => return Box::new(Explorer::new(path.clone())),
    };
    if config.record { Box::new(Recorder::new(schedule)) } else { schedule }
}

/// Takes a given entry out of the ready queue.
fn take(ready: &mut VecDeque<usize>, entry: usize) -> Option<usize> {
    let position = ready.iter().position(|&other| other == entry)?;
    ready.remove(position)
}
