//! `crossdock bench`: what dispatch, combine, router, quantiser and plain copies take, on NVIDIA or
//! virtual GPUs.

pub(crate) mod arguments;
mod machine;
mod measure;
mod meeting;
mod quantiser;
mod row;
mod rows;
mod span;
mod spread;

use crossdock::host::check_shape;
use crossdock::{KernelSet, Shape};
use crossdock_trial::bytes::{Busiest, RoundBytes};
use crossdock_trial::{Draw, SimulatedGate};

use self::arguments::{BenchArguments, Operation};
use self::machine::Found;
use self::measure::{Batch, Bench, Measured};
use self::quantiser::Quantiser;
use self::row::{Common, Row};
use crate::console;
use crate::demand;
use crate::failure::Failure;
use crate::flags::{BackendName, RowFlags, ShapeFlags};
use crate::progress::Progress;

/// Measures and reports.
pub(crate) fn run(arguments: &BenchArguments) -> Result<(), Failure> {
    let rows = measure(arguments)?;
    if !arguments.json {
        return console::print(&row::table(&rows));
    }
    let mut text = String::new();
    for row in &rows {
        text += &serde_json::to_string(row).map_err(std::io::Error::from)?;
        text.push('\n');
    }
    console::print(&text)
}

fn measure(arguments: &BenchArguments) -> Result<Vec<Row>, Failure> {
    let ranks = arguments.round.gpus_per_node as usize;
    let shape = checked_shape(arguments)?;
    let most = arguments.token_counts().into_iter().max().unwrap_or(0) as usize;
    if arguments.round.backend == BackendName::Emulator {
        demand::check(&shape, ranks, most)?;
    }
    let Found { machine, cluster, target, rates } = machine::find(arguments)?;
    let kernels = KernelSet::jit_for(shape, target).map_err(|error| Failure::Kernels(error.to_string()))?;
    let gate = SimulatedGate {
        experts: shape.experts as usize,
        top_k: shape.top_k as usize,
        routing: arguments.routing,
        groups: None,
    };
    let draw = Draw { seed: arguments.round.seed, gate };
    let quantises = measure::quantises(&shape);
    let rounds: Vec<(Batch, RoundBytes)> = arguments
        .token_counts()
        .into_iter()
        .map(|tokens| {
            let routes: Vec<_> = (0..ranks).map(|rank| draw.routes(rank, tokens as usize)).collect();
            let bytes = RoundBytes::new(&shape, arguments.round.layout, quantises, &routes);
            let dispatch = Busiest::of(&bytes.dispatch, machine.gpus);
            (Batch { tokens, routes, dispatch }, bytes)
        })
        .collect();
    let (batches, bytes): (Vec<_>, Vec<_>) = rounds.into_iter().unzip();
    let progress = Progress::steps(Bench::steps(arguments));
    let bench = Bench { arguments, shape, kernels, target, batches, progress };
    let measured = bench.run(&cluster)?;

    let common = Common { arguments, machine: &machine, shape, rates: rates.as_ref() };
    let moved = |one: &Measured| -> Busiest {
        let Some(number) = bench.batches.iter().position(|batch| batch.tokens == one.tokens) else {
            return Busiest::default();
        };
        let sharing = ranks.div_ceil(machine.gpus.max(1)) as u64;
        let (dispatch, bytes) = (bench.batches[number].dispatch, &bytes[number]);
        let local = |bytes: u64| Busiest { memory: sharing * bytes, link: 0 };
        match one.operation {
            Operation::Dispatch => dispatch,
            Operation::DispatchCached => Busiest::of(&bytes.dispatch_cached, machine.gpus),
            Operation::Combine => Busiest::of(&bytes.combine, machine.gpus),
            Operation::Router => {
                local(4 * u64::from(one.tokens) * u64::from(shape.experts + 2 * shape.top_k))
            }
            Operation::Quantise => local(Quantiser::bytes(&shape, one.tokens)),
            Operation::Copy => Busiest { memory: 2 * measure::copied_bytes(&dispatch) as u64, link: 0 },
            Operation::PeerCopy => Busiest { memory: 0, link: dispatch.link },
        }
    };
    let count = measured.first().map_or(0, Vec::len);
    let mut rows: Vec<Row> = (0..count)
        .filter_map(|number| {
            let seen: Vec<&Measured> = measured.iter().filter_map(|rank| rank.get(number)).collect();
            Row::new(&common, &seen, moved(seen.first()?))
        })
        .collect();
    Row::compare_with_copies(&mut rows);
    Ok(rows)
}

/// The relations between the numbers, in the words of the flags.
fn checked_shape(arguments: &BenchArguments) -> Result<Shape, Failure> {
    let (&RowFlags { hidden, top_k }, &ShapeFlags { experts, wire }) = (&arguments.row, &arguments.shape);
    let shape = Shape { hidden, top_k, experts, wire };
    if top_k > experts {
        return Err(Failure::arguments(format!(
            "--top-k {top_k} is more than --experts {experts}: a token cannot choose more experts than there are"
        )));
    }
    check_shape(&shape, arguments.round.gpus_per_node as usize)?;
    if arguments.only == [Operation::Quantise] && !measure::quantises(&shape) {
        return Err(Failure::arguments(
            "--only quantise needs rows that dispatch quantises: give --wire fp8, with 16, 32, 64 or 128 elements per scale",
        ));
    }
    Ok(shape)
}
