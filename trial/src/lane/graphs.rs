//! A round that is captured into a graph once, and replayed with other numbers of tokens.

use crossdock_device::{Shape, Wire, device};
use crossdock_host::{Buffer, Capacity, Combine, DeviceRouting, DeviceTokens, Rank, bf16};

use super::{Lane, Test, same};
use crate::Error;

/// The experts.
#[device(crate = ::crossdock_device)]
#[expect(dead_code, unreachable_pub, reason = "kernels are public items, and called on GPUs only")]
pub mod code {
    use crossdock_device::prelude::*;

    /// Every expert doubles its rows.
    #[kernel(warps = 4)]
    pub fn double(
        rows: Global<u16>,           // [arrived rows, hidden]: bf16
        expert_rows: Global<u32>,    // [slots]
        expert_offsets: Global<u32>, // [local_experts + 1]
        expert_counts: Global<u32>,  // [local_experts]
        local_experts: u32,
        hidden: u32,
        outputs: Global<u16>, // [slots, hidden]: bf16
    ) {
        for expert in 0..local_experts {
            let first = expert_offsets.at(expert).read();
            let end = first + expert_counts.at(expert).read();
            let mut slot = first + warp_in_grid();
            while slot < end {
                let row = expert_rows.at(slot).read();
                let mut index = lane();
                while index < hidden {
                    let input = rows.at(row * hidden + index).read();
                    let output = pack_bf16(2.0 * bf16_low(input as u32), 0.0);
                    outputs.at(slot * hidden + index).write(output as u16);
                    index += WARP;
                }
                slot += warps_in_grid();
            }
        }
    }
}

const SHAPE: Shape = Shape { hidden: 64, top_k: 2, experts: 8, wire: Wire::Bf16 };
const HIDDEN: usize = SHAPE.hidden as usize;
const TOP_K: usize = SHAPE.top_k as usize;

/// Tokens of each rank in each replay; the graph is captured before any of them.
const REPLAYS: [usize; 3] = [7, 32, 1];
const MOST: usize = 32;

/// Weights of each token; doubled rows are then added up to one and a half.
const WEIGHTS: [f32; TOP_K] = [0.5, 0.25];

pub(super) fn tests() -> Vec<Test> {
    let test = |ranks: usize| {
        let name = format!("graph: a captured round replayed with 7, 32 and 1 tokens, {ranks} ranks");
        Test::new(name, move |lane| check(lane, ranks))
    };
    [1, 2, 4, 8].map(test).into()
}

/// A small whole number, so that all sums are exact.
fn input(rank: usize, replay: usize, at: usize) -> f32 {
    ((at * 7 + rank * 3 + replay * 5) % 16) as f32
}

fn expert(rank: usize, replay: usize, token: usize, choice: usize) -> i32 {
    let first = (token * 3 + rank + replay) % 8;
    ((first + choice * 5) % 8) as i32
}

fn check(lane: &Lane, ranks: usize) -> Result<(), Error> {
    let found = lane.compare(ranks, replay)?;
    for (rank, found) in found.iter().enumerate() {
        let expected = REPLAYS
            .iter()
            .enumerate()
            .flat_map(|(replay, &count)| (0..count * HIDDEN).map(move |at| 1.5 * input(rank, replay, at)));
        let expected: Vec<u16> = expected.map(|value| bf16::from_f32(value).to_bits()).collect();
        same(found, &expected, &format!("rank {rank}"), "the host gives")?;
    }
    Ok(())
}

/// The results of all replays of one rank, one after the other.
fn replay(rank: &Rank) -> Result<Vec<u16>, crossdock_host::Error> {
    let here = rank.index();
    let mut dock = rank.dock(rank.kernels(SHAPE)?, Capacity::tokens(MOST))?;
    let double = rank.kernel(&code::__device::MODULE.specialise_for(&[], rank.target().into())?)?;
    let (rows, results): (Buffer<bf16>, Buffer<bf16>) =
        (rank.buffer(MOST * HIDDEN)?, rank.buffer(MOST * HIDDEN)?);
    let (experts, weights): (Buffer<i32>, Buffer<f32>) =
        (rank.buffer(MOST * TOP_K)?, rank.buffer(MOST * TOP_K)?);
    let tokens: Buffer<u32> = rank.buffer(1)?;
    let outputs: Buffer<bf16> = rank.buffer(dock.slot_capacity() * HIDDEN)?;
    rows.clear()?;
    experts.clear()?;
    weights.write(0, &WEIGHTS.repeat(MOST))?;
    let (graph, ()) = rank.capture(|| -> Result<(), crossdock_host::Error> {
        let routing = DeviceRouting {
            experts: (&experts).into(),
            weights: (&weights).into(),
            tokens: (&tokens).into(),
        };
        let enqueued = dock.enqueue(DeviceTokens::Bf16((&rows).into()), routing)?;
        double.enqueue(
            1,
            &code::DoubleArguments {
                rows: enqueued.rows().global(),
                expert_rows: enqueued.expert_rows().global(),
                expert_offsets: enqueued.expert_offsets().global(),
                expert_counts: enqueued.expert_counts().global(),
                local_experts: SHAPE.experts / rank.topology().ranks() as u32,
                hidden: SHAPE.hidden,
                outputs: outputs.global(),
            },
        )?;
        enqueued.combine(Combine::of_slots(&outputs), &results)
    })?;
    let mut all = Vec::new();
    for (number, &count) in REPLAYS.iter().enumerate() {
        let values: Vec<bf16> =
            (0..count * HIDDEN).map(|at| bf16::from_f32(input(here, number, at))).collect();
        let choices: Vec<i32> =
            (0..count * TOP_K).map(|at| expert(here, number, at / TOP_K, at % TOP_K)).collect();
        rows.write(0, &values)?;
        experts.write(0, &choices)?;
        tokens.write(0, &[count as u32])?;
        graph.launch()?;
        dock.synchronise()?;
        all.extend(results.read(0..count * HIDDEN)?.into_iter().map(bf16::to_bits));
    }
    Ok(all)
}
