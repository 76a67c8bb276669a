//! Ranks that misuse rounds, drawn by `proptest`: they make other calls, come late in device time,
//! die, name experts that do not exist, turn to another dock or capture what cannot be captured.
//! Everybody hears who it was, and sound rounds follow.

#![allow(unreachable_pub, dead_code, reason = "kernels are public so that their arguments are")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Duration;

use crossdock_host::{
    Buffer, Capacity, Cluster, Combine, DeviceRouting, DeviceTokens, Dock, Error, Handle, Kernel, Layout,
    Rank, Routing, Shape, Tokens, Topology, Wire, bf16,
};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

#[crossdock_device::device(crate = ::crossdock_device)]
mod code {
    use crossdock_device::prelude::*;

    /// Keeps the GPU busy.
    #[kernel(warps = 1)]
    pub fn busy(nanoseconds: u64) {
        let start = global_timer();
        while global_timer() - start < nanoseconds {}
    }
}

crossdock_device::specialise! { const BUSY = code::busy {}; }

const HIDDEN: usize = 16;
const TOKENS: usize = 3;
const TOP_K: usize = 2;
/// Divides by 2, 3 and 4 ranks.
const EXPERTS: u32 = 12;
const DEADLINE: Duration = Duration::from_millis(1);

/// A collective call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Dispatch,
    Enqueue,
    Cached,
    /// After a dispatch that all ranks make: of rows or of slots.
    Combine(bool),
    CombineCached(bool),
}

/// What one rank does instead of the call that the others make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deviation {
    None,
    Other(Call),
    Late,
    Finishes,
    Fails,
    Panics,
    BadRoute,
    OtherDock,
}

/// How a rank misuses a capture before it makes its call.
#[derive(Clone, Copy, Debug)]
enum Capturing {
    Nothing,
    Panics,
    Writes,
    OtherStream,
    Unjoined,
    EarlierEvent,
    Nested,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    call: Call,
    who: usize,
    deviation: Deviation,
    capturing: Capturing,
}

#[derive(Clone, Debug)]
struct Misuse {
    ranks: usize,
    layout: Layout,
    steps: Vec<Step>,
    seed: u64,
}

fn misuses() -> impl Strategy<Value = Misuse> {
    let calls = [
        Call::Dispatch,
        Call::Enqueue,
        Call::Cached,
        Call::Combine(false),
        Call::Combine(true),
        Call::CombineCached(false),
        Call::CombineCached(true),
    ];
    let call = move || prop::sample::select(calls.to_vec());
    let deviation = prop_oneof![
        1 => Just(Deviation::None),
        3 => call().prop_map(Deviation::Other),
        2 => Just(Deviation::Late),
        1 => Just(Deviation::Finishes),
        1 => Just(Deviation::Fails),
        1 => Just(Deviation::Panics),
        1 => Just(Deviation::BadRoute),
        1 => Just(Deviation::OtherDock),
    ];
    let capturing = prop_oneof![
        3 => Just(Capturing::Nothing),
        1 => Just(Capturing::Panics),
        1 => Just(Capturing::Writes),
        1 => Just(Capturing::OtherStream),
        1 => Just(Capturing::Unjoined),
        1 => Just(Capturing::EarlierEvent),
        1 => Just(Capturing::Nested),
    ];
    let layout = prop_oneof![
        Just(Layout::BySource),
        Just(Layout::ByExpert { alignment: 2 }),
        Just(Layout::Masked { capacity: 24 })
    ];
    let steps = prop::collection::vec((call(), 0usize..12, deviation, capturing), 1..=3);
    (2usize..=4, layout, steps, 0u64..6).prop_map(|(ranks, layout, steps, seed)| {
        let step = |(call, who, deviation, capturing)| Step { call, who: who % ranks, deviation, capturing };
        Misuse { ranks, layout, steps: steps.into_iter().map(step).collect(), seed }
    })
}

impl Step {
    /// The deviation, if it is one here.
    fn deviation(self) -> Deviation {
        let combines = matches!(self.call, Call::Combine(_));
        let dispatches = |call| matches!(call, Call::Dispatch | Call::Enqueue);
        match self.deviation {
            Deviation::Other(call) if call == self.call => Deviation::None,
            Deviation::Other(call) if dispatches(call) && dispatches(self.call) => Deviation::None,
            Deviation::BadRoute if !dispatches(self.call) => Deviation::None,
            Deviation::OtherDock if combines => Deviation::None,
            other => other,
        }
    }

    /// Whether an error is what a rank must hear. `here` is the rank.
    fn explains(self, here: usize, outcome: &Result<(), Error>) -> bool {
        let who = self.who;
        match (self.deviation(), outcome) {
            (Deviation::None, outcome) => outcome.is_ok(),
            (Deviation::Other(_) | Deviation::OtherDock, Err(Error::OutOfStep { first, second, .. })) => {
                *first == who || *second == who
            }
            // The late rank itself may come in time to see that nobody waits any longer, or a
            // moment later.
            (Deviation::Late, Err(Error::Late { peer, .. })) => *peer == who,
            (Deviation::Late, Ok(())) => here == who,
            (Deviation::BadRoute, Err(Error::NoSuchExpert { rank, token: 1, expert: 77, .. })) => {
                *rank == who
            }
            (
                Deviation::Finishes | Deviation::Fails | Deviation::Panics,
                Err(Error::Late { peer, .. } | Error::PeerFailed { peer, .. } | Error::PeerLeft { peer, .. }),
            ) => *peer == who,
            _ => false,
        }
    }

    /// Whether the rank is gone after the step.
    fn ends(self) -> bool {
        matches!(self.deviation(), Deviation::Finishes | Deviation::Fails | Deviation::Panics)
    }
}

/// A rank with two docks that are alike.
struct Bench<'a> {
    rank: &'a Rank,
    docks: [Dock; 2],
    handle: Option<Handle>,
    busy: Kernel<code::BusyArguments>,
    rows: Buffer<bf16>,
    experts: Buffer<i32>,
    weights: Buffer<f32>,
    count: Buffer<u32>,
    outputs: Buffer<bf16>,
}

const ROWS: [bf16; TOKENS * HIDDEN] = [bf16::ONE; TOKENS * HIDDEN];
const WEIGHTS: [f32; TOKENS * TOP_K] = [0.5; TOKENS * TOP_K];

impl<'a> Bench<'a> {
    fn new(rank: &'a Rank, layout: Layout) -> Result<Bench<'a>, Error> {
        let shape = Shape { hidden: HIDDEN as u32, top_k: TOP_K as u32, experts: EXPERTS, wire: Wire::Bf16 };
        let dock = || rank.dock(rank.kernels(shape)?, Capacity::tokens(TOKENS).layout(layout));
        let docks = [dock()?, dock()?];
        let most = docks[0].slot_capacity().max(docks[0].row_capacity());
        let mut bench = Bench {
            rank,
            docks,
            handle: None,
            busy: rank.kernel(&BUSY)?,
            rows: rank.buffer(ROWS.len())?,
            experts: rank.buffer(WEIGHTS.len())?,
            weights: rank.buffer(WEIGHTS.len())?,
            count: rank.buffer(1)?,
            outputs: rank.buffer(most * HIDDEN)?,
        };
        bench.rows.write(0, &ROWS)?;
        bench.weights.write(0, &WEIGHTS)?;
        bench.count.write(0, &[TOKENS as u32])?;
        bench.outputs.clear()?;
        bench.handle = Some(bench.sound(0)?);
        Ok(bench)
    }

    /// Experts of two ranks for each token.
    fn routes(&self) -> Vec<i32> {
        let first = self.rank.index() as i32 * 2 + 1;
        (0..TOKENS as i32)
            .flat_map(|token| [first + token, first + 5 + token])
            .map(|e| e % EXPERTS as i32)
            .collect()
    }

    /// A sound round.
    fn sound(&mut self, dock: usize) -> Result<Handle, Error> {
        let routes = self.routes();
        let arrived = self.docks[dock].dispatch(&Tokens::Bf16(&ROWS), &Routing::new(&routes, &WEIGHTS))?;
        let handle = arrived.handle()?;
        let outputs = arrived.apply(|_, input, output| output.copy_from_slice(input))?;
        assert!(arrived.combine(&outputs)?.rows == ROWS, "weights add up to 1");
        Ok(handle)
    }

    fn call(&mut self, call: Call, step: Step, dock: usize) -> Result<(), Error> {
        let (mut routes, is_last) = (self.routes(), self.rank.index() == step.who);
        let dispatched = routes.clone();
        let deviation = if is_last { step.deviation() } else { Deviation::None };
        if deviation == Deviation::BadRoute {
            routes[3] = 77;
        }
        if call == Call::Enqueue {
            self.experts.write(0, &routes)?;
        }
        let late = || -> Result<(), Error> {
            if deviation == Deviation::Late {
                let nanoseconds = 20 * DEADLINE.as_nanos() as u64;
                self.busy.enqueue(1, &code::BusyArguments { nanoseconds })?;
            }
            Ok(())
        };
        let combine = |by_row: bool| {
            if by_row { Combine::of_rows(&self.outputs) } else { Combine::of_slots(&self.outputs) }
        };
        let handle = self.handle.as_ref().expect("the first round made it");
        let dock = &mut self.docks[dock];
        let combines = |call| matches!(call, Call::Combine(_));
        let other = if let Deviation::Other(call) = step.deviation() { call } else { step.call };
        let mut arrived = None;
        if combines(step.call) || combines(other) {
            arrived = Some(dock.dispatch(&Tokens::Bf16(&ROWS), &Routing::new(&dispatched, &WEIGHTS))?);
        }
        late()?;
        match deviation {
            Deviation::Finishes | Deviation::Fails => return Err(Error::NoSuchRank { peer: 9, ranks: 1 }),
            Deviation::Panics => panic!("drawn"),
            _ => {}
        }
        if let (Call::Combine(by_row), Some(arrived)) = (call, arrived) {
            return arrived.combine_with(combine(by_row)).map(|_| ());
        }
        match call {
            Call::Combine(_) => unreachable!("something was dispatched"),
            Call::Dispatch => {
                dock.dispatch(&Tokens::Bf16(&ROWS), &Routing::new(&routes, &WEIGHTS)).map(|_| ())
            }
            Call::Cached => dock.dispatch_cached(&Tokens::Bf16(&ROWS), handle).map(|_| ()),
            Call::CombineCached(by_row) => dock.combine_cached(combine(by_row), handle).map(|_| ()),
            Call::Enqueue => {
                let routing = DeviceRouting {
                    experts: (&self.experts).into(),
                    weights: (&self.weights).into(),
                    tokens: (&self.count).into(),
                };
                dock.enqueue(DeviceTokens::Bf16((&self.rows).into()), routing)?;
                dock.synchronise()
            }
        }
    }

    /// Misuses a capture, which must say so.
    fn capture(&mut self, how: Capturing) -> Result<(), Error> {
        let stream = self.rank.new_stream()?;
        let there = self.rank.on(&stream)?;
        let busy = there.kernel(&BUSY)?;
        let arguments = code::BusyArguments { nanoseconds: 1 };
        let before = self.rank.record()?;
        let enqueue = || self.busy.enqueue(1, &arguments);
        let outcome = match how {
            Capturing::Nothing => return Ok(()),
            Capturing::Panics => {
                let panics = || -> Result<(), Error> {
                    enqueue()?;
                    panic!("drawn");
                };
                let capture = || self.rank.capture(panics).map(|_| ());
                assert!(catch_unwind(AssertUnwindSafe(capture)).is_err());
                return Ok(());
            }
            Capturing::Writes => self.rank.capture(|| enqueue().and_then(|()| self.count.write(0, &[0]))),
            Capturing::OtherStream => self.rank.capture(|| busy.enqueue(1, &arguments)),
            Capturing::Unjoined => self.rank.capture(|| -> Result<(), Error> {
                there.wait_for(&self.rank.record()?)?;
                busy.enqueue(1, &arguments)
            }),
            Capturing::EarlierEvent => self.rank.capture(|| self.rank.wait_for(&before)),
            Capturing::Nested => self.rank.capture(|| self.rank.capture(enqueue).map(|_| ())),
        };
        let told = matches!(
            (how, outcome),
            (Capturing::Writes | Capturing::Nested, Err(Error::Capturing { .. }))
                | (Capturing::OtherStream, Err(Error::OutsideCapture { .. }))
                | (Capturing::Unjoined, Err(Error::Unjoined { .. }))
                | (Capturing::EarlierEvent, Err(Error::OtherCapture { .. }))
        );
        assert!(told, "{how:?}");
        Ok(())
    }
}

/// What each rank got of each step.
fn run(misuse: &Misuse) -> Vec<Vec<Result<(), Error>>> {
    let seen: Vec<Mutex<Vec<Result<(), Error>>>> = (0..misuse.ranks).map(|_| Mutex::default()).collect();
    let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(misuse.ranks)).expect("one node");
    let outcome = cluster.deadline(DEADLINE).schedule_seed(misuse.seed).run(|rank| -> Result<(), Error> {
        let mut bench = Bench::new(rank, misuse.layout)?;
        for &step in &misuse.steps {
            let is_other = rank.index() == step.who;
            if is_other {
                bench.capture(step.capturing)?;
            }
            let (call, dock) = match step.deviation() {
                Deviation::Other(call) if is_other => (call, 0),
                Deviation::OtherDock if is_other => (step.call, 1),
                _ => (step.call, 0),
            };
            let outcome = bench.call(call, step, dock);
            let ends = step.ends();
            if ends && is_other {
                return if step.deviation() == Deviation::Finishes { Ok(()) } else { outcome };
            }
            let failed = outcome.is_err();
            seen[rank.index()].lock().expect("no panic holds it").push(outcome);
            if ends {
                return Ok(());
            }
            // A late rank may have come to an end by itself.
            if failed || step.deviation() == Deviation::Late {
                for dock in &mut bench.docks {
                    dock.reset()?;
                }
            }
            for dock in 0..2 {
                bench.sound(dock)?;
            }
        }
        Ok(())
    });
    if !misuse.steps.iter().any(|step| step.ends()) {
        outcome.unwrap_or_else(|error| panic!("{misuse:?}: {error}"));
    }
    seen.into_iter().map(|seen| seen.into_inner().expect("no panic held it")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::with_cases(96)
    })]

    #[test]
    fn misuse_is_named_and_leaves_nothing_behind(misuse in misuses()) {
        for (rank, outcomes) in run(&misuse).iter().enumerate() {
            for (step, outcome) in misuse.steps.iter().zip(outcomes) {
                prop_assert!(step.explains(rank, outcome), "rank {rank}, {step:?}: {outcome:?}");
            }
            let ends = misuse.steps.iter().position(|step| step.ends());
            let expected = match ends {
                Some(at) if misuse.steps[at].who == rank => at,
                Some(at) => at + 1,
                None => misuse.steps.len(),
            };
            prop_assert_eq!(outcomes.len(), expected, "rank {} did not come so far", rank);
        }
    }
}
