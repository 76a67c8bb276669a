//! Ranks that make different collective calls: every rank gets an error that names the calls and
//! the ranks, and after a reset a round gives exact results.

use std::time::Duration;

use crossdock_host::{
    Buffer, Capacity, Cluster, Combine, DeviceRouting, DeviceTokens, Dock, Error, Handle, Layout, Rank,
    Routing, Shape, Tokens, Topology, Wire, bf16,
};

const HIDDEN: usize = 64;
const TOKENS: usize = 4;
const SHAPE: Shape = Shape { hidden: HIDDEN as u32, top_k: 2, experts: 6, wire: Wire::Bf16 };
const LAYOUTS: [Layout; 3] =
    [Layout::BySource, Layout::ByExpert { alignment: 2 }, Layout::Masked { capacity: 24 }];

fn cluster(ranks: usize, schedule_seed: u64) -> Cluster {
    let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(ranks)).expect("one node");
    cluster.deadline(Duration::from_millis(20)).schedule_seed(schedule_seed)
}

/// A collective call. Those without a handle that combine follow a dispatch that all ranks made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Dispatch,
    Enqueue,
    Cached(usize),
    Combine(Ask),
    CombineCached(usize, Ask),
}

/// How a combine combines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    Sums,
    Unweighted,
    OfRows,
    WithValues,
}

const CALLS: [Call; 12] = [
    Call::Dispatch,
    Call::Enqueue,
    Call::Cached(0),
    Call::Cached(1),
    Call::Combine(Ask::Sums),
    Call::Combine(Ask::Unweighted),
    Call::Combine(Ask::OfRows),
    Call::Combine(Ask::WithValues),
    Call::CombineCached(0, Ask::Sums),
    Call::CombineCached(1, Ask::Sums),
    Call::CombineCached(1, Ask::OfRows),
    Call::CombineCached(0, Ask::WithValues),
];

impl Call {
    /// Whether calls of this kind belong together. A dispatch is the same, whoever waits for it.
    fn belongs_to(self, other: Call) -> bool {
        let dispatches = |call| matches!(call, Call::Dispatch | Call::Enqueue);
        self == other || dispatches(self) && dispatches(other)
    }

    /// What an error says of it.
    fn words(self) -> &'static str {
        match self {
            Call::Dispatch | Call::Enqueue => "dispatch (",
            Call::Cached(0) => "dispatch_cached with the handle of round 1 of dock 0",
            Call::Cached(_) => "dispatch_cached with the handle of round 2 of dock 0",
            Call::Combine(Ask::Sums) => "combine of slots, weighted, without values",
            Call::Combine(Ask::Unweighted) => "combine of slots, unweighted, without values",
            Call::Combine(Ask::OfRows) => "combine of rows, unweighted, without values",
            Call::Combine(Ask::WithValues) => "combine of slots, weighted, with values",
            Call::CombineCached(0, Ask::Sums) => {
                "combine_cached with the handle of round 1 of dock 0 of slots"
            }
            Call::CombineCached(_, Ask::Sums) => {
                "combine_cached with the handle of round 2 of dock 0 of slots"
            }
            Call::CombineCached(_, Ask::WithValues) => "with values",
            Call::CombineCached(..) => "handle of round 2 of dock 0 of rows, unweighted",
        }
    }
}

/// A rank with a dock and the handles of two rounds of different sizes.
struct Bench<'a> {
    rank: &'a Rank,
    dock: Dock,
    handles: Vec<Handle>,
    rows: Buffer<bf16>,
    experts: Buffer<i32>,
    weights: Buffer<f32>,
    count: Buffer<u32>,
    outputs: Buffer<bf16>,
    values: Buffer<f32>,
}

fn tokens(count: usize) -> Vec<bf16> {
    vec![bf16::ONE; count * HIDDEN]
}

/// Each token visits the next rank and its own.
fn routes(rank: &Rank, count: usize) -> Vec<i32> {
    let (own, next) = (rank.index(), (rank.index() + 1) % rank.topology().ranks());
    let local = SHAPE.experts as usize / rank.topology().ranks();
    [(own * local) as i32, (next * local) as i32].repeat(count)
}

impl<'a> Bench<'a> {
    fn new(rank: &'a Rank, layout: Layout) -> Result<Bench<'a>, Error> {
        let dock = rank.dock(rank.kernels(SHAPE)?, Capacity::tokens(TOKENS).layout(layout))?;
        let (slots, rows) = (dock.slot_capacity(), dock.row_capacity());
        let bench = Bench {
            rank,
            handles: Vec::new(),
            rows: rank.buffer(TOKENS * HIDDEN)?,
            experts: rank.buffer(TOKENS * 2)?,
            weights: rank.buffer(TOKENS * 2)?,
            count: rank.buffer(1)?,
            outputs: rank.buffer(slots.max(rows) * HIDDEN)?,
            values: rank.buffer(slots)?,
            dock,
        };
        bench.rows.write(0, &tokens(TOKENS))?;
        bench.experts.write(0, &routes(rank, TOKENS))?;
        bench.weights.write(0, &[0.5; TOKENS * 2])?;
        bench.count.write(0, &[TOKENS as u32])?;
        bench.outputs.clear()?;
        bench.values.clear()?;
        Ok(bench)
    }

    /// A sound round of `count` tokens; its handle.
    fn round(&mut self, count: usize) -> Result<Handle, Error> {
        let (experts, weights) = (routes(self.rank, count), vec![0.5; count * 2]);
        let arrived = self.dock.dispatch(&Tokens::Bf16(&tokens(count)), &Routing::new(&experts, &weights))?;
        let handle = arrived.handle()?;
        let outputs = arrived.apply(|_, input, output| output.copy_from_slice(input))?;
        let sums = arrived.combine(&outputs)?.rows;
        assert!(sums == tokens(count), "weights add up to 1");
        Ok(handle)
    }

    /// Makes a call, on the round that was dispatched before if `is_dispatched`.
    fn call(&mut self, call: Call, is_dispatched: bool) -> Result<(), Error> {
        let (rows, routes, weights) = (tokens(TOKENS), routes(self.rank, TOKENS), [0.5; TOKENS * 2]);
        let given = Tokens::Bf16(&rows);
        // The dock is lent to what arrived, so the rest is borrowed beside it.
        let Bench { dock, handles, rows, experts, weights: on_device, count, outputs, values, .. } = self;
        let combine = |ask| match ask {
            Ask::Sums => Combine::of_slots(&*outputs),
            Ask::Unweighted => Combine::of_slots(&*outputs).unweighted(),
            Ask::OfRows => Combine::of_rows(&*outputs),
            Ask::WithValues => Combine::of_slots(&*outputs).values(values),
        };
        let arrived =
            if is_dispatched { Some(dock.dispatch(&given, &Routing::new(&routes, &weights))?) } else { None };
        match (call, arrived) {
            (Call::Combine(ask), Some(arrived)) => arrived.combine_with(combine(ask)).map(|_| ()),
            (Call::Combine(_), None) => panic!("nothing was dispatched"),
            (Call::Dispatch, _) => dock.dispatch(&given, &Routing::new(&routes, &weights)).map(|_| ()),
            (Call::Enqueue, _) => {
                let routing = DeviceRouting {
                    experts: (&*experts).into(),
                    weights: (&*on_device).into(),
                    tokens: (&*count).into(),
                };
                dock.enqueue(DeviceTokens::Bf16((&*rows).into()), routing)?;
                dock.synchronise()
            }
            (Call::Cached(made), _) => {
                let count = handles[made].tokens() * HIDDEN;
                dock.dispatch_cached(&Tokens::Bf16(&tokens(TOKENS)[..count]), &handles[made]).map(|_| ())
            }
            (Call::CombineCached(made, ask), _) => {
                dock.combine_cached(combine(ask), &handles[made]).map(|_| ())
            }
        }
    }
}

/// One rank makes a call and the others another one: each rank's error.
fn differ(
    ranks: usize,
    odd: usize,
    calls: (Call, Call),
    layout: Layout,
    seed: u64,
) -> Vec<Result<(), Error>> {
    let outcome = cluster(ranks, seed).run(|rank| -> Result<Result<(), Error>, Error> {
        let mut bench = Bench::new(rank, layout)?;
        for count in [1, TOKENS] {
            let handle = bench.round(count)?;
            bench.handles.push(handle);
        }
        let is_dispatched = matches!(calls.0, Call::Combine(_)) || matches!(calls.1, Call::Combine(_));
        let outcome = bench.call(if rank.index() == odd { calls.0 } else { calls.1 }, is_dispatched);
        bench.dock.reset()?;
        bench.round(TOKENS - 1)?;
        Ok(outcome)
    });
    outcome.unwrap_or_else(|error| panic!("{calls:?}, {layout:?}: {error}"))
}

#[test]
fn every_pair_of_different_calls_is_an_error_of_all_ranks_that_names_them() {
    for (at, &one) in CALLS.iter().enumerate() {
        for (number, &other) in CALLS.iter().enumerate() {
            let (ranks, odd) = (2 + (at + number) % 2, (at + number) % 2);
            let (layout, seed) = (LAYOUTS[(at + 2 * number) % 3], (at % 4) as u64);
            for (rank, outcome) in differ(ranks, odd, (one, other), layout, seed).into_iter().enumerate() {
                let place =
                    format!("{one:?} of rank {odd} beside {other:?}, {layout:?}, rank {rank} of {ranks}");
                if one.belongs_to(other) {
                    outcome.unwrap_or_else(|error| panic!("{place}: {error}"));
                    continue;
                }
                let Err(Error::OutOfStep { first, first_purpose, second, second_purpose }) = outcome else {
                    panic!("{place}: {outcome:?}");
                };
                let (odd_call, call) = if first == odd {
                    (first_purpose, second_purpose)
                } else {
                    assert_eq!(second, odd, "{place}");
                    (second_purpose, first_purpose)
                };
                assert!(odd_call.contains(one.words()), "{place}: {odd_call}");
                assert!(call.contains(other.words()), "{place}: {call}");
            }
        }
    }
}

#[test]
fn docks_in_another_order_are_an_error_of_all_ranks_that_names_them() {
    for ranks in [2, 3] {
        let outcome = cluster(ranks, 1).run(|rank| -> Result<Error, Error> {
            let mut docks = [Bench::new(rank, Layout::BySource)?, Bench::new(rank, Layout::BySource)?];
            for dock in &mut docks {
                dock.round(2)?;
            }
            let order = if rank.index() == 1 { [1, 0] } else { [0, 1] };
            let mut outcome = Ok(());
            for dock in order {
                outcome = outcome.and_then(|()| docks[dock].round(2).map(|_| ()));
            }
            for dock in &mut docks {
                dock.dock.reset()?;
                dock.round(3)?;
            }
            Ok(outcome.expect_err("nobody comes to the same dock"))
        });
        for error in outcome.unwrap_or_else(|error| panic!("{error}")) {
            let Error::OutOfStep { first, first_purpose, second: 1, second_purpose } = &error else {
                let Error::OutOfStep { first: 1, second: 2, .. } = &error else { panic!("{error}") };
                continue;
            };
            assert_ne!(*first, 1);
            assert_eq!(first_purpose, "dispatch (round 2 of dock 0)");
            assert_eq!(second_purpose, "dispatch (round 2 of dock 1)");
        }
    }
}

#[test]
fn two_docks_on_two_streams_may_be_under_way_in_any_order() {
    let outcome = cluster(2, 3).run(|rank| -> Result<(), Error> {
        let stream = rank.new_stream()?;
        let there = rank.on(&stream)?;
        let mut docks = [Bench::new(rank, Layout::BySource)?, Bench::new(&there, Layout::BySource)?];
        let order = if rank.index() == 1 { [1, 0] } else { [0, 1] };
        for number in order {
            let Bench { dock, rows, experts, weights, count, .. } = &mut docks[number];
            let routing = DeviceRouting {
                experts: (&*experts).into(),
                weights: (&*weights).into(),
                tokens: (&*count).into(),
            };
            dock.enqueue(DeviceTokens::Bf16((&*rows).into()), routing)?;
        }
        for bench in &mut docks {
            bench.dock.synchronise()?;
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_rank_that_waits_for_all_elsewhere_is_told_with_what_it_waits_in() {
    for (what, elsewhere) in [
        ("a barrier", (|rank| rank.barrier()) as fn(&Rank) -> Result<(), Error>),
        ("allocating 3 symmetric elements of 4 bytes", |rank| rank.symmetric_buffer::<u32>(3).map(|_| ())),
        ("opening a dock for hidden 64", |rank| {
            rank.dock(rank.kernels(SHAPE)?, Capacity::tokens(1)).map(|_| ())
        }),
    ] {
        let outcome = cluster(3, 0).run(|rank| -> Result<(), Error> {
            let mut bench = Bench::new(rank, Layout::BySource)?;
            if rank.index() == 1 { elsewhere(rank) } else { bench.round(2).map(|_| ()) }
        });
        let Err(Error::OutOfStep { first: 0, first_purpose, second: 1, second_purpose }) = outcome else {
            panic!("{what}: {outcome:?}");
        };
        assert_eq!(first_purpose, "dispatch (round 1 of dock 0)");
        assert!(second_purpose.starts_with(what), "{second_purpose}");
    }
}

#[test]
fn a_route_to_no_expert_is_the_error_of_all_ranks() {
    for layout in LAYOUTS {
        let outcome = cluster(3, 2).run(|rank| -> Result<Error, Error> {
            let mut bench = Bench::new(rank, layout)?;
            bench.round(2)?;
            let mut experts = routes(rank, TOKENS);
            if rank.index() == 1 {
                experts[5] = 6;
            }
            let given = tokens(TOKENS);
            let error = bench
                .dock
                .dispatch(&Tokens::Bf16(&given), &Routing::new(&experts, &[0.5; TOKENS * 2]))
                .map(|_| ())
                .expect_err("there is no expert 6");
            bench.dock.reset()?;
            bench.round(3)?;
            Ok(error)
        });
        for error in outcome.unwrap_or_else(|error| panic!("{error}")) {
            assert_eq!(
                error.to_string(),
                "rank 1, token 2, selection 1: expert 6 does not exist; use 0 to 5, or -1 for none"
            );
        }
    }
}
