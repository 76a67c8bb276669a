//! A whole layer that is captured once and replayed: batches, experts and sums stay on the device,
//! the host waits only at the end, and every replay has another number of tokens.

#![allow(
    unreachable_pub,
    dead_code,
    reason = "kernels are public so that their arguments are, and run as PTX only"
)]

use crossdock::host::{
    Buffer, Cluster, Combine, DeviceRouting, DeviceTokens, Error, Kernel, Layout, Rank, Topology,
};
use crossdock::{CompileOptions, KernelSet, Shape, Wire};
use crossdock_trial::{Case, Choice, Reference, Rows};
use half::bf16;

use super::compare::TARGETS;

/// The batches that a replay takes one after the other, and the experts.
#[crossdock::device]
mod code {
    use crossdock::prelude::*;

    /// Copies words. All warps of the grid.
    pub fn copy(from: Global<u32>, to: Global<u32>, words: u32) {
        let mut word = warp_in_grid() * WARP + lane();
        while word < words {
            to.at(word).write(from.at(word).read());
            word += warps_in_grid() * WARP;
        }
    }

    /// Puts the next batch where the round finds it.
    #[kernel(warps = 4)]
    pub fn load(
        next: Global<u32>,        // [1]: which batch
        all_rows: Global<u32>,    // [batches, row_words]
        all_experts: Global<u32>, // [batches, selections]
        all_weights: Global<u32>, // [batches, selections]
        all_tokens: Global<u32>,  // [batches]
        row_words: u32,
        selections: u32,
        rows: Global<u32>,    // [row_words]
        experts: Global<u32>, // [selections]
        weights: Global<u32>, // [selections]
        tokens: Global<u32>,  // [1]
    ) {
        let batch = next.read();
        copy(all_rows.at(batch * row_words), rows, row_words);
        copy(all_experts.at(batch * selections), experts, selections);
        copy(all_weights.at(batch * selections), weights, selections);
        copy(all_tokens.at(batch), tokens, 1);
    }

    /// Keeps what the round gave, and goes on to the next batch. One block.
    #[kernel(warps = 4)]
    pub fn store(
        next: Global<u32>,
        results: Global<u32>,
        words: u32,
        tokens: Global<u32>,
        token_words: u32,
        all: Global<u32>,
    ) {
        let batch = next.read();
        copy(results, all.at(batch * words), tokens.read() * token_words);
        block_barrier();
        if thread_in_block() == 0 {
            next.write(batch + 1);
        }
    }

    /// Every expert multiplies by a factor of its own and turns its row by its number.
    #[kernel(warps = 4)]
    pub fn experts(
        rows: Global<u16>,           // [arrived rows or slots, hidden]: bf16
        expert_rows: Global<u32>,    // [slots]
        expert_offsets: Global<u32>, // [local_experts + 1]
        expert_counts: Global<u32>,  // [local_experts]
        first_expert: u32,
        local_experts: u32,
        by_expert: u32, // 1: rows lie at their slots
        hidden: u32,
        outputs: Global<u16>, // [slots, hidden]: bf16
    ) {
        for local in 0..local_experts {
            let number = first_expert + local;
            let factor = (number % 17) as f32 / 4.0 - 2.0;
            let first = expert_offsets.at(local).read();
            let end = first + expert_counts.at(local).read();
            let mut slot = first + warp_in_grid();
            while slot < end {
                let mut row = slot;
                if by_expert == 0 {
                    row = expert_rows.at(slot).read();
                }
                let mut index = lane();
                while index < hidden {
                    let input = rows.at(row * hidden + (index + number) % hidden).read();
                    let output = pack_bf16(bf16_low(input as u32) * factor, 0.0);
                    outputs.at(slot * hidden + index).write(output as u16);
                    index += WARP;
                }
                slot += warps_in_grid();
            }
        }
    }
}

/// A captured layer of one rank.
struct Layer {
    load: Kernel<code::LoadArguments>,
    store: Kernel<code::StoreArguments>,
    experts: Kernel<code::ExpertsArguments>,
}

impl Layer {
    fn new(rank: &Rank, options: CompileOptions) -> Result<Layer, Error> {
        Ok(Layer {
            load: rank.kernel(&code::__device::MODULE.specialise_for(&[], options)?)?,
            store: rank.kernel(&code::__device::MODULE.specialise_for(&[], options)?)?,
            experts: rank.kernel(&code::__device::MODULE.specialise_for(&[], options)?)?,
        })
    }
}

/// What each rank gets of each batch, `[tokens, hidden]`, if all batches are replays of one
/// capture.
fn replayed(case: &Case, target: &str, seed: u64) -> Result<Vec<Vec<Vec<bf16>>>, Error> {
    let (batches, shape) = (case.trials(), case.shape());
    let capacity = case.rounds.iter().flatten().copied().max().expect("there are rounds");
    let options = CompileOptions::new(target, None)?;
    let kernels = KernelSet::jit_for(shape, options)?;
    let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(case.ranks()))?.schedule_seed(seed);
    cluster.run(|rank| {
        let here = rank.index();
        let Shape { hidden, top_k, .. } = shape;
        let (row_elements, selections) = (capacity * case.hidden, capacity * case.top_k);
        let mut dock = rank.dock(kernels.clone(), case.capacity())?;
        let layer = Layer::new(rank, options)?;
        let all_rows: Buffer<bf16> = rank.buffer(batches.len() * row_elements)?;
        let all_experts: Buffer<i32> = rank.buffer(batches.len() * selections)?;
        let all_weights: Buffer<f32> = rank.buffer(batches.len() * selections)?;
        let all_tokens: Buffer<u32> = rank.buffer(batches.len())?;
        let all_results: Buffer<bf16> = rank.buffer(batches.len() * row_elements)?;
        for buffer in [&all_rows, &all_results] {
            buffer.clear()?;
        }
        all_experts.clear()?;
        all_weights.clear()?;
        for (number, batch) in batches.iter().enumerate() {
            let brought = &batch.ranks[here];
            let Rows::Bf16(rows) = &brought.rows else { panic!("the wire is bf16") };
            all_rows.write(number * row_elements, rows)?;
            all_experts.write(number * selections, &brought.routes.experts)?;
            all_weights.write(number * selections, &brought.routes.weights)?;
            all_tokens.write(number, &[batch.tokens(here) as u32])?;
        }
        let (rows, results): (Buffer<bf16>, Buffer<bf16>) =
            (rank.buffer(row_elements)?, rank.buffer(row_elements)?);
        let (experts, weights): (Buffer<i32>, Buffer<f32>) =
            (rank.buffer(selections)?, rank.buffer(selections)?);
        let (next, tokens): (Buffer<u32>, Buffer<u32>) = (rank.buffer(1)?, rank.buffer(1)?);
        next.clear()?;
        let outputs: Buffer<bf16> = rank.buffer(dock.slot_capacity() * case.hidden)?;
        let (graph, ()) = rank.capture(|| -> Result<(), Error> {
            layer.load.enqueue(
                2,
                &code::LoadArguments {
                    next: next.global(),
                    all_rows: all_rows.global(),
                    all_experts: all_experts.global(),
                    all_weights: all_weights.global(),
                    all_tokens: all_tokens.global(),
                    row_words: row_elements as u32 / 2,
                    selections: selections as u32,
                    rows: rows.global(),
                    experts: experts.global(),
                    weights: weights.global(),
                    tokens: tokens.global(),
                },
            )?;
            let routing = DeviceRouting {
                experts: (&experts).into(),
                weights: (&weights).into(),
                tokens: (&tokens).into(),
            };
            let enqueued = dock.enqueue(DeviceTokens::Bf16((&rows).into()), routing)?;
            layer.experts.enqueue(
                3,
                &code::ExpertsArguments {
                    rows: enqueued.rows().global(),
                    expert_rows: enqueued.expert_rows().global(),
                    expert_offsets: enqueued.expert_offsets().global(),
                    expert_counts: enqueued.expert_counts().global(),
                    first_expert: (here * case.experts_per_rank) as u32,
                    local_experts: case.experts_per_rank as u32,
                    by_expert: u32::from(enqueued.layout() != Layout::BySource),
                    hidden,
                    outputs: outputs.global(),
                },
            )?;
            enqueued.combine(Combine::of_slots(&outputs), &results)?;
            layer.store.enqueue(
                1,
                &code::StoreArguments {
                    next: next.global(),
                    results: results.global(),
                    words: row_elements as u32 / 2,
                    tokens: tokens.global(),
                    token_words: hidden / 2,
                    all: all_results.global(),
                },
            )
        })?;
        // Nothing of the capture has run, and nothing is waited for between the replays.
        for _ in &batches {
            graph.launch()?;
        }
        dock.synchronise()?;
        assert_eq!(next.read(0..1)?, [batches.len() as u32]);
        assert_eq!(top_k as usize, case.top_k);
        (0..batches.len())
            .map(|number| {
                let first = number * row_elements;
                all_results.read(first..first + batches[number].tokens(here) * case.hidden)
            })
            .collect()
    })
}

fn agrees(case: &Case, target: &str, seed: u64) {
    let seen = replayed(case, target, seed).unwrap_or_else(|error| panic!("{case:?}, seed {seed}: {error}"));
    for (number, batch) in case.trials().iter().enumerate() {
        for (rank, expected) in Reference::new(batch).results.iter().enumerate() {
            let bits = |values: &[bf16]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            let place = format!("{case:?}, {target}, seed {seed}: replay {number}, rank {rank}");
            assert_eq!(bits(&seen[rank][number]), bits(expected), "{place}");
        }
    }
}

/// Three numbers of tokens for each rank, none and as many as there is room for among them, then
/// the first again.
fn case(layout: Layout) -> Case {
    Case {
        experts_per_rank: 3,
        top_k: 4,
        hidden: 48,
        wire: Wire::Bf16,
        quantises: false,
        layout,
        rounds: vec![vec![5, 0, 11], vec![19, 19, 19], vec![0, 7, 1], vec![5, 0, 11]],
        choice: Choice::Sparse,
        schedule_seed: 0,
        seed: 23,
    }
}

#[test]
fn a_captured_layer_replays_with_other_numbers_of_tokens_and_no_wait_between() {
    for layout in
        [Layout::BySource, Layout::ByExpert { alignment: 4 }, Layout::Masked { capacity: 3 * 19 * 4 }]
    {
        for target in TARGETS {
            for seed in 0..4 {
                agrees(&case(layout), target, seed);
            }
        }
    }
}

#[test]
fn one_rank_and_many_ranks_replay() {
    let alone =
        Case { experts_per_rank: 6, rounds: vec![vec![3], vec![0], vec![9]], ..case(Layout::BySource) };
    let rounds = (0..3).map(|round| (0..8).map(|rank| (rank * 5 + round * 3) % 9).collect()).collect();
    for case in [alone, Case { rounds, choice: Choice::Any, ..case(Layout::ByExpert { alignment: 1 }) }] {
        agrees(&case, "sm_90", 1);
    }
}
