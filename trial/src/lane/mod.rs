//! The lane for hardware: the same PTX on NVIDIA GPUs and on virtual ones, byte by byte.
//!
//! Each [`Test`] runs on the GPUs of a [`Lane`] and compares with virtual GPUs, with the host, or
//! with what the memory model forbids. On a lane of virtual GPUs the tests run against the emulator
//! twice, so that they cannot rot where there is no GPU.

mod conversions;
mod graphs;
mod intrinsics;
mod launches;
mod litmus;
pub mod multicast;
mod synchronisation;

use std::fmt;

use crossdock_device::Options;
use crossdock_host::{Cluster, Rank, Topology, driver, gpus};

use crate::Error;

/// How a test ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All was as it must be.
    Passed,
    /// These GPUs lack what it needs, in words.
    Skipped(&'static str),
}

/// What a test does.
type Run = Box<dyn Fn(&Lane) -> Result<Verdict, Error>>;

/// One test.
pub struct Test {
    /// What is tested.
    pub name: String,
    run: Run,
}

impl Test {
    /// A test that runs on every supported GPU.
    fn new(name: impl Into<String>, run: impl Fn(&Lane) -> Result<(), Error> + 'static) -> Test {
        Test::that_may_skip(name, move |lane| run(lane).map(|()| Verdict::Passed))
    }

    /// A test that needs `sm_90`.
    fn of_sm_90(name: impl Into<String>, run: impl Fn(&Lane) -> Result<(), Error> + 'static) -> Test {
        Test::that_may_skip(name, move |lane| {
            if lane.runs_sm_90() {
                run(lane).map(|()| Verdict::Passed)
            } else {
                Ok(Verdict::Skipped("it needs sm_90"))
            }
        })
    }

    /// A test that looks for what it needs.
    pub fn that_may_skip(
        name: impl Into<String>,
        run: impl Fn(&Lane) -> Result<Verdict, Error> + 'static,
    ) -> Test {
        Test { name: name.into(), run: Box::new(run) }
    }

    /// Runs the test.
    ///
    /// # Errors
    /// When it fails.
    pub fn run(&self, lane: &Lane) -> Result<Verdict, Error> {
        (self.run)(lane)
    }
}

/// All tests but whole rounds, in the order in which they run: what is small comes first.
pub fn tests() -> Vec<Test> {
    let groups = [
        intrinsics::tests(),
        conversions::tests(),
        synchronisation::tests(),
        launches::tests(),
        litmus::tests(),
        multicast::tests(),
        graphs::tests(),
    ];
    groups.into_iter().flatten().collect()
}

/// The GPUs under test.
#[derive(Clone, Debug)]
pub struct Lane {
    is_virtual: bool,
    /// What reports call them.
    name: String,
    /// The newest that all GPUs run.
    target: Options,
    /// Repetitions of each memory-model test.
    repetitions: u32,
    schedule_seed: u64,
}

impl Lane {
    /// Virtual GPUs; memory-model tests are repeated 32 times unless the caller wants another
    /// number.
    ///
    /// # Errors
    /// None that is known of.
    pub fn virtual_gpus(repetitions: Option<u32>) -> Result<Lane, Error> {
        let target = Cluster::emulated(Topology::nodes(1))?.target()?.into();
        let (name, repetitions) = ("virtual GPUs".to_owned(), repetitions.unwrap_or(32));
        Ok(Lane { is_virtual: true, name, target, repetitions, schedule_seed: 0 })
    }

    /// The NVIDIA GPUs of this machine; memory-model tests are repeated 20,000 times unless the
    /// caller wants another number.
    ///
    /// # Errors
    /// Where there is no driver or no GPU.
    pub fn nvidia_gpus(repetitions: Option<u32>) -> Result<Lane, Error> {
        let (driver, gpus) = (driver()?, gpus()?);
        let names: Vec<&str> = gpus.iter().map(|gpu| gpu.name.as_str()).collect();
        let (major, minor) = driver.cuda;
        let release = driver.release.unwrap_or_else(|| "of unknown release".to_owned());
        let name = format!("{}, driver {release}, CUDA {major}.{minor}", names.join(", "));
        let target = Cluster::cuda(Topology::nodes(1).gpus_per_node(gpus.len()))?.target()?.into();
        let repetitions = repetitions.unwrap_or(20_000);
        Ok(Lane { is_virtual: false, name, target, repetitions, schedule_seed: 0 })
    }

    /// The order in which virtual warps run.
    pub fn schedule_seed(self, schedule_seed: u64) -> Lane {
        Lane { schedule_seed, ..self }
    }

    /// Whether the GPUs are virtual.
    pub fn is_virtual(&self) -> bool {
        self.is_virtual
    }

    /// Whether every GPU runs kernels that are made for `sm_90`.
    pub fn runs_sm_90(&self) -> bool {
        self.target.target.sm().number >= 90
    }

    /// The newest target that all GPUs run.
    fn target(&self) -> Options {
        self.target
    }

    /// Runs a program on so many ranks of the GPUs under test.
    fn run<T: Send>(
        &self,
        ranks: usize,
        program: impl Fn(&Rank) -> Result<T, crossdock_host::Error> + Sync,
    ) -> Result<Vec<T>, Error> {
        let topology = Topology::nodes(1).gpus_per_node(ranks);
        let cluster = if self.is_virtual { Cluster::emulated(topology)? } else { Cluster::cuda(topology)? };
        Ok(cluster.schedule_seed(self.schedule_seed).run(program)?)
    }

    /// Runs a program on the GPUs under test and on virtual ones; what both gave, if it is the
    /// same.
    fn compare<T: Send + PartialEq + fmt::Debug>(
        &self,
        ranks: usize,
        program: impl Fn(&Rank) -> Result<Vec<T>, crossdock_host::Error> + Sync,
    ) -> Result<Vec<Vec<T>>, Error> {
        let found = self.run(ranks, &program)?;
        let expected = Cluster::emulated(Topology::nodes(1).gpus_per_node(ranks))?.run(&program)?;
        for (rank, (found, expected)) in found.iter().zip(&expected).enumerate() {
            same(found, expected, &format!("rank {rank}"), "virtual GPUs give")?;
        }
        Ok(found)
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Names the first element that differs from what `whose` says.
///
/// # Errors
/// [`Error::Mismatch`] if one does.
pub fn same<T: PartialEq + fmt::Debug>(
    found: &[T],
    expected: &[T],
    place: &str,
    whose: &str,
) -> Result<(), Error> {
    if found.len() != expected.len() {
        let (found, expected) = (found.len(), expected.len());
        return Err(Error::Mismatch(format!("{place}: {found} results where {whose} {expected}")));
    }
    match found.iter().zip(expected).position(|(found, expected)| found != expected) {
        Some(at) => {
            let (found, expected) = (&found[at], &expected[at]);
            Err(Error::Mismatch(format!("{place}, result {at}: found {found:x?}, {whose} {expected:x?}")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod self_tests {
    use crossdock_device::DeviceModule;
    use crossdock_device::launch::Arguments;
    use crossdock_ptx::assembler::Assembler;

    use super::*;

    /// Has NVIDIA's assembler, if there is one, read a kernel.
    pub(super) fn assembles<A: Arguments>(module: &'static DeviceModule, options: Options) {
        let image = module.specialise_for::<A>(&[], options).expect("the target has all of it");
        let Some(assembler) = Assembler::for_test() else { return };
        let name = options.target.name();
        assembler.assemble(&image.ptx, name).unwrap_or_else(|error| panic!("{}: {error}", image.name()));
    }

    #[test]
    fn what_does_not_depend_on_timing_is_the_same_in_every_order() {
        for seed in 1..8 {
            let lane = Lane::virtual_gpus(None).expect("virtual GPUs are everywhere").schedule_seed(seed);
            for test in synchronisation::tests().into_iter().chain(intrinsics::tests()) {
                let verdict = test.run(&lane);
                assert!(matches!(verdict, Ok(Verdict::Passed)), "{}, seed {seed}: {verdict:?}", test.name);
            }
        }
    }

    #[test]
    fn the_first_difference_is_named() {
        let message = |found: &[u32], expected: &[u32]| {
            same(found, expected, "rank 3", "the host gives").expect_err("they differ").to_string()
        };
        assert_eq!(
            message(&[1, 2, 16], &[1, 2, 17]),
            "mismatch: rank 3, result 2: found 10, the host gives 11"
        );
        assert_eq!(message(&[1], &[1, 2]), "mismatch: rank 3: 1 results where the host gives 2");
        same(&[1, 2], &[1, 2], "", "").expect("they are the same");
    }
}
