//! All schedules of a small program, one after the other.
//!
//! Stateless search: a schedule is a list of choices, the next one repeats all but the last that
//! has an alternative left ("Model Checking for Programming Languages using VeriSoft", Godefroid,
//! POPL 1997). A choice is made before every instruction that others may notice (memory, fences,
//! barriers, copies), at every turn of a copy, and at every strong load that may find several
//! stores. Preemptions are bounded, since mistakes need few ("Iterative Context Bounding for
//! Systematic Testing of Multithreaded Programs", Musuvathi and Qadeer, PLDI 2007).

use std::collections::VecDeque;

use super::path::{Bounds, Path};
use super::{Recording, Schedule, Turn};
use crate::policy::Policy;

/// What an exploration found.
#[derive(Clone, Debug)]
pub struct Exploration<E> {
    /// How many schedules were run.
    pub schedules: u64,
    /// Whether these were all within the bounds on preemptions, stale loads and choices.
    pub exhausted: bool,
    /// The first failure and the schedule that leads to it; nothing is run after it.
    pub failure: Option<(Recording, E)>,
}

/// Runs a program in one schedule after the other, until it fails, all have been run, or as many as
/// the bounds permit.
///
/// `run` makes a machine with the policy it is given, runs it, and fails if it does not like what
/// it sees. Everything else must be the same every time.
///
/// ```
/// use crossdock_emulator::{Argument, Bounds, Config, Error, Launch, Machine, explore};
///
/// // Two warps add one to a word, each with a load and a store.
/// let text = ".version 8.0\n.target sm_90\n.address_size 64
/// .visible .entry count(.param .u64 word) {
///     .reg .b32 %r<2>; .reg .b64 %rd<2>;
///     ld.param.u64 %rd1, [word];
///     ld.relaxed.gpu.global.u32 %r1, [%rd1];
///     add.u32 %r1, %r1, 1;
///     st.relaxed.gpu.global.u32 [%rd1], %r1;
///     ret;
/// }";
/// let found = explore(&Bounds::default(), |policy| -> Result<(), String> {
///     let mut run = || -> Result<u32, Error> {
///         let mut machine = Machine::new(Config { policy: policy.clone(), ..Config::default() })?;
///         let module = machine.load(text)?;
///         let kernel = machine.kernel(module, "count")?;
///         let word = machine.allocate(0, 4)?;
///         machine.fill(word, 0, 4)?;
///         let (grid, block, arguments) = ([2, 1, 1], [1, 1, 1], vec![Argument::U64(word)]);
///         let (gpu, stream, shared_bytes) = (0, 0, 0);
///         machine.launch(Launch { gpu, stream, kernel, grid, block, shared_bytes, arguments })?;
///         machine.run()?;
///         let mut bytes = [0; 4];
///         machine.read(word, &mut bytes)?;
///         Ok(u32::from_le_bytes(bytes))
///     };
///     match run().map_err(|error| error.to_string())? {
///         2 => Ok(()),
///         count => Err(format!("{count} instead of 2")),
///     }
/// });
/// let (_, problem) = found.failure.expect("an increment is lost in some schedule");
/// assert_eq!(problem, "1 instead of 2");
/// ```
pub fn explore<E>(bounds: &Bounds, mut run: impl FnMut(Policy) -> Result<(), E>) -> Exploration<E> {
    let path = Path::default();
    path.walk().bounds = *bounds;
    let mut truncated = false;
    let mut schedules = 0;
    loop {
        if schedules >= bounds.schedules {
            return Exploration { schedules, exhausted: false, failure: None };
        }
        schedules += 1;
        path.walk().begin(schedules);
        let outcome = run(Policy::Explore(path.clone()));
        let mut walk = path.walk();
        truncated |= walk.truncated;
        if let Err(error) = outcome {
            let recording = std::mem::take(&mut walk.recording);
            return Exploration { schedules, exhausted: false, failure: Some((recording, error)) };
        }
        if !walk.advance() {
            return Exploration { schedules, exhausted: !truncated, failure: None };
        }
    }
}

/// Follows a path.
#[derive(Debug)]
pub(crate) struct Explorer {
    path: Path,
    /// The warp and its group of lanes, or the agent, that had the last turn.
    pub(crate) current: Option<(usize, u32)>,
}

impl Explorer {
    pub(super) fn new(path: Path) -> Explorer {
        Explorer { path, current: None }
    }

    /// Chooses one of `count` who can go on; with `preempts` any but the first is a preemption.
    pub(crate) fn choose(&mut self, count: usize, preempts: bool) -> usize {
        let mut walk = self.path.walk();
        if preempts && walk.preemptions >= walk.bounds.preemptions {
            return 0;
        }
        let chosen = walk.choose(count);
        walk.preemptions += u32::from(preempts && chosen != 0);
        chosen
    }

    /// A turn is about to be taken.
    pub(crate) fn took(&mut self, turn: Turn) {
        self.path.walk().recording.turn(turn);
    }
}

impl Schedule for Explorer {
    /// For entries of the queue that cannot go on, which the engine passes over.
    fn next(&mut self, ready: &mut VecDeque<usize>) -> Result<Option<Turn>, String> {
        Ok(ready.pop_front().map(|warp| Turn { warp, budget: 1, group: None }))
    }

    fn find(&mut self, oldest: &mut dyn FnMut() -> usize, newest: usize) -> usize {
        let oldest = oldest();
        let mut walk = self.path.walk();
        let back =
            if walk.stale_loads >= walk.bounds.stale_loads { 0 } else { walk.choose(newest - oldest + 1) };
        walk.stale_loads += u32::from(back != 0);
        walk.recording.load(back);
        newest - back
    }

    fn explorer(&mut self) -> Option<&mut Explorer> {
        Some(self)
    }
}
