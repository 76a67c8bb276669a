//! `crossdock gpu-test`: the same PTX on NVIDIA GPUs and on virtual ones, byte by byte, in one
//! command that needs the driver alone.
//!
//! Where there is no driver, all tests are skipped, in words and with their number. With
//! `--backend emulator` the tests run against the emulator twice, so that they cannot rot where
//! there is no GPU.

pub(crate) mod arguments;
mod processes;
mod rounds;

use crossdock_trial::lane::{self, Lane, Test, Verdict};

use crate::console;
use crate::failure::Failure;
use crate::flags::BackendName;
use arguments::GpuTestArguments;

/// All tests: those of the library, then whole rounds, which are named by flags, and ranks in
/// processes of this program.
fn tests() -> Vec<Test> {
    lane::tests().into_iter().chain(rounds::tests()).chain(processes::tests()).collect()
}

/// Runs the tests and reports each.
pub(crate) fn run(arguments: &GpuTestArguments) -> Result<(), Failure> {
    if arguments.process {
        return processes::rank_of_environment();
    }
    let mut tests = tests();
    if let Some(filter) = &arguments.filter {
        tests.retain(|test| test.name.contains(filter));
        if tests.is_empty() {
            return Err(Failure::arguments(format!("no test's name contains `{filter}`; --list prints all")));
        }
    }
    if arguments.list {
        return console::print(&tests.iter().map(|test| format!("{}\n", test.name)).collect::<String>());
    }
    let opened = match arguments.backend {
        BackendName::Emulator => Lane::virtual_gpus(arguments.repetitions),
        BackendName::Cuda => Lane::nvidia_gpus(arguments.repetitions),
    };
    let lane = match opened.map_err(Failure::from) {
        Ok(lane) => lane,
        Err(failure) if arguments.require_gpu => return Err(failure),
        Err(reason) => return console::print(&format!("skipped: {} tests, {reason}\n", tests.len())),
    };
    console::print(&format!("{} tests on {lane}\n", tests.len()))?;
    let (mut failed, mut skipped) = (0, 0);
    for test in &tests {
        let line = match test.run(&lane) {
            Ok(Verdict::Passed) => format!("ok       {}\n", test.name),
            Ok(Verdict::Skipped(why)) => {
                skipped += 1;
                format!("skipped  {}: {why}\n", test.name)
            }
            Err(failure) => {
                failed += 1;
                format!("FAILED   {}: {failure}\n", test.name)
            }
        };
        console::print(&line)?;
    }
    let passed = tests.len() - failed - skipped;
    console::print(&format!("{passed} passed, {failed} failed, {skipped} skipped\n"))?;
    if failed > 0 { Err(Failure::Tests { failed, tests: tests.len() }) } else { Ok(()) }
}

#[cfg(test)]
mod self_tests {
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique() {
        let tests = super::tests();
        let names: BTreeSet<&str> = tests.iter().map(|test| test.name.as_str()).collect();
        assert_eq!(names.len(), tests.len());
    }
}
