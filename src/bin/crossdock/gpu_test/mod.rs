//! `crossdock gpu-test`: the same PTX on NVIDIA GPUs and on virtual ones, byte by byte, in one command that needs the driver alone.
//!
//! Where there is no driver, all tests are skipped, in words and with their number. With `--backend emulator` the tests run against
//! the emulator twice, so that they cannot rot where there is no GPU.

pub(crate) mod arguments;
mod conversions;
mod graphs;
mod intrinsics;
mod lane;
mod launches;
mod litmus;
mod multicast;
mod rounds;
mod synchronisation;

use crate::console;
use crate::failure::Failure;
use arguments::GpuTestArguments;
use lane::Lane;

/// How a test ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    /// These GPUs lack what it needs, in words.
    Skipped(&'static str),
}

/// What a test does.
type Run = Box<dyn Fn(&Lane) -> Result<Verdict, Failure>>;

/// One test.
struct Test {
    name: String,
    run: Run,
}

impl Test {
    /// That runs on every supported GPU.
    fn new(name: impl Into<String>, run: impl Fn(&Lane) -> Result<(), Failure> + 'static) -> Test {
        Test::that_may_skip(name, move |lane| run(lane).map(|()| Verdict::Passed))
    }

    /// That needs `sm_90`.
    fn of_sm_90(name: impl Into<String>, run: impl Fn(&Lane) -> Result<(), Failure> + 'static) -> Test {
        Test::that_may_skip(name, move |lane| {
            if lane.runs_sm_90() {
                run(lane).map(|()| Verdict::Passed)
            } else {
                Ok(Verdict::Skipped("it needs sm_90"))
            }
        })
    }

    /// That looks for what it needs.
    fn that_may_skip(
        name: impl Into<String>,
        run: impl Fn(&Lane) -> Result<Verdict, Failure> + 'static,
    ) -> Test {
        Test { name: name.into(), run: Box::new(run) }
    }
}

/// All tests, in the order in which they run: what is small comes first.
fn tests() -> Vec<Test> {
    let groups = [
        intrinsics::tests(),
        conversions::tests(),
        synchronisation::tests(),
        launches::tests(),
        litmus::tests(),
        multicast::tests(),
        rounds::tests(),
        graphs::tests(),
    ];
    groups.into_iter().flatten().collect()
}

/// Runs the tests and reports each.
pub(crate) fn run(arguments: &GpuTestArguments) -> Result<(), Failure> {
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
    let lane = match Lane::open(arguments) {
        Ok(lane) => lane,
        Err(failure) if arguments.require_gpu => return Err(failure),
        Err(reason) => return console::print(&format!("skipped: {} tests, {reason}\n", tests.len())),
    };
    console::print(&format!("{} tests on {lane}\n", tests.len()))?;
    let (mut failed, mut skipped) = (0, 0);
    for test in &tests {
        let line = match (test.run)(&lane) {
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
