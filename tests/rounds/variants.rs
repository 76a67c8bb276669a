//! What a round can do besides the plain sum: other outputs, biases, f32, repeated positions,
//! gradients, too little room.

use crossdock::host::{
    Arrived, Capacity, Cluster, Combine, Error, Layout, Overflowing, Rank, Routing, Tokens, Topology,
};
use crossdock::{KernelSet, Opaque, Wire};
use crossdock_oracle::{Arrival, Round, Sums, arrivals, combine, gradients, round_to_bf16, values_home};
use crossdock_trial::{Case, Choice};
use half::bf16;

/// Three ranks, one of them without tokens; tokens name an expert twice, and nobody.
fn case(layout: Layout) -> Case {
    Case {
        experts_per_rank: 3,
        top_k: 5,
        hidden: 264,
        wire: Wire::Bf16,
        quantises: false,
        layout,
        rounds: vec![vec![6, 0, 9]],
        choice: Choice::Sparse,
        schedule_seed: 3,
        seed: 5,
    }
}

const LAYOUTS: [Layout; 3] =
    [Layout::BySource, Layout::ByExpert { alignment: 4 }, Layout::Masked { capacity: 75 }];

/// Runs `program` on every rank with a dock for the case.
fn on_every_rank<T: Send>(
    case: &Case,
    program: impl Fn(&Rank, &mut crossdock::host::Dock) -> Result<T, Error> + Sync,
) -> Vec<T> {
    let kernels = KernelSet::jit(case.shape()).expect("the shape is legal");
    let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(case.ranks())).expect("one node");
    cluster
        .schedule_seed(case.schedule_seed)
        .run(|rank| program(rank, &mut rank.dock(kernels.clone(), case.capacity())?))
        .unwrap_or_else(|error| panic!("{case:?}: {error}"))
}

fn dispatch<'dock>(dock: &'dock mut crossdock::host::Dock, round: &Round) -> Result<Arrived<'dock>, Error> {
    let source = &round.sources[dock.rank().index()];
    let rows = bf16_values(&source.rows);
    dock.dispatch(&Tokens::Bf16(&rows), &Routing::new(&source.experts, &source.weights))
}

fn bf16_values(bytes: &[u8]) -> Vec<bf16> {
    bytes.chunks_exact(2).map(|bytes| bf16::from_le_bytes([bytes[0], bytes[1]])).collect()
}

/// `count` numbers that differ between ranks and purposes.
fn numbers(count: usize, rank: usize, salt: usize) -> Vec<bf16> {
    (0..count)
        .map(|i| bf16::from_f32(((i * 37 + rank * 11 + salt * 101) % 257) as f32 / 16.0 - 8.0))
        .collect()
}

fn slots(arrival: &Arrival, round: &Round, rank: usize, salt: usize) -> Vec<bf16> {
    numbers(arrival.expert_rows.len() * round.hidden, rank, salt)
}

fn bits(values: &[bf16]) -> Vec<u16> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn rounded(values: &[f32]) -> Vec<bf16> {
    values.iter().copied().map(round_to_bf16).collect()
}

#[test]
fn combine_takes_rows_or_slots_with_and_without_weights_biases_and_rounding() {
    for layout in LAYOUTS {
        let case = case(layout);
        let round = &case.trials()[0].in_reference();
        let arrived = arrivals(round);
        let hidden = round.hidden;
        let biases: Vec<Vec<Vec<bf16>>> = (0..round.ranks())
            .map(|rank| (0..2).map(|bias| numbers(round.tokens(rank) * hidden, rank, 7 + bias)).collect())
            .collect();
        let seen = on_every_rank(&case, |rank, dock| {
            let here = rank.index();
            let outputs = slots(&arrived[here], round, here, 1);
            let rows = numbers(arrived[here].origins.len() * hidden, here, 2);
            let [first, second] = &biases[here][..] else { panic!("two biases") };
            let unweighted = Combine::of_slots(&outputs).unweighted().bias(first);
            let wide = Combine::of_slots(&outputs).bias(first).bias(second).into_f32();
            Ok((
                dispatch(dock, round)?.combine_with(unweighted)?.rows,
                dispatch(dock, round)?.combine_with(wide)?.rows,
                dispatch(dock, round)?.combine_with(Combine::of_rows(&rows))?.rows,
            ))
        });
        let outputs: Vec<_> = (0..3).map(|rank| slots(&arrived[rank], round, rank, 1)).collect();
        let rows: Vec<_> =
            (0..3).map(|rank| numbers(arrived[rank].origins.len() * hidden, rank, 2)).collect();
        let one: Vec<_> = biases.iter().map(|biases| biases[..1].to_vec()).collect();
        let unweighted =
            combine(round, &arrived, &outputs, &Sums { unweighted: true, biases: one, ..Sums::default() });
        let wide = combine(round, &arrived, &outputs, &Sums { biases: biases.clone(), ..Sums::default() });
        let by_row = combine(round, &arrived, &rows, &Sums { by_row: true, ..Sums::default() });
        for (rank, (seen_unweighted, seen_wide, seen_by_row)) in seen.iter().enumerate() {
            assert_eq!(bits(seen_unweighted), bits(&rounded(&unweighted[rank])), "{layout:?}, rank {rank}");
            let wide: Vec<u32> = wide[rank].iter().map(|value| value.to_bits()).collect();
            let seen_wide: Vec<u32> = seen_wide.iter().map(|value| value.to_bits()).collect();
            assert_eq!(seen_wide, wide, "{layout:?}, rank {rank}");
            assert_eq!(bits(seen_by_row), bits(&rounded(&by_row[rank])), "{layout:?}, rank {rank}");
        }
    }
}

#[test]
fn a_handle_repeats_a_round_and_carries_gradients_back() {
    for layout in LAYOUTS {
        let case = case(layout);
        let round = &case.trials()[0].in_reference();
        let arrived = arrivals(round);
        let hidden = round.hidden;
        let results: Vec<Vec<bf16>> =
            (0..3).map(|rank| numbers(round.tokens(rank) * hidden, rank, 3)).collect();
        let seen = on_every_rank(&case, |rank, dock| {
            let here = rank.index();
            let outputs = slots(&arrived[here], round, here, 1);
            let forward = dispatch(dock, round)?;
            let handle = forward.handle()?;
            forward.combine(&outputs)?;
            // A round with other routes comes between, and overwrites everything but the handle.
            let other = Routing::new(&[0; 5], &[1.0; 5]);
            drop(dock.dispatch(&Tokens::Bf16(&numbers(hidden, here, 4)), &other)?);

            let backward = dock.dispatch_cached(&Tokens::Bf16(&results[here]), &handle)?;
            assert_eq!(handle.tokens(), round.tokens(here));
            let rows = backward.rows()?;
            let found = backward.gradients(&outputs)?;
            let of_weights = found.weights.read(0..found.weights.len())?;
            let of_outputs = found.outputs.read(0..found.outputs.len())?;
            let inputs = slots(&arrived[here], round, here, 5);
            let home =
                backward.combine_with(Combine::of_slots(&inputs).unweighted().values(&found.weights))?;

            // The backward of dispatch alone, twice in a row.
            let sum = Combine::of_slots(&inputs).unweighted();
            let first = dock.combine_cached(sum, &handle)?;
            let second = dock.combine_cached(sum, &handle)?;
            assert_eq!(bits(&first.rows), bits(&home.rows));
            assert_eq!(bits(&second.rows), bits(&home.rows));
            assert!(second.values.is_empty());
            Ok((rows, of_outputs, of_weights, home))
        });

        let outputs: Vec<_> = (0..3).map(|rank| slots(&arrived[rank], round, rank, 1)).collect();
        let inputs: Vec<_> = (0..3).map(|rank| slots(&arrived[rank], round, rank, 5)).collect();
        let expected = gradients(round, &arrived, &outputs, &results);
        let of_weights: Vec<Vec<f32>> = expected.iter().map(|(_, weights)| weights.clone()).collect();
        let home = values_home(round, &arrived, &of_weights);
        let sums = combine(round, &arrived, &inputs, &Sums { unweighted: true, ..Sums::default() });
        for (rank, (rows, seen_outputs, seen_weights, seen_home)) in seen.iter().enumerate() {
            let place = format!("{layout:?}, rank {rank}");
            let source: Vec<u8> = arrived[rank]
                .origins
                .iter()
                .flat_map(|&(from, token)| &results[from][token * hidden..][..hidden])
                .flat_map(|value| value.to_le_bytes())
                .collect();
            let stored = arrived[rank].stored(round, &source, 2 * hidden, 0);
            for (slot, row) in arrived[rank].expert_rows.iter().enumerate() {
                if layout != Layout::BySource && row.is_some() {
                    let range = slot * 2 * hidden..(slot + 1) * 2 * hidden;
                    assert_eq!(rows[range.clone()], stored[range], "{place}, slot {slot}");
                }
                if row.is_some() {
                    let range = slot * hidden..(slot + 1) * hidden;
                    let expected = bits(&expected[rank].0[range.clone()]);
                    assert_eq!(bits(&seen_outputs[range]), expected, "{place}, slot {slot}");
                    let (seen, expected) = (seen_weights[slot], of_weights[rank][slot]);
                    assert_eq!(seen.to_bits(), expected.to_bits(), "{place}, slot {slot}");
                }
            }
            if layout == Layout::BySource {
                assert_eq!(rows, &stored, "{place}");
            }
            assert_eq!(bits(&seen_home.rows), bits(&rounded(&sums[rank])), "{place}");
            let values = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(values(&seen_home.values), values(&home[rank]), "{place}");
        }
    }
}

#[test]
fn too_little_room_is_everybodys_error_and_the_next_round_works() {
    let kernels = KernelSet::jit(case(Layout::BySource).shape()).expect("the shape is legal");
    let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(3)).expect("one node");
    for (capacity, what, found, most) in [
        (Capacity::tokens(4).rows(5), Overflowing::Rows, 12, 5),
        (Capacity::tokens(4).rows(5).layout(Layout::ByExpert { alignment: 2 }), Overflowing::Rows, 12, 5),
        (Capacity::tokens(4).layout(Layout::Masked { capacity: 7 }), Overflowing::Expert(4), 60, 7),
    ] {
        cluster
            .run(|rank| -> Result<(), Error> {
                let mut dock = rank.dock(kernels.clone(), capacity)?;
                let rows = numbers(4 * 264, rank.index(), 1);
                // Everything of everybody to expert 4, which is on rank 1.
                let crowded = dock.dispatch(&Tokens::Bf16(&rows), &Routing::new(&[4; 20], &[1.0; 20]));
                match crowded.map(|arrived| arrived.row_count()) {
                    Err(Error::Overflow { rank: 1, what: seen, found: seen_found, most: seen_most }) => {
                        assert_eq!((seen, seen_found, seen_most), (what, found, most));
                    }
                    other => panic!("{capacity:?}: {other:?}"),
                }
                let expert = 3 * rank.index() as i32;
                let experts = [expert, -1, -1, -1, -1];
                let one = Routing::new(&experts, &[1.0; 5]);
                let arrived = dock.dispatch(&Tokens::Bf16(&rows[..264]), &one)?;
                let outputs = arrived.apply(|_, input, output| output.copy_from_slice(input))?;
                assert_eq!(arrived.combine(&outputs)?.rows, rows[..264]);
                Ok(())
            })
            .unwrap_or_else(|error| panic!("{capacity:?}: {error}"));
    }
}

#[test]
fn a_handle_of_another_dock_is_refused() {
    let case = case(Layout::BySource);
    let round = &case.trials()[0].in_reference();
    on_every_rank(&case, |rank, dock| {
        let handle = dispatch(dock, round)?.handle()?;
        let kernels = KernelSet::jit(case.shape())?;
        let mut small = rank.dock(kernels.clone(), Capacity::tokens(2))?;
        let mut grouped =
            rank.dock(kernels, Capacity::tokens(9).layout(Layout::ByExpert { alignment: 1 }))?;
        let rows = numbers(handle.tokens() * round.hidden, 0, 0);
        let refused = small.dispatch_cached(&Tokens::Bf16(&rows), &handle).map(|_| ());
        assert!(matches!(refused, Err(Error::HandleTooLarge { .. })), "{refused:?}");
        let refused = grouped.dispatch_cached(&Tokens::Bf16(&rows), &handle).map(|_| ());
        assert!(matches!(refused, Err(Error::WrongHandle { .. })), "{refused:?}");
        Ok(())
    });
}

#[test]
fn a_dock_that_failed_works_after_a_reset() {
    let kernels = KernelSet::jit(case(Layout::BySource).shape()).expect("the shape is legal");
    let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(3)).expect("one node");
    cluster
        .deadline(std::time::Duration::from_millis(1))
        .run(|rank| -> Result<(), Error> {
            let mut dock = rank.dock(kernels.clone(), Capacity::tokens(1))?;
            let rows = numbers(264, rank.index(), 1);
            let routing = Routing::new(&[0, 4, 8, -1, -1], &[1.0; 5]);
            // Rank 2 does not come to the first round.
            if rank.index() != 2 {
                let late = dock.dispatch(&Tokens::Bf16(&rows), &routing).map(|_| ());
                assert!(matches!(late, Err(Error::Late { peer: 2, .. })), "{late:?}");
                let still = dock.dispatch(&Tokens::Bf16(&rows), &routing).map(|_| ());
                assert!(matches!(still, Err(Error::Late { peer: 2, .. })), "{still:?}");
            }
            dock.reset()?;
            let arrived = dock.dispatch(&Tokens::Bf16(&rows), &routing)?;
            assert_eq!(arrived.row_count(), 3);
            let outputs = arrived.apply(|_, input, output| output.copy_from_slice(input))?;
            let tripled: Vec<bf16> = rows.iter().map(|value| bf16::from_f32(3.0 * value.to_f32())).collect();
            assert_eq!(arrived.combine(&outputs)?.rows, tripled);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn experts_have_no_numbers_of_opaque_rows_and_side_tensors_are_read_one_by_one() {
    let wire = Wire::Opaque(Opaque { row_bytes: 48, sides: [1, 2, 3, 5] });
    for layout in LAYOUTS {
        let case = Case { wire, ..case(layout) };
        let trial = &case.trials()[0];
        on_every_rank(&case, |rank, dock| {
            let routes = &trial.ranks[rank.index()].routes;
            let sent = trial.sent(rank.index())?;
            let arrived = dock.dispatch(&sent.tokens(), &Routing::new(&routes.experts, &routes.weights))?;
            assert!(matches!(arrived.apply(|_, _, _| ()), Err(Error::WrongWire { .. })));
            let records = arrived.side_records()?;
            for (number, bytes) in [0..1, 1..3, 3..6, 6..11].into_iter().enumerate() {
                let side = records.chunks(12).flat_map(|record| &record[bytes.clone()]).copied();
                assert_eq!(arrived.side(number)?, side.collect::<Vec<u8>>(), "{layout:?}, side {number}");
            }
            Ok(())
        });
    }
}
