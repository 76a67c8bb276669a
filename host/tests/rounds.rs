//! Rounds of dispatch and combine on virtual GPUs, against plain loops over the routes.
//!
//! Rows, weights and experts use small powers of two, so every sum is exact and the expected
//! results need no rounding.

use std::sync::Arc;
use std::time::Duration;

use crossdock_host::planning::{Controller, Limits, Observation, SmBudget};
use crossdock_host::report::{RoundReport, StageReport};
use crossdock_host::{
    Arrived, Capacity, Cluster, Combined, Error, Fp8, KernelSet, NOWHERE, Rank, Routing, Shape, Stage,
    Tokens, Topology, Wire, quantise,
};
use half::bf16;

const RANKS: usize = 3;
const SHAPE: Shape = Shape { hidden: 24, top_k: 3, experts: 6, wire: Wire::Bf16 };
const HIDDEN: usize = SHAPE.hidden as usize;
const TOP_K: usize = SHAPE.top_k as usize;
const LOCAL_EXPERTS: usize = SHAPE.experts as usize / RANKS;

/// The routes of each rank's tokens: holes, an expert named twice, a token without routes, a rank
/// without tokens.
const ROUTES: [&[[i32; TOP_K]]; RANKS] =
    [&[[0, 5, 2], [-1, 3, 2], [4, 4, 1], [-1, -1, -1]], &[], &[[5, 4, -1], [0, 1, 2], [0, -1, 0]]];

const WEIGHTS: [f32; TOP_K] = [0.5, 0.25, 2.0];

fn cluster() -> Cluster {
    Cluster::emulated(Topology::nodes(1).gpus_per_node(RANKS)).expect("one node")
}

fn kernels(shape: Shape) -> Arc<KernelSet> {
    KernelSet::jit(shape).expect("the shape is legal")
}

/// Element `column` of a token's row: an integer that names rank and token.
fn element(rank: usize, token: usize, column: usize) -> f32 {
    (1 + rank * 16 + token * 4 + column % 3) as f32
}

fn rows(rank: usize) -> Vec<bf16> {
    let tokens = 0..ROUTES[rank].len();
    tokens
        .flat_map(|token| (0..HIDDEN).map(move |column| bf16::from_f32(element(rank, token, column))))
        .collect()
}

/// Expert `number` multiplies by its own power of two.
fn expert_scale(number: usize) -> f32 {
    [1.0, 0.5, 2.0, -1.0, 4.0, -0.25][number]
}

fn experts(arrived: &Arrived<'_>) -> Result<Vec<bf16>, Error> {
    arrived.apply(|number, input, output| {
        for (x, y) in input.iter().zip(output) {
            *y = bf16::from_f32(x.to_f32() * expert_scale(number));
        }
    })
}

fn dispatch<'dock>(dock: &'dock mut crossdock_host::Dock) -> Result<Arrived<'dock>, Error> {
    let rank = dock.rank().index();
    let routes = ROUTES[rank].as_flattened();
    dock.dispatch(&Tokens::Bf16(&rows(rank)), &Routing::new(routes, &WEIGHTS.repeat(ROUTES[rank].len())))
}

/// What a rank got, and what its dispatch took.
fn round(rank: &Rank) -> Result<(Combined, StageReport), Error> {
    let mut dock = rank.dock(kernels(SHAPE), Capacity::tokens(4))?;
    let arrived = dispatch(&mut dock)?;
    let outputs = experts(&arrived)?;
    let report = arrived.report().clone();
    Ok((arrived.combine(&outputs)?, report))
}

fn expected_results(rank: usize) -> Vec<bf16> {
    let mut results = Vec::new();
    for (token, routes) in ROUTES[rank].iter().enumerate() {
        let chosen = routes.iter().zip(WEIGHTS).filter(|(expert, _)| **expert >= 0);
        let factor: f32 = chosen.map(|(&expert, weight)| weight * expert_scale(expert as usize)).sum();
        results.extend((0..HIDDEN).map(|column| bf16::from_f32(factor * element(rank, token, column))));
    }
    results
}

#[test]
fn results_are_the_weighted_sums_of_expert_outputs() {
    let combined = cluster().run(round).expect("no rank fails");
    for (rank, (combined, _)) in combined.iter().enumerate() {
        assert_eq!(combined.rows, expected_results(rank), "rank {rank}");
    }
}

#[test]
fn results_and_counters_do_not_depend_on_threads_and_results_not_on_the_schedule() {
    let first = cluster().run(round).expect("no rank fails");
    let again = cluster().run(round).expect("no rank fails");
    for (rank, (one, other)) in first.iter().zip(&again).enumerate() {
        for (one, other) in [(&one.1, &other.1), (&one.0.report, &other.0.report)] {
            let counters = one.counters().expect("virtual GPUs count");
            assert!(counters.warp_instructions > 0);
            assert_eq!(Some(counters), other.counters(), "rank {rank}");
        }
    }
    for seed in 1..4 {
        let shuffled = cluster().schedule_seed(seed).run(round).expect("no rank fails");
        for (one, other) in first.iter().zip(&shuffled) {
            assert_eq!(one.0.rows, other.0.rows, "seed {seed}");
        }
    }
}

#[test]
fn arrivals_are_grouped_by_source_and_slots_by_expert() {
    cluster()
        .run(|rank| -> Result<(), Error> {
            let here = rank.index();
            let mut dock = rank.dock(kernels(SHAPE), Capacity::tokens(4))?;
            let arrived = dispatch(&mut dock)?;

            // Walk all routes in the documented order: rows by source and token, slots by expert on
            // top.
            let local = |expert: i32| expert >= 0 && expert as usize / LOCAL_EXPERTS == here;
            let (mut tokens, mut source_offsets) = (Vec::new(), vec![0]);
            for (source, routes) in ROUTES.iter().enumerate() {
                let needs = |token: &usize| routes[*token].iter().any(|&expert| local(expert));
                tokens.extend((0..routes.len()).filter(needs).map(|token| (source, token)));
                source_offsets.push(tokens.len() as u32);
            }
            let (mut expert_rows, mut expert_offsets) = (Vec::new(), vec![0]);
            let mut slots = vec![[NOWHERE; TOP_K]; tokens.len()];
            for expert in here * LOCAL_EXPERTS..(here + 1) * LOCAL_EXPERTS {
                for (row, &(source, token)) in tokens.iter().enumerate() {
                    for k in (0..TOP_K).filter(|&k| ROUTES[source][token][k] == expert as i32) {
                        slots[row][k] = expert_rows.len() as u32;
                        expert_rows.push(row as u32);
                    }
                }
                expert_offsets.push(expert_rows.len() as u32);
            }

            assert_eq!(arrived.source_offsets(), source_offsets);
            assert_eq!(arrived.expert_offsets(), expert_offsets);
            assert_eq!(arrived.local_experts(), here * LOCAL_EXPERTS..(here + 1) * LOCAL_EXPERTS);
            assert_eq!(arrived.expert_rows()?, expert_rows);
            let found: Vec<_> = arrived.selections()?.iter().map(|selection| selection.slot).collect();
            assert_eq!(found, slots.concat());
            for (index, selection) in arrived.selections()?.iter().enumerate() {
                let weight = if selection.slot == NOWHERE { 0.0 } else { WEIGHTS[index % TOP_K] };
                assert_eq!(selection.weight, weight);
            }
            let origins: Vec<_> = arrived.origins()?.iter().map(|origin| origin.rank as usize).collect();
            assert_eq!(origins, tokens.iter().map(|&(source, _)| source).collect::<Vec<_>>());
            let found: Vec<_> = arrived.bf16_rows()?.iter().map(|x| x.to_f32()).collect();
            let sent = tokens
                .iter()
                .flat_map(|&(source, token)| (0..HIDDEN).map(move |c| element(source, token, c)));
            assert_eq!(found, sent.collect::<Vec<_>>());
            Ok(())
        })
        .expect("no rank fails");
}

#[test]
fn fp8_rows_and_scales_travel_unchanged() {
    let format = Fp8 { block: 32, ..Fp8::DEEPSEEK_V3 };
    let shape = Shape { hidden: 48, wire: Wire::Fp8(format), ..SHAPE };
    let row: Vec<f32> = (0..48).map(|column| (column as f32 - 20.0) * 0.37).collect();
    let fp8 = quantise::fp8(&row, 48, format).expect("one row");
    cluster()
        .run(|rank| -> Result<(), Error> {
            let mut dock = rank.dock(kernels(shape), Capacity::tokens(1))?;
            let tokens = Tokens::Fp8 { values: &fp8.values, scales: &fp8.scales };
            let arrived = dock.dispatch(&tokens, &Routing::new(&[2, -1, 3], &WEIGHTS))?;
            if rank.index() == 1 {
                assert_eq!(arrived.rows()?, fp8.values.repeat(RANKS));
                assert_eq!(arrived.scales()?, fp8.scales.repeat(RANKS));
            } else {
                assert_eq!(arrived.row_count(), 0);
            }
            let outputs = arrived.apply(|_, input, output| output.copy_from_slice(input))?;
            let result = arrived.combine(&outputs)?.rows;
            for (y, x) in result.iter().zip(quantise::dequantise(&fp8.values, &fp8.scales, 48, format)?) {
                // Two selections of the same row: 0.5 + 2.0 times the element that experts saw.
                assert_eq!(*y, bf16::from_f32(bf16::from_f32(x).to_f32() * 2.5));
            }
            Ok(())
        })
        .expect("no rank fails");
}

#[test]
fn a_dock_serves_many_rounds_with_or_without_combine() {
    cluster()
        .run(|rank| -> Result<(), Error> {
            let mut dock = rank.dock(kernels(SHAPE), Capacity::tokens(4))?;
            for number in 0..5 {
                let arrived = dispatch(&mut dock)?;
                if number % 2 == 1 {
                    continue;
                }
                let outputs = experts(&arrived)?;
                assert_eq!(arrived.combine(&outputs)?.rows, expected_results(rank.index()), "round {number}");
                let nothing = dock.dispatch(&Tokens::Bf16(&[]), &Routing::new(&[], &[]))?;
                assert_eq!((nothing.row_count(), nothing.slot_count()), (0, 0));
                assert_eq!(nothing.combine(&[])?.rows, []);
            }
            Ok(())
        })
        .expect("no rank fails");
}

#[test]
fn a_dock_without_room_for_tokens_still_runs_rounds() {
    let results = cluster().run(|rank| -> Result<usize, Error> {
        let mut dock = rank.dock(kernels(SHAPE), Capacity::tokens(0))?;
        let arrived = dock.dispatch(&Tokens::Bf16(&[]), &Routing::new(&[], &[]))?;
        assert_eq!(arrived.expert_offsets(), [0; LOCAL_EXPERTS + 1]);
        Ok(arrived.combine(&[])?.rows.len())
    });
    assert_eq!(results.expect("no rank fails"), [0; RANKS]);
}

#[test]
fn counters_see_each_row_cross_each_link_once() {
    // One token on rank 0 with two experts on rank 1 and one on rank 2; nobody else has tokens.
    let reports = cluster().run(|rank| -> Result<_, Error> {
        let mut dock = rank.dock(kernels(SHAPE), Capacity::tokens(1))?;
        let (rows, routes): (&[bf16], &[i32]) =
            if rank.index() == 0 { (&[bf16::ONE; HIDDEN], &[2, 4, 3]) } else { (&[], &[]) };
        let arrived = dock.dispatch(&Tokens::Bf16(rows), &Routing::new(routes, &WEIGHTS[..routes.len()]))?;
        Ok(arrived.report().counters().expect("virtual GPUs count").traffic)
    });
    let reports = reports.expect("no rank fails");
    // Beside the row: every rank's totals and two flags to every peer; per row its selections and
    // origin, 4 bytes per slot.
    let everybody = reports[1].nvlink[&2].written;
    let row = HIDDEN as u64 * 2 + TOP_K as u64 * 8 + 8;
    assert_eq!(reports[0].nvlink[&1].written, everybody + row + 2 * 4);
    assert_eq!(reports[0].nvlink[&2].written, everybody + row + 4);
    assert_eq!(reports[2].nvlink[&1].written, everybody);
    assert!(reports.iter().all(|traffic| traffic.nvlink.values().all(|link| link.read == 0)));
}

#[test]
fn a_peer_that_stays_away_is_named_with_stage_and_round() {
    let cluster = cluster().deadline(Duration::from_millis(5));
    let error = cluster.run(|rank| -> Result<(), Error> {
        let mut dock = rank.dock(kernels(SHAPE), Capacity::tokens(4))?;
        if rank.index() == 1 {
            return Ok(());
        }
        let error = dispatch(&mut dock).expect_err("rank 1 stays away");
        // The dock does not go on after a failed round.
        let again = dispatch(&mut dock).expect_err("the dock is broken");
        assert_eq!(error.to_string(), again.to_string());
        Err(error)
    });
    let error = error.expect_err("rank 1 stays away");
    let Error::Late { rank: 0, stage: Stage::Layout, peer: 1, expected: 1, found: 0, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(
        error.to_string(),
        "rank 0: layout waited 5ms for rank 1, which is in round 0 and not in round 1; 2 of 3 ranks came; did that rank run the same rounds?"
    );
}

#[test]
fn a_peer_that_does_not_combine_is_named() {
    let cluster = cluster().deadline(Duration::from_millis(5));
    let error = cluster.run(|rank| -> Result<(), Error> {
        let mut dock = rank.dock(kernels(SHAPE), Capacity::tokens(4))?;
        for number in 0..2 {
            let arrived = dispatch(&mut dock)?;
            if (rank.index(), number) == (2, 1) {
                return Ok(());
            }
            let outputs = experts(&arrived)?;
            arrived.combine(&outputs)?;
        }
        Ok(())
    });
    let error = error.expect_err("rank 2 leaves in the second round");
    assert!(
        matches!(error, Error::Late { stage: Stage::Combine, peer: 2, expected: 2, found: 1, .. }),
        "{error}"
    );
}

#[test]
fn wrong_input_on_one_rank_fails_the_run_with_its_error() {
    let error = cluster().run(|rank| -> Result<(), Error> {
        let mut dock = rank.dock(kernels(SHAPE), Capacity::tokens(1))?;
        let expert = if rank.index() == 1 { 6 } else { 5 };
        dock.dispatch(&Tokens::Bf16(&[bf16::ONE; HIDDEN]), &Routing::new(&[0, -1, expert], &WEIGHTS))?;
        Ok(())
    });
    assert_eq!(
        error.expect_err("there is no expert 6").to_string(),
        "rank 1, token 0, selection 2: expert 6 does not exist; use 0 to 5, or -1 for none"
    );
    let error = cluster().run(|rank| -> Result<(), Error> {
        let mut dock = rank.dock(kernels(SHAPE), Capacity::tokens(4))?;
        let arrived = dispatch(&mut dock)?;
        let outputs = vec![bf16::ZERO; arrived.slot_count() * HIDDEN - usize::from(rank.index() == 2)];
        arrived.combine(&outputs)?;
        Ok(())
    });
    let error = error.expect_err("rank 2 has an element too few");
    assert!(
        matches!(error, Error::Length { rank: 2, what: "outputs", expected, found, .. } if found + 1 == expected)
    );
}

#[test]
fn capacity_is_a_limit_and_the_same_for_all() {
    let error = cluster().run(|rank| -> Result<(), Error> {
        let mut dock = rank.dock(kernels(SHAPE), Capacity::tokens(3))?;
        dispatch(&mut dock)?;
        Ok(())
    });
    assert_eq!(
        error.expect_err("rank 0 has four tokens").to_string(),
        "rank 0 dispatches 4 tokens, but the dock was opened with Capacity::tokens(3)"
    );
    let error = cluster().run(|rank| -> Result<(), Error> {
        rank.dock(kernels(SHAPE), Capacity::tokens(3 + rank.index()))?;
        Ok(())
    });
    assert!(matches!(error, Err(Error::OutOfStep { first: 0, second: 1, .. })), "{error:?}");
    let uneven = Shape { experts: 7, ..SHAPE };
    let error = cluster().run(|rank| -> Result<(), Error> {
        rank.dock(kernels(uneven), Capacity::tokens(1))?;
        Ok(())
    });
    assert!(matches!(error, Err(Error::UnevenExperts { experts: 7, ranks: 3 })), "{error:?}");
    // What a `main` that returns the error shows.
    let debug = error.map(|_| String::new()).map_err(|error| (format!("{error:?}"), error.to_string()));
    let (debug, sentence) = debug.expect_err("refused");
    assert_eq!(debug, sentence);
}

#[test]
fn a_budget_limits_blocks_and_changes_no_bit() {
    let blocks = |report: &StageReport| -> Vec<u64> {
        report
            .launches
            .iter()
            .map(|launch| launch.counters.as_ref().expect("counted").activity.blocks)
            .collect()
    };
    // 40 tokens would take five blocks.
    let cluster =
        Cluster::emulated(Topology::nodes(1).gpus_per_node(2)).expect("one node").multiprocessors(6);
    cluster
        .run(|rank| -> Result<(), Error> {
            let shape = Shape { experts: 6, top_k: 1, ..SHAPE };
            let mut dock = rank.dock(kernels(shape), Capacity::tokens(40))?;
            let planned = dock.sm_plan();
            assert!(
                planned.dispatch.multiprocessors <= 3 && planned.combine.multiprocessors <= 3,
                "{planned:?}"
            );
            let rows: Vec<bf16> = (0..40 * HIDDEN).map(|index| bf16::from_f32((index % 97) as f32)).collect();
            let experts: Vec<i32> = (0..40).map(|token| token % 2 * 3 + token / 2 % 3).collect();
            for (budget, most) in
                [(SmBudget::Multiprocessors(2), 2), (SmBudget::All, 5), (SmBudget::Multiprocessors(1), 1)]
            {
                // Ranks may differ.
                let odd = rank.index() == 1 && budget == SmBudget::All;
                dock.set_budget(if odd { SmBudget::Multiprocessors(1) } else { budget })?;
                let arrived = dock.dispatch(&Tokens::Bf16(&rows), &Routing::new(&experts, &[1.0; 40]))?;
                let dispatch = arrived.report().clone();
                let outputs = arrived.apply(|_, input, output| output.copy_from_slice(input))?;
                let combined = arrived.combine(&outputs)?;
                assert_eq!(combined.rows, rows);
                let most = if odd { 1 } else { most };
                assert_eq!(blocks(&dispatch), [most; 3], "{budget:?}: count, layout, dispatch");
                assert_eq!(blocks(&combined.report), [most], "{budget:?}");
            }
            for count in [0, 7] {
                let error = dock.set_budget(SmBudget::Multiprocessors(count)).expect_err("the GPU has six");
                let expected = format!("SmBudget::Multiprocessors must be 1 to 6: {count} is not");
                assert_eq!(error.to_string(), expected);
            }
            Ok(())
        })
        .expect("the rounds succeed");
}

#[test]
fn a_controller_sets_the_budget_of_the_next_round() {
    cluster()
        .run(|rank| -> Result<(), Error> {
            let mut dock = rank.dock(kernels(SHAPE), Capacity::tokens(4))?;
            let limits = Limits { least: 2, most: 60, total: 132 };
            let mut controller = Controller::new(limits, 60)?;
            let mut taken = Vec::new();
            for number in 0..12 {
                let arrived = dispatch(&mut dock)?;
                let outputs = experts(&arrived)?;
                let report = arrived.report().clone();
                let combined = arrived.combine(&outputs)?;
                assert_eq!(combined.rows, expected_results(rank.index()));
                let report = RoundReport { dispatch: report, combine: combined.report };
                let observed = Observation::of_round(&report, 1).expect("virtual GPUs count");
                assert!(observed.communication > observed.waiting, "{observed:?}");
                // Experts that take ever longer, far above communication.
                let experts = 1_000_000_000 / (132 - u64::from(dock.sm_plan().dispatch.multiprocessors));
                dock.rebalance(&mut controller, &report, experts << (number / 4))?;
                assert_eq!(dock.sm_plan().dispatch.multiprocessors, controller.multiprocessors());
                taken.push(controller.multiprocessors());
            }
            assert_eq!(taken[..3], [60; 3], "rank {}", rank.index());
            assert_eq!(taken[3], 2, "rank {}", rank.index());
            Ok(())
        })
        .expect("the rounds succeed");
}
