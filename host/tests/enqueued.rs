//! Rounds that are only enqueued: faults show when the host waits and a reset mends them, streams
//! overlap, and what cannot be part of a graph is refused.

use std::time::Duration;

use crossdock_host::{
    Buffer, Capacity, Cluster, Combine, DeviceRouting, DeviceTokens, Dock, Error, Gate, Graph, Layout,
    LogitFormat, Overflowing, Rank, Routing, ScoreFunction, Shape, Tokens, Topology, Wire, bf16,
};

const RANKS: usize = 3;
const MOST: usize = 12;
const HIDDEN: usize = 64;
const SHAPE: Shape = Shape { hidden: HIDDEN as u32, top_k: 2, experts: 6, wire: Wire::Bf16 };

fn cluster() -> Cluster {
    let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(RANKS)).expect("one node");
    cluster.deadline(Duration::from_millis(2))
}

/// Everything of one rank that a round needs. Rows lie by expert, and experts give their input
/// back.
struct Bench {
    dock: Dock,
    rows: Buffer<bf16>,
    experts: Buffer<i32>,
    weights: Buffer<f32>,
    tokens: Buffer<u32>,
    outputs: Buffer<bf16>,
    results: Buffer<bf16>,
}

impl Bench {
    fn new(rank: &Rank, capacity: Capacity) -> Result<Bench, Error> {
        let dock = rank.dock(rank.kernels(SHAPE)?, capacity.layout(Layout::ByExpert { alignment: 1 }))?;
        let outputs = rank.buffer(dock.slot_capacity() * HIDDEN)?;
        outputs.clear()?;
        Ok(Bench {
            dock,
            rows: rank.buffer(MOST * HIDDEN)?,
            experts: rank.buffer(MOST * 2)?,
            weights: rank.buffer(MOST * 2)?,
            tokens: rank.buffer(1)?,
            outputs,
            results: rank.buffer(MOST * HIDDEN)?,
        })
    }

    /// `count` tokens that go to `expert` and to nobody, with weight 2.
    fn write(&self, count: usize, value: f32, expert: i32) -> Result<(), Error> {
        self.rows.write(0, &vec![bf16::from_f32(value); count.min(MOST) * HIDDEN])?;
        self.experts.write(0, &[expert, -1].repeat(count.min(MOST)))?;
        self.weights.write(0, &[2.0, 0.0].repeat(count.min(MOST)))?;
        self.outputs.write(0, &vec![bf16::from_f32(value); self.outputs.len()])?;
        self.tokens.write(0, &[count as u32])
    }

    fn enqueue(&mut self) -> Result<(), Error> {
        let routing = DeviceRouting {
            experts: (&self.experts).into(),
            weights: (&self.weights).into(),
            tokens: (&self.tokens).into(),
        };
        let enqueued = self.dock.enqueue(DeviceTokens::Bf16((&self.rows).into()), routing)?;
        enqueued.combine(Combine::of_slots(&self.outputs), &self.results)
    }

    /// A sound round: every rank brings `count` tokens, and all outputs are `value`.
    fn sound(
        &mut self,
        count: usize,
        value: f32,
        enqueue: impl FnOnce(&mut Bench) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.write(count, value, 4)?;
        enqueue(self)?;
        self.dock.synchronise()?;
        let expected = vec![bf16::from_f32(2.0 * value); count * HIDDEN];
        assert!(self.results.read(0..count * HIDDEN)? == expected);
        Ok(())
    }
}

fn graph(rank: &Rank, bench: &mut Bench) -> Result<Graph, Error> {
    rank.capture(|| bench.enqueue()).map(|(graph, ())| graph)
}

/// Replays a graph in which rank 1 is at fault, twice, resets, and replays it for a sound round.
/// Each rank's error.
fn faults(capacity: Capacity, fault: impl Fn(&Rank, &Bench) -> Result<(), Error> + Sync) -> Vec<Error> {
    let outcome = cluster().run(|rank| -> Result<Error, Error> {
        let mut bench = Bench::new(rank, capacity)?;
        let graph = graph(rank, &mut bench)?;
        bench.sound(3, 1.0, |_| graph.launch())?;
        fault(rank, &bench)?;
        graph.launch()?;
        graph.launch()?; // does nothing on ranks whose last round failed
        let error = bench.dock.synchronise().expect_err("a fault");
        // The dock is not used again before it is reset.
        assert_eq!(bench.enqueue().expect_err("broken").to_string(), error.to_string());
        bench.dock.reset()?;
        for (count, value) in [(MOST, 3.0), (0, 1.0), (1, -2.0)] {
            bench.sound(count, value, |_| graph.launch())?;
        }
        Ok(error)
    });
    outcome.unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn more_tokens_than_there_is_room_for_are_a_named_error_and_a_reset_mends_it() {
    let errors = faults(Capacity::tokens(MOST), |rank, bench| {
        bench.write(if rank.index() == 1 { MOST + 5 } else { 2 }, 1.0, 0)
    });
    for error in errors {
        assert!(matches!(error, Error::OverCapacity { rank: 1, tokens: 17, capacity: MOST }), "{error}");
    }
}

#[test]
fn experts_that_do_not_exist_are_a_named_error_and_a_reset_mends_it() {
    let errors = faults(Capacity::tokens(MOST), |rank, bench| {
        bench.write(2, 1.0, if rank.index() == 1 { 6 } else { 0 })
    });
    for error in errors {
        assert!(matches!(error, Error::NoSuchExpert { rank: 1, selection: 0, expert: 6, .. }), "{error}");
    }
}

#[test]
fn too_many_arrivals_are_an_error_of_all_ranks_and_a_reset_mends_it() {
    // Sound rounds bring up to three times MOST rows to rank 2; this one brings them to rank 0,
    // with one more for nobody.
    let capacity = Capacity::tokens(MOST).rows(2 * MOST);
    let outcome = cluster().run(|rank| -> Result<Error, Error> {
        let mut bench = Bench::new(rank, capacity)?;
        let graph = graph(rank, &mut bench)?;
        bench.sound(3, 1.0, |_| graph.launch())?;
        bench.write(MOST, 1.0, 0)?;
        graph.launch()?;
        graph.launch()?;
        let error = bench.dock.synchronise().expect_err("too many rows");
        let counts = [bench.dock.row_capacity(), 2 * MOST];
        assert_eq!(counts[0], counts[1]);
        bench.dock.reset()?;
        bench.sound(2 * MOST / RANKS, 5.0, |_| graph.launch())?;
        Ok(error)
    });
    for error in outcome.unwrap_or_else(|error| panic!("{error}")) {
        let expected = "arrived rows of rank 0: 36 in this round, and the dock has room for 24";
        assert!(matches!(error, Error::Overflow { what: Overflowing::Rows, .. }), "{error}");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_round_that_fails_before_it_sends_has_no_arrivals() {
    let counts = cluster().run(|rank| -> Result<Vec<u32>, Error> {
        let mut bench = Bench::new(rank, Capacity::tokens(MOST).rows(2 * MOST))?;
        bench.write(MOST, 1.0, 0)?;
        let routing = DeviceRouting {
            experts: (&bench.experts).into(),
            weights: (&bench.weights).into(),
            tokens: (&bench.tokens).into(),
        };
        let enqueued = bench.dock.enqueue(DeviceTokens::Bf16((&bench.rows).into()), routing)?;
        let mut counts = enqueued.source_offsets().read(0..RANKS + 1)?;
        counts.extend(enqueued.expert_offsets().read(0..3)?);
        counts.extend(enqueued.expert_counts().read(0..2)?);
        Ok(counts)
    });
    assert_eq!(counts.expect("nothing was asked for"), vec![vec![0; RANKS + 1 + 3 + 2]; RANKS]);
}

#[test]
fn enqueued_rounds_and_rounds_that_are_waited_for_follow_each_other_on_one_dock() {
    let outcome = cluster().run(|rank| -> Result<(), Error> {
        let mut bench = Bench::new(rank, Capacity::tokens(MOST))?;
        let graph = graph(rank, &mut bench)?;
        let tokens = vec![bf16::from_f32(3.0); 2 * HIDDEN];
        let (experts, weights) = ([0, 5, 1, -1], [0.5, 0.25, 1.0, 0.0]);
        let mut handle = None;
        for count in 1..4 {
            bench.sound(count, 1.5, |_| graph.launch())?;
            bench.sound(count + 4, 0.5, Bench::enqueue)?;
            let arrived = bench.dock.dispatch(&Tokens::Bf16(&tokens), &Routing::new(&experts, &weights))?;
            handle = Some(arrived.handle()?);
            let outputs = arrived.apply(|_, input, output| output.copy_from_slice(input))?;
            let sums: Vec<f32> = arrived.combine(&outputs)?.rows.iter().map(|sum| sum.to_f32()).collect();
            assert_eq!((sums[0], sums[HIDDEN]), (2.25, 3.0));
        }
        // Replays left the handle's positions alone.
        graph.launch()?;
        let handle = handle.expect("rounds were made");
        let arrived = bench.dock.dispatch_cached(&Tokens::Bf16(&tokens), &handle)?;
        let outputs = arrived.apply(|_, input, output| output.copy_from_slice(input))?;
        assert_eq!(arrived.combine(&outputs)?.rows[HIDDEN].to_f32(), 3.0);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn two_docks_on_two_streams_run_beside_each_other() {
    for seed in 0..4 {
        let outcome = cluster().schedule_seed(seed).run(|rank| -> Result<(), Error> {
            let stream = rank.new_stream()?;
            let there = rank.on(&stream)?;
            let mut first = Bench::new(rank, Capacity::tokens(MOST))?;
            let mut second = Bench::new(&there, Capacity::tokens(MOST))?;
            let (one, two) = (graph(rank, &mut first)?, graph(&there, &mut second)?);
            first.write(4, 1.0, 1)?;
            second.write(7, 2.0, 3)?;
            for _ in 0..3 {
                one.launch()?;
                two.launch()?;
            }
            // Behind both: what the second stream did is known to the first.
            let done = there.record()?;
            rank.wait_for(&done)?;
            first.dock.synchronise()?;
            second.dock.synchronise()?;
            assert!(first.results.read(0..4 * HIDDEN)? == vec![bf16::from_f32(2.0); 4 * HIDDEN]);
            assert!(second.results.read(0..7 * HIDDEN)? == vec![bf16::from_f32(4.0); 7 * HIDDEN]);
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
}

#[test]
fn a_captured_router_chooses_for_the_round_behind_it() {
    let gate = Gate {
        experts: SHAPE.experts,
        groups: 1,
        top_groups: 1,
        top_k: SHAPE.top_k,
        score: ScoreFunction::Softmax,
        biased: false,
        normalised: true,
        logits: LogitFormat::F32,
    };
    let outcome = cluster().run(|rank| -> Result<(), Error> {
        let mut bench = Bench::new(rank, Capacity::tokens(MOST))?;
        let mut router = rank.router(rank.router_kernel(gate)?, Capacity::tokens(MOST))?;
        let logits: Buffer<f32> = rank.buffer(MOST * 6)?;
        let (graph, ()) = rank.capture(|| {
            let routing = DeviceRouting {
                experts: (&bench.experts).into(),
                weights: (&bench.weights).into(),
                tokens: (&bench.tokens).into(),
            };
            router.enqueue(&logits, routing)?;
            let enqueued = bench.dock.enqueue(DeviceTokens::Bf16((&bench.rows).into()), routing)?;
            enqueued.combine(Combine::of_slots(&bench.outputs).unweighted(), &bench.results)
        })?;
        for count in [5, MOST, 1] {
            bench.write(count, 1.0, -1)?;
            // Token `t` prefers expert `t % 6`, then the next.
            let preferred = |token: usize, expert: usize| match (expert + 6 - token % 6) % 6 {
                0 => 9.0,
                1 => 5.0,
                _ => 0.0,
            };
            let values: Vec<f32> = (0..count * 6).map(|index| preferred(index / 6, index % 6)).collect();
            logits.write(0, &values)?;
            graph.launch()?;
            bench.dock.synchronise()?;
            let chosen: Vec<i32> = (0..count).flat_map(|t| [t % 6, (t + 1) % 6].map(|e| e as i32)).collect();
            assert_eq!(bench.experts.read(0..count * 2)?, chosen);
            // Two outputs of one each, unweighted.
            assert!(bench.results.read(0..count * HIDDEN)? == vec![bf16::from_f32(2.0); count * HIDDEN]);
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn what_is_no_launch_cannot_be_captured_and_leaves_the_rank_usable() {
    let outcome = cluster().run(|rank| -> Result<(), Error> {
        let mut bench = Bench::new(rank, Capacity::tokens(MOST))?;
        let (empty, ()) = rank.capture(|| Ok::<_, Error>(()))?;
        type Attempt<'a> = (&'a str, Box<dyn Fn(&mut Bench) -> Result<(), Error> + 'a>);
        let attempts: [Attempt<'_>; 8] = [
            ("copying to the GPU", Box::new(|bench| bench.tokens.write(0, &[1]))),
            ("copying from the GPU", Box::new(|bench| bench.outputs.read(0..1).map(|_| ()))),
            ("filling memory", Box::new(|bench| bench.outputs.clear())),
            ("allocating memory", Box::new(|_| rank.buffer::<u8>(1).map(|_| ()))),
            ("waiting for the GPU", Box::new(|_| rank.synchronise())),
            ("launching a graph", Box::new(|_| empty.launch())),
            ("another capture", Box::new(|_| rank.capture(|| Ok::<_, Error>(())).map(|_| ()))),
            ("what the host waits for", Box::new(|bench| bench.dock.synchronise())),
        ];
        for (what, attempt) in attempts {
            let error = rank.capture(|| attempt(&mut bench)).map(|_| ()).expect_err("no launch");
            assert!(
                matches!(error, Error::Capturing { what: named, .. } if named == what),
                "{what}: {error}"
            );
            bench.sound(1, 1.0, Bench::enqueue)?;
        }
        // A graph of nothing does nothing.
        empty.launch()?;
        bench.sound(2, 1.0, Bench::enqueue)
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn arrays_that_are_too_short_or_on_the_host_are_refused_before_anything_is_launched() {
    let outcome = cluster().run(|rank| -> Result<(), Error> {
        let mut bench = Bench::new(rank, Capacity::tokens(MOST))?;
        let short: Buffer<bf16> = rank.buffer(MOST * HIDDEN - 1)?;
        let routing = DeviceRouting {
            experts: (&bench.experts).into(),
            weights: (&bench.weights).into(),
            tokens: (&bench.tokens).into(),
        };
        let error = bench
            .dock
            .enqueue(DeviceTokens::Bf16((&short).into()), routing)
            .expect_err("one element is missing");
        assert_eq!(
            error.to_string(),
            format!(
                "rank {}: tokens must hold at least tokens * hidden = 768 elements; it holds 767",
                rank.index()
            )
        );
        let bytes: Buffer<u8> = rank.buffer(MOST * HIDDEN * 2)?;
        let error = bench
            .dock
            .enqueue(DeviceTokens::Encoded { rows: (&bytes).into(), sides: (&bytes).into() }, routing)
            .expect_err("bf16 on the wire");
        assert!(matches!(error, Error::WrongWire { found: "encoded", .. }), "{error}");

        let host = vec![bf16::ONE; bench.outputs.len()];
        bench.write(1, 1.0, 0)?;
        let enqueued = bench.dock.enqueue(DeviceTokens::Bf16((&bench.rows).into()), routing)?;
        let error =
            enqueued.combine(Combine::of_slots(&host), &bench.results).expect_err("outputs on the host");
        assert!(matches!(error, Error::NotOnDevice { what: "outputs", .. }), "{error}");
        let enqueued = bench.dock.enqueue(DeviceTokens::Bf16((&bench.rows).into()), routing)?;
        let error = enqueued
            .combine(Combine::of_slots(&bench.outputs).bias(&bench.rows), &short)
            .expect_err("results are too short");
        assert!(matches!(error, Error::Length { what: "results", .. }), "{error}");
        bench.dock.synchronise()?;
        // SAFETY: virtual GPUs refuse it unseen.
        let error = unsafe { rank.stream_from_raw(std::ptr::null_mut()) }.expect_err("no CUDA here");
        assert!(matches!(error, Error::Unsupported { .. }), "{error}");
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
