//! Runs a case on virtual GPUs and holds every array against the reference.

use crossdock::host::report::{RoundReport, StageReport};
use crossdock::host::{Capacity, Cluster, Error, NOWHERE, Origin, Routing, Selection, Tokens, Topology};
use crossdock::{CompileOptions, Fp8, KernelSet, ScaleFormat, Shape, Wire};
use crossdock_oracle::{
    Arrival, Bounds, Round, Slots, arrivals, combine_bf16, combine_bounds, dequantise, dispatch_bounds,
};
use half::bf16;

use crate::case::{Case, in_reference};

/// What one rank saw of one round.
struct Seen {
    rows: Vec<u8>,
    sides: Vec<u8>,
    origins: Vec<Origin>,
    selections: Vec<Selection>,
    source_offsets: Vec<u32>,
    expert_offsets: Vec<u32>,
    expert_counts: Vec<u32>,
    expert_rows: Vec<u32>,
    results: Vec<bf16>,
    report: RoundReport,
}

/// A target without bulk copies and one with them: two ways for rows, the same bytes.
pub(crate) const TARGETS: [&str; 2] = ["sm_80", "sm_90"];

/// Panics at the first array of any rank and round that is not as the reference says, whatever the target.
pub(crate) fn agrees_with_the_reference(case: &Case) {
    for target in TARGETS {
        agrees_for(case, target);
    }
}

/// The same for kernels of one target.
pub(crate) fn agrees_for(case: &Case, target: &str) {
    let rounds = case.contents();
    let seen = execute(case, &rounds, target).unwrap_or_else(|error| panic!("{case:?}: {error}"));
    for (number, round) in rounds.iter().enumerate() {
        let arrivals = arrivals(round);
        for (rank, (seen, arrival)) in seen.iter().zip(&arrivals).enumerate() {
            compare_arrival(round, &seen[number], arrival, &format!("{case:?}: round {number}, rank {rank}"));
        }
        let outputs: Vec<Vec<bf16>> =
            (0..round.ranks()).map(|rank| outputs(case, round, rank, &arrivals[rank])).collect();
        for (rank, expected) in combine_bf16(round, &arrivals, &outputs).iter().enumerate() {
            let bits = |values: &[bf16]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            let results = &seen[rank][number].results;
            assert_eq!(bits(results), bits(expected), "{case:?}: round {number}, results of rank {rank}");
        }
        let reports: Vec<&RoundReport> = seen.iter().map(|rank| &rank[number].report).collect();
        compare_bytes(case, round, &arrivals, &reports);
    }
}

/// What one token costs on average, rounded down.
pub(crate) struct Cost {
    /// Warp instructions of the kernel `dispatch`.
    pub(crate) dispatch: u64,
    /// Warp instructions of the kernel `combine`.
    pub(crate) combine: u64,
    /// Bytes of own memory that the stage of dispatch reads and writes.
    pub(crate) dispatch_hbm: u64,
    pub(crate) dispatch_hbm_bound: u64,
}

/// Runs the first round of a case and counts.
pub(crate) fn cost_per_token(case: &Case, target: &str) -> Cost {
    let rounds = case.contents();
    let seen = execute(case, &rounds, target).unwrap_or_else(|error| panic!("{case:?}: {error}"));
    let tokens: usize = case.rounds[0].iter().sum();
    let sum = |count: &dyn Fn(&RoundReport) -> u64| {
        seen.iter().map(|rank| count(&rank[0].report)).sum::<u64>() / tokens as u64
    };
    let instructions = |stage: &StageReport, kernel: &str| -> u64 {
        let launches = stage.launches.iter().filter(|launch| launch.kernel == kernel);
        launches.map(|launch| launch.counters.as_ref().expect("virtual GPUs count").warp_instructions).sum()
    };
    Cost {
        dispatch: sum(&|report| instructions(&report.dispatch, "dispatch")),
        combine: sum(&|report| instructions(&report.combine, "combine")),
        dispatch_hbm: sum(&|report| {
            report.dispatch.counters().expect("virtual GPUs count").traffic.hbm_total()
        }),
        dispatch_hbm_bound: dispatch_bounds(&rounds[0], &arrivals(&rounds[0])).hbm / tokens as u64,
    }
}

fn execute(case: &Case, rounds: &[Round], target: &str) -> Result<Vec<Vec<Seen>>, Error> {
    let kernels = KernelSet::jit_for(case.shape(), CompileOptions::new(target, None)?)?;
    let cluster =
        Cluster::emulated(Topology::nodes(1).gpus_per_node(case.ranks()))?.schedule_seed(case.schedule_seed);
    // What the search for races remembers grows with the square of the warps that run at once.
    let cluster = if case.ranks() > 8 { cluster.multiprocessors(4) } else { cluster };
    cluster.run(|rank| {
        let mut dock = rank.dock(kernels.clone(), Capacity::tokens(case.capacity()).layout(case.layout))?;
        let mut seen = Vec::new();
        for (number, round) in rounds.iter().enumerate() {
            let source = &round.sources[rank.index()];
            let values = case.activations(number, rank.index());
            let scales = scales(case, &source.sides);
            let tensors = side_tensors(&case.shape(), &source.sides);
            let sides: Vec<&[u8]> = tensors.iter().map(Vec::as_slice).collect();
            let tokens = match case.wire {
                Wire::Fp8(_) if !case.quantises => Tokens::Fp8 { values: &source.rows, scales: &scales },
                Wire::Bf16 | Wire::Fp8(_) => Tokens::Bf16(&values),
                Wire::Opaque(_) => Tokens::Opaque { rows: &source.rows, sides: &sides },
            };
            let arrived = dock.dispatch(&tokens, &Routing::new(&source.experts, &source.weights))?;
            let mut saw = Seen {
                rows: arrived.rows()?,
                sides: arrived.side_records()?,
                origins: arrived.origins()?,
                selections: arrived.selections()?,
                source_offsets: arrived.source_offsets().to_vec(),
                expert_offsets: arrived.expert_offsets().to_vec(),
                expert_counts: arrived.expert_counts().to_vec(),
                expert_rows: arrived.expert_rows()?,
                results: Vec::new(),
                report: RoundReport { dispatch: arrived.report().clone(), ..RoundReport::default() },
            };
            for (number, tensor) in side_tensors(&case.shape(), &saw.sides).iter().enumerate() {
                assert_eq!(&arrived.side(number)?, tensor);
            }
            let outputs = match case.wire {
                Wire::Opaque(_) => {
                    assert!(matches!(arrived.apply(expert), Err(Error::WrongWire { .. })));
                    outputs(case, round, rank.index(), &arrivals(round)[rank.index()])
                }
                _ => arrived.apply(expert)?,
            };
            let combined = arrived.combine(&outputs)?;
            (saw.results, saw.report.combine) = (combined.rows, combined.report);
            seen.push(saw);
        }
        Ok(seen)
    })
}

/// The scales of FP8 rows, by the definition of their bytes.
fn scales(case: &Case, bytes: &[u8]) -> Vec<f32> {
    let Wire::Fp8(Fp8 { scale, block, .. }) = case.wire else { return Vec::new() };
    if scale != ScaleFormat::Ue8m0 {
        return bytes
            .chunks_exact(4)
            .map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]]))
            .collect();
    }
    let count = case.hidden.div_ceil(block as usize);
    let value = |&byte: &u8| if byte == 255 { f32::NAN } else { 2f32.powi(i32::from(byte) - 127) };
    bytes.chunks(count.next_multiple_of(4)).flat_map(|row| row[..count].iter().map(value)).collect()
}

/// The side tensors inside the records.
fn side_tensors(shape: &Shape, records: &[u8]) -> Vec<Vec<u8>> {
    let mut before = 0;
    let widths = shape.sides().into_iter().filter(|&width| width > 0).map(|width| width as usize);
    widths
        .map(|width| {
            before += width;
            records
                .chunks(shape.side_bytes() as usize)
                .flat_map(|record| &record[before - width..before])
                .copied()
                .collect()
        })
        .collect()
}

/// An expert that no other can stand in for: a factor and an order of elements of its own.
fn expert(number: usize, input: &[bf16], output: &mut [bf16]) {
    let factor = (number % 17) as f32 / 4.0 - 2.0;
    for (index, output) in output.iter_mut().enumerate() {
        *output = bf16::from_f32(input[(index + number) % input.len()].to_f32() * factor);
    }
}

/// The experts' outputs by the reference's rows, slots and number formats.
pub(crate) fn outputs(case: &Case, round: &Round, rank: usize, arrival: &Arrival) -> Vec<bf16> {
    let rows = match case.wire {
        Wire::Bf16 => bf16_values(&arrival.rows),
        Wire::Fp8(fp8) => dequantise(&arrival.rows, &arrival.sides, case.hidden, in_reference(fp8)),
        // Whatever bytes mean, outputs are bf16.
        Wire::Opaque(_) => (0..arrival.origins.len() * case.hidden)
            .map(|index| bf16::from_f32(f32::from(arrival.rows[index % arrival.rows.len()])))
            .collect(),
    };
    let mut outputs = vec![bf16::ZERO; arrival.expert_rows.len() * case.hidden];
    for local in 0..case.experts_per_rank {
        for slot in arrival.expert_offsets[local]..arrival.expert_offsets[local + 1] {
            let Some(row) = arrival.expert_rows[slot] else { continue };
            let input = &rows[row * case.hidden..][..case.hidden];
            expert(
                rank * round.experts_per_rank() + local,
                input,
                &mut outputs[slot * case.hidden..][..case.hidden],
            );
        }
    }
    outputs
}

fn bf16_values(bytes: &[u8]) -> Vec<bf16> {
    bytes.chunks_exact(2).map(|bytes| bf16::from_le_bytes([bytes[0], bytes[1]])).collect()
}

fn compare_arrival(round: &Round, seen: &Seen, expected: &Arrival, place: &str) {
    let numbers = |values: &[u32]| values.iter().map(|&value| value as usize).collect::<Vec<_>>();
    assert_eq!(numbers(&seen.source_offsets), expected.source_offsets, "{place}: source offsets");
    assert_eq!(numbers(&seen.expert_offsets), expected.expert_offsets, "{place}: expert offsets");
    assert_eq!(numbers(&seen.expert_counts), expected.expert_counts, "{place}: selections of experts");
    let taken: Vec<_> =
        seen.expert_rows.iter().map(|&row| (row != NOWHERE).then_some(row as usize)).collect();
    assert_eq!(taken, expected.expert_rows, "{place}: rows of slots");
    // A token's partial sums come home to as many rows as it can have destinations.
    let fan_out = round.ranks().min(round.top_k);
    let origins: Vec<_> =
        seen.origins.iter().map(|origin| (origin.rank as usize, origin.index as usize / fan_out)).collect();
    assert_eq!(origins, expected.origins, "{place}: origins");
    let mut rows = expected.stored(round, &expected.rows, round.row_bytes, 0);
    let mut sides = expected.stored(round, &expected.sides, round.side_bytes, 0);
    if let Slots::Fixed(_) = round.slots {
        take_over(&mut rows, &seen.rows, expected, round.row_bytes);
        take_over(&mut sides, &seen.sides, expected, round.side_bytes);
    }
    assert!(seen.rows == rows, "{place}: bytes of rows");
    assert_eq!(seen.sides, sides, "{place}: what travels beside rows");
    let selections: Vec<_> =
        seen.selections.iter().map(|selection| (selection.slot, selection.weight.to_bits())).collect();
    let expected: Vec<_> = expected
        .selections
        .iter()
        .map(|selection| {
            selection.map_or((NOWHERE, 0), |selection| (selection.slot as u32, selection.weight.to_bits()))
        })
        .collect();
    assert_eq!(selections, expected, "{place}: selections");
}

/// What lies at slots of a masked layout that nobody takes is not said: expect what was seen.
fn take_over<T: Copy>(expected: &mut [T], seen: &[T], arrival: &Arrival, width: usize) {
    assert_eq!(expected.len(), seen.len());
    for (slot, row) in arrival.expert_rows.iter().enumerate() {
        if row.is_none() {
            let range = slot * width..(slot + 1) * width;
            expected[range.clone()].copy_from_slice(&seen[range]);
        }
    }
}

/// Every byte that crosses a link is a row's, or one of the few that say where it belongs.
fn compare_bytes(case: &Case, round: &Round, arrivals: &[Arrival], reports: &[&RoundReport]) {
    let nvlink = |stage: fn(&RoundReport) -> &StageReport| -> u64 {
        let counters = reports.iter().map(|report| stage(report).counters().expect("virtual GPUs count"));
        counters.map(|counters| counters.traffic.nvlink_total()).sum()
    };
    let (ranks, experts, top_k) = (round.ranks() as u64, round.experts as u64, round.top_k as u64);
    let pairs = ranks * (ranks - 1);

    let Bounds { nvlink: bound, .. } = dispatch_bounds(round, arrivals);
    let remote_rows = bound / (round.row_bytes + round.side_bytes) as u64;
    let remote_slots: usize = arrivals
        .iter()
        .enumerate()
        .flat_map(|(rank, arrival)| {
            arrival.expert_rows.iter().flatten().filter(move |&&row| arrival.origins[row].0 != rank)
        })
        .count();
    // Per row its selections and its origin, per slot its row, per pair of ranks the counts and two flags.
    let details =
        remote_rows * (8 * top_k + 8) + 4 * remote_slots as u64 + pairs * (4 * (ranks + experts) + 8);
    assert_eq!(nvlink(|report| &report.dispatch), bound + details, "{case:?}: bytes of dispatch");

    let Bounds { nvlink: bound, .. } = combine_bounds(round, arrivals);
    assert_eq!(nvlink(|report| &report.combine), bound + 4 * pairs, "{case:?}: bytes of combine");
}
