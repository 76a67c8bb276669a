//! One measurement as it is reported: an object of the JSON, a line of the table.
//! `docs/running-on-gpus.md` defines every field.

use std::collections::BTreeMap;

use crossdock::Shape;
use crossdock::host::planning::SmBudget;
use crossdock::host::report::{LaunchReport, RoundReport, StageReport};
use crossdock_trial::bytes::Busiest;
use crossdock_trial::model::{Estimate, Rates};
use serde::Serialize;

use super::arguments::{BenchArguments, Operation};
use super::machine::Machine;
use super::measure::Measured;
use super::spread::Spread;
use crate::console;
use crate::flags::word;

/// One measurement.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    #[serde(flatten)]
    pub(super) machine: Machine,
    pub(super) operation: String,
    pub(super) ranks: usize,
    pub(super) tokens: u32,
    pub(super) hidden: u32,
    pub(super) top_k: u32,
    pub(super) experts: u32,
    pub(super) wire: String,
    pub(super) layout: String,
    pub(super) routing: String,
    /// `auto`, `all` or a number; `null` where it does not matter.
    pub(super) sms: Option<String>,
    /// What that allows the largest kernel.
    pub(super) multiprocessors: Option<u32>,
    pub(super) iterations: u32,
    pub(super) warm_up: u32,
    /// From before the first launch to the end of the last; `null` on virtual GPUs.
    pub(super) seconds: Option<Spread>,
    /// The same in virtual cycles; `null` on real GPUs.
    pub(super) cycles: Option<Spread>,
    /// Seconds of each kernel alone; empty on virtual GPUs.
    pub(super) kernel_seconds: BTreeMap<String, Spread>,
    /// Cycles of each kernel alone; empty on real GPUs.
    pub(super) kernel_cycles: BTreeMap<String, Spread>,
    /// Instructions of all ranks in the first iteration; `null` on real GPUs, and for copies.
    pub(super) warp_instructions: Option<u64>,
    /// Wall-clock time of the call; `null` on virtual GPUs.
    pub(super) host_seconds: Option<Spread>,
    /// What the time model says; `null` on real GPUs.
    pub(super) model: Option<Model>,
    pub(super) memory_bytes: u64,
    pub(super) link_bytes: u64,
    pub(super) memory_bytes_per_second: Option<f64>,
    pub(super) link_bytes_per_second: Option<f64>,
    pub(super) share_of_copy: Option<f64>,
    pub(super) share_of_peer_copy: Option<f64>,
}

/// What the time model says about virtual GPUs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Model {
    /// Whose rates it took.
    pub(super) gpu: String,
    pub(super) seconds: f64,
}

/// What rows have in common.
pub(super) struct Common<'a> {
    pub(super) arguments: &'a BenchArguments,
    pub(super) machine: &'a Machine,
    pub(super) shape: Shape,
    pub(super) rates: Option<&'a Rates>,
}

impl Row {
    /// The row of one measurement, as each rank saw it, that moved so many bytes.
    pub(super) fn new(common: &Common<'_>, ranks: &[&Measured], bytes: Busiest) -> Option<Row> {
        let &Measured { operation, tokens, budget, multiprocessors, .. } = *ranks.first()?;
        let arguments = common.arguments;
        let (warm_up, iterations) = arguments.repetitions();
        let over_ranks = |value: &dyn Fn(&Measured, usize) -> Option<f64>| -> Option<Spread> {
            let one = |iteration: usize| {
                let values = ranks.iter().filter_map(|rank| value(rank, iteration));
                // Ranks that begin a dispatch early wait in it for the last one, whose own time has
                // no such wait in it. Elsewhere the slowest counts.
                if operation.begins_with_a_wait() { values.reduce(f64::min) } else { values.reduce(f64::max) }
            };
            Spread::of((0..iterations as usize).filter_map(one).collect())
        };
        let span = |measured: &Measured, iteration: usize| measured.iterations.get(iteration)?.stage.span;
        let seconds = over_ranks(&|measured, iteration| span(measured, iteration)?.seconds());
        let is_real = seconds.is_some();
        let rate = |bytes: u64| seconds.filter(|_| bytes > 0).map(|seconds| bytes as f64 / seconds.median);
        let kernels = |value: &dyn Fn(&LaunchReport) -> Option<f64>| {
            let names = ranks.iter().flat_map(|rank| &rank.iterations).flat_map(|one| &one.stage.launches);
            let names: Vec<String> = names.map(|launch| launch.kernel.clone()).collect();
            let spread = |name: String| {
                let spread = over_ranks(&|measured, iteration| {
                    let launches = &measured.iterations.get(iteration)?.stage.launches;
                    launches.iter().find(|launch| launch.kernel == name).and_then(value)
                })?;
                Some((name, spread))
            };
            names.into_iter().filter_map(spread).collect::<BTreeMap<_, _>>()
        };
        Some(Row {
            machine: common.machine.clone(),
            operation: word(operation),
            ranks: arguments.round.gpus_per_node as usize,
            tokens,
            hidden: common.shape.hidden,
            top_k: common.shape.top_k,
            experts: common.shape.experts,
            wire: common.shape.wire.to_string(),
            layout: arguments.round.layout.to_string(),
            routing: arguments.routing.to_string(),
            sms: budget.map(|budget| match budget {
                SmBudget::Auto => "auto".to_owned(),
                SmBudget::All => "all".to_owned(),
                SmBudget::Multiprocessors(count) => count.to_string(),
            }),
            multiprocessors,
            iterations,
            warm_up,
            seconds,
            cycles: over_ranks(&|measured, iteration| Some(span(measured, iteration)?.cycles()? as f64)),
            kernel_seconds: kernels(&|launch| is_real.then_some(launch.seconds)),
            kernel_cycles: kernels(&|launch| Some(launch.counters.as_ref()?.activity.cycles as f64)),
            warp_instructions: warp_instructions(ranks),
            host_seconds: over_ranks(&|measured, iteration| {
                is_real.then_some(measured.iterations.get(iteration)?.host_seconds)
            }),
            model: common.rates.and_then(|rates| Model::new(rates, operation, ranks, bytes)),
            memory_bytes: bytes.memory,
            link_bytes: bytes.link,
            memory_bytes_per_second: rate(bytes.memory),
            link_bytes_per_second: rate(bytes.link),
            share_of_copy: None,
            share_of_peer_copy: None,
        })
    }

    /// Compares rates with those of the plain copies among the rows, which copied as many bytes as
    /// dispatch moves with that many tokens.
    pub(super) fn compare_with_copies(rows: &mut [Row]) {
        let copied = |operation: Operation, rate: fn(&Row) -> Option<f64>| -> BTreeMap<u32, f64> {
            let copies = rows.iter().filter(|row| row.operation == word(operation));
            copies.filter_map(|row| Some((row.tokens, rate(row)?))).collect()
        };
        let memory = copied(Operation::Copy, |row| row.memory_bytes_per_second);
        let link = copied(Operation::PeerCopy, |row| row.link_bytes_per_second);
        for row in rows {
            let share = |rate: Option<f64>, copy: &BTreeMap<u32, f64>| Some(rate? / copy.get(&row.tokens)?);
            row.share_of_copy = share(row.memory_bytes_per_second, &memory);
            row.share_of_peer_copy = share(row.link_bytes_per_second, &link);
        }
    }
}

fn warp_instructions(ranks: &[&Measured]) -> Option<u64> {
    let stages = ranks.iter().filter_map(|rank| rank.iterations.first()).map(|first| &first.stage);
    let counted = stages.filter(|stage| !stage.launches.is_empty());
    let sums = counted.map(|stage| Some(stage.counters()?.warp_instructions));
    sums.collect::<Option<Vec<_>>>().filter(|sums| !sums.is_empty()).map(|sums| sums.iter().sum())
}

impl Model {
    /// The time model on the first iteration.
    fn new(rates: &Rates, operation: Operation, ranks: &[&Measured], bytes: Busiest) -> Option<Model> {
        let gpu = rates.name.clone();
        if let Operation::Copy | Operation::PeerCopy = operation {
            return Some(Model { gpu, seconds: rates.copy_seconds(bytes.memory, bytes.link) });
        }
        let stages = ranks.iter().map(|rank| {
            let dispatch = rank.iterations.first()?.stage.clone();
            Some(RoundReport { dispatch, combine: StageReport::default() })
        });
        let estimate = Estimate::new(rates, &stages.collect::<Option<Vec<_>>>()?)?;
        Some(Model { gpu, seconds: estimate.dispatch_microseconds / 1e6 })
    }
}

/// All rows as a table.
pub(super) fn table(rows: &[Row]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let machine = &first.machine;
    let real = machine.gpu.is_some();
    let mut text = match &machine.gpu {
        Some(gpu) => format!(
            "{} ranks on {} {gpu}, driver {}",
            first.ranks,
            machine.gpus,
            machine.driver.as_deref().unwrap_or("unknown")
        ),
        None => {
            let whose = rows.iter().find_map(|row| row.model.as_ref()).map_or("none", |model| &model.gpu);
            format!(
                "{} ranks on virtual GPUs, which count; times are those of a model of {whose}",
                first.ranks
            )
        }
    };
    text += &format!(
        ", {}; hidden {}, top-{} of {} experts, {}, layout {}, routes {}; {} iteration(s)\n",
        machine.target,
        first.hidden,
        first.top_k,
        first.experts,
        first.wire,
        first.layout,
        first.routing,
        first.iterations
    );
    let mut header = vec!["operation", "tokens", "sms"];
    header.extend(if real { ["us", "least", "most"] } else { ["instructions", "cycles", "model us"] });
    // Without time there are no rates.
    header.extend(if real {
        &["memory MB", "GB/s", "of copy", "link MB", "GB/s", "of copy"][..]
    } else {
        &["memory MB", "link MB"]
    });
    let mut table = console::table(header);
    for row in rows {
        let number = |value: Option<f64>, digits: usize| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
        };
        let microseconds = |pick: fn(&Spread) -> f64| number(row.seconds.as_ref().map(|s| pick(s) * 1e6), 2);
        let mut cells = vec![
            row.operation.clone(),
            row.tokens.to_string(),
            row.multiprocessors.map_or_else(|| "-".to_owned(), |count| count.to_string()),
        ];
        cells.extend(if real {
            [microseconds(|s| s.median), microseconds(|s| s.minimum), microseconds(|s| s.maximum)]
        } else {
            [
                row.warp_instructions.map_or_else(|| "-".to_owned(), |count| count.to_string()),
                number(row.cycles.map(|cycles| cycles.median), 0),
                number(row.model.as_ref().map(|model| model.seconds * 1e6), 2),
            ]
        });
        let megabytes = |bytes: u64| number((bytes > 0).then_some(bytes as f64 / 1e6), 3);
        let rate = |rate: Option<f64>| number(rate.map(|rate| rate / 1e9), 1);
        let percent =
            |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |s| format!("{:.0} %", 100.0 * s));
        cells.push(megabytes(row.memory_bytes));
        if real {
            cells.extend([rate(row.memory_bytes_per_second), percent(row.share_of_copy)]);
        }
        cells.push(megabytes(row.link_bytes));
        if real {
            cells.extend([rate(row.link_bytes_per_second), percent(row.share_of_peer_copy)]);
        }
        table.add_row(cells);
    }
    text += &console::right_aligned(table, 1).trim_fmt();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use crossdock::Wire;
    use crossdock::host::report::Elapsed;

    use super::super::measure::Iteration;
    use super::*;
    use crate::arguments::{Arguments, Command};

    /// What a rank saw whose spans were these.
    fn measured(operation: Operation, spans: &[f64]) -> Measured {
        let iteration = |&seconds: &f64| {
            let launch = LaunchReport { kernel: "dispatch".into(), counters: None, seconds: seconds / 2.0 };
            let stage = StageReport { launches: vec![launch], span: Some(Elapsed::Seconds(seconds)) };
            Iteration { stage, host_seconds: 2.0 * seconds }
        };
        let iterations = spans.iter().map(iteration).collect();
        Measured { operation, tokens: 4, budget: Some(SmBudget::Auto), multiprocessors: Some(9), iterations }
    }

    fn row(ranks: &[Measured], bytes: Busiest) -> Row {
        let words = "crossdock bench --backend cuda --iterations 3 --gpus-per-node 2".split(' ');
        let Command::Bench(arguments) = Arguments::parse_from(words).command else { unreachable!("a bench") };
        let machine = Machine {
            date: "2026-01-02T03:04:05Z".into(),
            version: "0.0.0",
            backend: "cuda".into(),
            driver: Some("550.54.15, CUDA 12.4".into()),
            gpu: Some("a GPU".into()),
            gpus: 2,
            target: "sm_90".into(),
        };
        let shape = Shape { hidden: 64, top_k: 2, experts: 4, wire: Wire::Bf16 };
        let common = Common { arguments: &arguments, machine: &machine, shape, rates: None };
        Row::new(&common, &ranks.iter().collect::<Vec<_>>(), bytes).expect("there are ranks")
    }

    #[test]
    fn dispatches_take_as_long_as_for_the_rank_that_began_last_and_others_as_for_the_slowest() {
        let bytes = Busiest { memory: 6_000_000, link: 3_000_000 };
        let ranks =
            |operation| [measured(operation, &[9.0, 2.0, 3.0]), measured(operation, &[1.0, 8.0, 4.0])];
        let round = row(&ranks(Operation::Dispatch), bytes);
        let spread = |spread: Option<Spread>| spread.map(|s| (s.minimum, s.median, s.maximum));
        assert_eq!(spread(round.seconds), Some((1.0, 2.0, 3.0)));
        assert_eq!(spread(round.host_seconds), Some((2.0, 4.0, 6.0)));
        assert_eq!(round.kernel_seconds["dispatch"].median, 1.0);
        assert_eq!(round.memory_bytes_per_second, Some(3_000_000.0));
        assert_eq!((round.cycles, round.model.is_some(), round.kernel_cycles.len()), (None, false, 0));
        for operation in [Operation::Combine, Operation::Router] {
            let slowest = row(&ranks(operation), bytes);
            assert_eq!(spread(slowest.seconds), Some((4.0, 8.0, 9.0)));
        }
    }

    #[test]
    fn shares_are_of_copies_of_the_same_tokens() {
        let alone = |operation| {
            [measured(operation, &[2.0]), Measured { iterations: Vec::new(), ..measured(operation, &[]) }]
        };
        let mut rows = [
            row(
                &[measured(Operation::Combine, &[4.0]), measured(Operation::Combine, &[4.0])],
                Busiest { memory: 800, link: 80 },
            ),
            row(&alone(Operation::Copy), Busiest { memory: 500, link: 0 }),
            row(&alone(Operation::PeerCopy), Busiest { memory: 0, link: 400 }),
        ];
        Row::compare_with_copies(&mut rows);
        assert_eq!(rows[0].share_of_copy, Some(0.8));
        assert_eq!(rows[0].share_of_peer_copy, Some(0.1));
        assert_eq!((rows[1].share_of_copy, rows[1].share_of_peer_copy), (Some(1.0), None));
        let table = table(&rows);
        assert!(table.contains("2 ranks on 2 a GPU, driver 550.54.15, CUDA 12.4, sm_90"), "{table}");
        assert!(table.contains("80 %") && table.contains("10 %"), "{table}");
    }
}
