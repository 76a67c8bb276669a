//! Graphs and what safe code may do with them: they keep what they read, streams take part by fork
//! and join, settings of a router are followed, and a capture that fails or panics leaves the rank
//! as it was.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crossdock_host::{
    Buffer, Capacity, Cluster, Combine, DeviceRouting, DeviceTokens, Dock, Error, Gate, Layout, LogitFormat,
    NOWHERE, Placement, Rank, ScoreFunction, Shape, Topology, Wire, bf16,
};

const HIDDEN: usize = 64;
const TOKENS: usize = 4;
const SHAPE: Shape = Shape { hidden: HIDDEN as u32, top_k: 2, experts: 4, wire: Wire::Bf16 };
const LAYOUTS: [Layout; 3] =
    [Layout::BySource, Layout::ByExpert { alignment: 4 }, Layout::Masked { capacity: 16 }];

fn cluster(ranks: usize) -> Cluster {
    Cluster::emulated(Topology::nodes(1).gpus_per_node(ranks)).expect("one node")
}

fn run<T: Send>(ranks: usize, program: impl Fn(&Rank) -> Result<T, Error> + Sync) -> Vec<T> {
    cluster(ranks).run(program).unwrap_or_else(|error| panic!("{error}"))
}

/// Device memory of one rank's rounds, all of whose outputs are 1.
struct Memory {
    rows: Buffer<bf16>,
    experts: Buffer<i32>,
    weights: Buffer<f32>,
    tokens: Buffer<u32>,
    outputs: Buffer<bf16>,
    results: Buffer<bf16>,
}

impl Memory {
    fn new(rank: &Rank, dock: &Dock) -> Result<Memory, Error> {
        let memory = Memory {
            rows: rank.buffer(TOKENS * HIDDEN)?,
            experts: rank.buffer(TOKENS * 2)?,
            weights: rank.buffer(TOKENS * 2)?,
            tokens: rank.buffer(1)?,
            outputs: rank.buffer(dock.slot_capacity() * HIDDEN)?,
            results: rank.buffer(TOKENS * HIDDEN)?,
        };
        memory.rows.write(0, &[bf16::ONE; TOKENS * HIDDEN])?;
        memory.experts.write(0, &[0, 1, 2, 3, 0, 2, 1, 3])?;
        memory.outputs.write(0, &vec![bf16::ONE; memory.outputs.len()])?;
        memory.results.clear()?;
        memory.set(TOKENS, 1.0)?;
        Ok(memory)
    }

    /// The next rounds bring so many tokens, whose results are `sum`.
    fn set(&self, tokens: usize, sum: f32) -> Result<(), Error> {
        self.weights.write(0, &[sum / 2.0; TOKENS * 2])?;
        self.tokens.write(0, &[tokens as u32])
    }

    fn routing(&self) -> DeviceRouting<'_> {
        DeviceRouting {
            experts: (&self.experts).into(),
            weights: (&self.weights).into(),
            tokens: (&self.tokens).into(),
        }
    }

    fn enqueue(&self, dock: &mut Dock) -> Result<(), Error> {
        let enqueued = dock.enqueue(DeviceTokens::Bf16((&self.rows).into()), self.routing())?;
        enqueued.combine(Combine::of_slots(&self.outputs), &self.results)
    }

    fn result(&self) -> Result<f32, Error> {
        Ok(self.results.read(0..1)?[0].to_f32())
    }
}

fn dock(rank: &Rank, layout: Layout) -> Result<Dock, Error> {
    rank.dock(rank.kernels(SHAPE)?, Capacity::tokens(TOKENS).layout(layout))
}

#[test]
fn a_graph_keeps_alive_what_its_launches_are_given() {
    for layout in LAYOUTS {
        let results = run(2, |rank| {
            let mut dock = dock(rank, layout)?;
            let memory = Memory::new(rank, &dock)?;
            let (graph, ()) = rank.capture(|| memory.enqueue(&mut dock))?;
            let Memory { tokens, results, weights, .. } = memory;
            drop(dock);
            // Other memory takes the place of what is given back.
            let others = (0..64).map(|_| rank.buffer::<u32>(64)).collect::<Result<Vec<_>, _>>()?;
            others.iter().try_for_each(|other| other.write(0, &[7; 64]))?;
            let mut seen = Vec::new();
            for sum in [1.0, 3.0] {
                weights.write(0, &[sum / 2.0; TOKENS * 2])?;
                tokens.write(0, &[2])?;
                graph.launch()?;
                rank.synchronise()?;
                seen.push(results.read(0..2 * HIDDEN)?[2 * HIDDEN - 1].to_f32());
            }
            Ok(seen)
        });
        assert_eq!(results, [[1.0, 3.0], [1.0, 3.0]], "{layout:?}");
    }
}

#[test]
fn memory_is_given_back_with_the_graph() {
    run(1, |rank| {
        let mut dock = dock(rank, Layout::BySource)?;
        let memory = Memory::new(rank, &dock)?;
        let (graph, ()) = rank.capture(|| memory.enqueue(&mut dock))?;
        let address = memory.rows.address();
        drop(memory);
        drop(graph);
        drop(dock);
        // SAFETY: nothing is read but by the emulator, which refuses it.
        let gone = unsafe { crossdock_host::DeviceSlice::<bf16>::from_raw(address, 1) };
        let copy: Buffer<bf16> = rank.buffer(1)?;
        copy.copy_from_device(gone).expect_err("the memory was given back");
        Ok(())
    });
}

#[test]
fn a_dock_on_another_stream_cannot_be_captured_unseen() {
    run(1, |rank| {
        let stream = rank.new_stream()?;
        let there = rank.on(&stream)?;
        let mut dock = dock(&there, Layout::BySource)?;
        let memory = Memory::new(rank, &dock)?;
        let error = rank.capture(|| memory.enqueue(&mut dock)).map(|_| ()).expect_err("another stream");
        assert!(matches!(error, Error::OutsideCapture { rank: 0 }), "{error}");
        rank.synchronise()?;
        assert_eq!(memory.result()?, 0.0, "nothing ran");
        let error = rank.capture(|| there.record().map(|_| ())).map(|_| ()).expect_err("another stream");
        assert!(matches!(error, Error::OutsideCapture { rank: 0 }), "{error}");
        // On its own stream it can.
        let (graph, ()) = there.capture(|| memory.enqueue(&mut dock))?;
        graph.launch()?;
        dock.synchronise()?;
        assert_eq!(memory.result()?, 1.0);
        Ok(())
    });
}

#[test]
fn a_capture_that_panics_or_fails_leaves_the_rank_usable() {
    run(2, |rank| {
        let mut dock = dock(rank, Layout::BySource)?;
        let memory = Memory::new(rank, &dock)?;
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            rank.capture(|| -> Result<(), Error> {
                memory.enqueue(&mut dock)?;
                panic!("in the middle of a capture");
            })
            .map(|_| ())
        }));
        assert!(panicked.is_err());
        let failed = rank.capture(|| -> Result<(), Error> {
            memory.enqueue(&mut dock)?;
            memory.tokens.write(0, &[1])
        });
        assert!(matches!(failed, Err(Error::Capturing { what: "copying to the GPU", .. })));
        // A call that was refused did nothing, so the dock is sound.
        let refused = rank.capture(|| dock.synchronise());
        assert!(matches!(refused, Err(Error::Capturing { .. })));
        rank.synchronise()?;
        assert_eq!(memory.result()?, 0.0, "nothing ran");
        memory.enqueue(&mut dock)?;
        dock.synchronise()?;
        assert_eq!(memory.result()?, 1.0);
        let (graph, ()) = rank.capture(|| memory.enqueue(&mut dock))?;
        memory.set(3, 5.0)?;
        graph.launch()?;
        dock.synchronise()?;
        assert_eq!(memory.result()?, 5.0);
        Ok(())
    });
}

/// Two micro-batches that overlap on two streams of one graph.
#[test]
fn streams_fork_and_join_in_one_graph() {
    for seed in 0..4 {
        let outcome = cluster(2).schedule_seed(seed).run(|rank| -> Result<(), Error> {
            let stream = rank.new_stream()?;
            let there = rank.on(&stream)?;
            let mut docks = [dock(rank, Layout::BySource)?, dock(&there, Layout::ByExpert { alignment: 1 })?];
            let memories = [Memory::new(rank, &docks[0])?, Memory::new(rank, &docks[1])?];
            let (graph, ()) = rank.capture(|| -> Result<(), Error> {
                let [first, second] = &mut docks;
                there.wait_for(&rank.record()?)?;
                memories[1].enqueue(second)?;
                memories[0].enqueue(first)?;
                rank.wait_for(&there.record()?)?;
                // After the join the second batch again, now on this stream's turn.
                there.wait_for(&rank.record()?)?;
                memories[1].enqueue(second)?;
                rank.wait_for(&there.record()?)
            })?;
            for (count, sums) in [(TOKENS, [1.0, 2.0]), (1, [3.0, 4.0]), (2, [-1.0, 0.5])] {
                memories[0].set(count, sums[0])?;
                memories[1].set(count, sums[1])?;
                graph.launch()?;
                graph.launch()?;
                for dock in &mut docks {
                    dock.synchronise()?;
                }
                assert_eq!([memories[0].result()?, memories[1].result()?], sums);
            }
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
}

#[test]
fn forks_without_join_and_events_of_elsewhere_are_refused() {
    run(1, |rank| {
        let stream = rank.new_stream()?;
        let there = rank.on(&stream)?;
        let mut dock = dock(&there, Layout::BySource)?;
        let memory = Memory::new(rank, &dock)?;
        let unjoined = rank.capture(|| -> Result<(), Error> {
            there.wait_for(&rank.record()?)?;
            let early = there.record()?;
            memory.enqueue(&mut dock)?;
            rank.wait_for(&early)
        });
        assert!(matches!(unjoined, Err(Error::Unjoined { rank: 0 })));

        let before = rank.record()?;
        let outside = rank.capture(|| rank.wait_for(&before));
        assert!(matches!(outside, Err(Error::OtherCapture { rank: 0 })));
        let (_graph, event) = rank.capture(|| rank.record())?;
        for refused in [
            rank.wait_for(&event),
            there.wait_for(&event),
            before.until(&event).map(|_| ()),
            rank.capture(|| rank.wait_for(&event)).map(|_| ()),
        ] {
            assert!(matches!(refused, Err(Error::OtherCapture { rank: 0 })), "{refused:?}");
        }
        let nested = rank.capture(|| there.capture(|| Ok::<_, Error>(())).map(|_| ()));
        assert!(matches!(nested, Err(Error::Capturing { what: "another capture", .. })));
        memory.enqueue(&mut dock)?;
        dock.synchronise()
    });
}

#[test]
fn a_captured_router_follows_later_placements_scalings_and_biases() {
    let gate = Gate {
        experts: 4,
        groups: 1,
        top_groups: 1,
        top_k: 1,
        score: ScoreFunction::Identity,
        biased: true,
        normalised: true,
        logits: LogitFormat::F32,
    };
    run(1, |rank| {
        let mut router = rank.router(rank.router_kernel(gate)?, Capacity::tokens(TOKENS))?;
        let logits = rank.buffer::<f32>(TOKENS * 4)?;
        let experts = rank.buffer::<i32>(TOKENS)?;
        let weights = rank.buffer::<f32>(TOKENS)?;
        let tokens = rank.buffer::<u32>(1)?;
        logits.write(0, &[9.0, 1.0, 2.0, 3.0].repeat(TOKENS))?;
        tokens.write(0, &[TOKENS as u32])?;
        let routing = DeviceRouting {
            experts: (&experts).into(),
            weights: (&weights).into(),
            tokens: (&tokens).into(),
        };
        // Captured before there is any placement.
        let (graph, ()) = rank.capture(|| router.enqueue(&logits, routing))?;
        let check = |expected: [i32; TOKENS], weight: f32| -> Result<(), Error> {
            graph.launch()?;
            assert_eq!(experts.read(0..TOKENS)?, expected);
            assert_eq!(weights.read(0..TOKENS)?, [weight; TOKENS]);
            Ok(())
        };
        check([0; TOKENS], 1.0)?;
        router.place(&Placement::new(4, vec![3, 2, 1, 0])?, 0)?;
        check([3; TOKENS], 1.0)?;
        // More physical experts than before, and another first number.
        router.place(&Placement::new(4, vec![0, 1, 2, 3, 0, 0])?, 1)?;
        check([4, 5, 0, 4], 1.0)?;
        router.set_scaling(2.5)?;
        router.set_bias(&[0.0, 0.0, 0.0, 100.0])?;
        check([3; TOKENS], 2.5)?;
        drop(router);
        graph.launch()?;
        assert_eq!(experts.read(0..1)?, [3]);
        Ok(())
    });
}

/// What lies beyond the arrivals of a round that nobody waits for, whatever came before.
#[test]
fn views_of_enqueued_rounds_say_nothing_beyond_what_arrived() {
    for layout in LAYOUTS {
        for ranks in [1, 2] {
            run(ranks, |rank| {
                let mut dock = dock(rank, layout)?;
                let memory = Memory::new(rank, &dock)?;
                let (slots, rows) = (dock.slot_capacity(), dock.row_capacity());
                for count in [TOKENS, 1, 0, 3] {
                    memory.set(count, 1.0)?;
                    let tokens = DeviceTokens::Bf16((&memory.rows).into());
                    let enqueued = dock.enqueue(tokens, memory.routing())?;
                    let arrived = enqueued.source_offsets().read(0..ranks + 1)?[ranks] as usize;
                    assert!(arrived <= count * ranks && (count > 0 || arrived == 0));
                    let local = SHAPE.experts as usize / ranks;
                    let offsets = enqueued.expert_offsets().read(0..local + 1)?;
                    let counts = enqueued.expert_counts().read(0..local)?;
                    let expert_rows = enqueued.expert_rows().read(0..slots)?;
                    for (slot, &row) in expert_rows.iter().enumerate() {
                        let is_taken =
                            (0..local).any(|e| (offsets[e]..offsets[e] + counts[e]).contains(&(slot as u32)));
                        let place = format!("{layout:?}, {count} tokens, slot {slot}: row {row}");
                        assert_eq!(is_taken, row != NOWHERE, "{place}");
                        assert!(!is_taken || (row as usize) < arrived, "{place}");
                    }
                    let selections = enqueued.selections().read(0..rows * 2)?;
                    assert!(
                        selections[..arrived * 2].iter().any(|found| found.slot != NOWHERE) == (arrived > 0)
                    );
                    let rest = &selections[arrived * 2..];
                    assert!(rest.iter().all(|found| found.slot == NOWHERE && found.weight == 0.0));
                    let origins = enqueued.origins().read(0..rows)?;
                    assert!(origins[..arrived].iter().all(|origin| (origin.rank as usize) < ranks));
                    let rest = &origins[arrived..];
                    assert!(rest.iter().all(|origin| (origin.rank, origin.index) == (NOWHERE, NOWHERE)));
                    if let Layout::ByExpert { .. } = layout {
                        // The rows between those of experts are zeros, each round.
                        let bytes = enqueued.rows().read(0..offsets[local] as usize * HIDDEN * 2)?;
                        for (slot, row) in bytes.chunks(HIDDEN * 2).enumerate() {
                            assert_eq!(expert_rows[slot] == NOWHERE, row.iter().all(|&byte| byte == 0));
                        }
                    }
                }
                Ok(())
            });
        }
    }
}
