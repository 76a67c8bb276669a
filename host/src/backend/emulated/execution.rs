//! The execution of what the ranks launched.

use std::time::Instant;

use crossdock_device::launch::{Argument, Dim3};
use crossdock_emulator as emulator;

use super::machine::{Machine, machine_error};
use crate::Result;
use crate::exchange::Seats;
use crate::exchange::in_process::Work;
use crate::report::{Counters, LaunchReport, Link, Traffic};

impl Work for Machine {
    // The emulated hosts decide nothing by the timing of their threads.
    const TELLS_AT_ONCE: bool = false;

    /// Hands every launch to the machine, and runs it until all launches of some of the waiting
    /// ranks are finished: the others' may depend on what the hosts of these launch next. Returns
    /// these ranks.
    fn run(&mut self, waiting: &[usize]) -> Result<Vec<usize>> {
        let Machine { machine, ranks, kernels, .. } = self;
        let mut refused = None;
        for (rank, state) in ranks.iter_mut().enumerate() {
            for (ticket, launch, after) in state.queue.drain(..) {
                let arguments = launch.arguments.iter().map(argument).collect();
                let after: Vec<_> =
                    after.iter().filter_map(|earlier| state.handed.get(earlier).copied()).collect();
                let cluster = launch.options.clusters().map(Dim3::extents);
                let launch = emulator::Launch {
                    gpu: rank,
                    stream: launch.stream.0,
                    kernel: kernels[launch.kernel.0],
                    grid: launch.grid.extents(),
                    block: launch.block.extents(),
                    shared_bytes: launch.options.dynamic_shared,
                    arguments,
                };
                match machine.launch_after(launch, cluster, &after) {
                    Ok(handle) => {
                        state.handed.insert(ticket, handle);
                        state.under_way.push((ticket, handle));
                    }
                    Err(error) => refused = refused.or(Some(machine_error(Some(rank), error))),
                }
            }
        }
        if let Some(error) = refused {
            return Err(error);
        }
        let under_way = ranks.iter().map(|state| state.under_way.len()).sum::<usize>();
        tracing::debug!(launches = under_way, ?waiting, "executes what was launched");
        let start = Instant::now();
        machine.run_for(waiting).map_err(|error| machine_error(None, error))?;
        let seconds = start.elapsed().as_secs_f64();
        tracing::debug!(seconds, "executed what was launched");
        for state in ranks.iter_mut() {
            state.under_way.retain(|&(ticket, handle)| match machine.report(handle) {
                Some(report) => {
                    state.cycles.insert(ticket, report.activity.cycles);
                    if !state.forgotten.remove(&ticket) {
                        state.reports.insert(ticket, launch_report(report, seconds));
                    }
                    false
                }
                None => true,
            });
        }
        Ok(waiting.iter().copied().filter(|&rank| ranks[rank].is_idle()).collect())
    }

    fn met(&mut self) {
        self.machine.hosts_meet();
    }

    fn settled(&mut self, seats: &Seats) {
        self.free_released(seats);
    }
}

fn argument(argument: &Argument) -> emulator::Argument {
    match *argument {
        Argument::U8(value) => emulator::Argument::Bytes(vec![value]),
        Argument::U16(value) => emulator::Argument::Bytes(value.to_le_bytes().to_vec()),
        Argument::U32(value) => emulator::Argument::U32(value),
        Argument::U64(value) => emulator::Argument::U64(value),
        Argument::F32(value) => emulator::Argument::F32(value),
        Argument::F64(value) => emulator::Argument::Bytes(value.to_le_bytes().to_vec()),
    }
}

fn launch_report(report: &emulator::Report, seconds: f64) -> LaunchReport {
    let nvlink = report.traffic.nvlink.iter();
    let nvlink =
        nvlink.map(|(&(_, owner), link)| (owner, Link { read: link.read, written: link.written })).collect();
    let traffic =
        Traffic { hbm_read: report.traffic.hbm_read, hbm_written: report.traffic.hbm_written, nvlink };
    let activity = report.activity.clone();
    let counters = Counters { warp_instructions: report.warp_instructions, traffic, activity };
    LaunchReport { kernel: report.kernel.clone(), counters: Some(counters), seconds }
}
