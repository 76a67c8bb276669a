//! What is tested and what it is compared with.

use std::fmt;

use crossdock::CompileOptions;
use crossdock::host::{Cluster, Error, Rank, Topology, driver, gpus};

use super::arguments::GpuTestArguments;
use crate::arguments::BackendName;
use crate::failure::Failure;

/// The GPUs under test.
pub(super) struct Lane {
    backend: BackendName,
    /// What the report calls them.
    name: String,
    /// The newest that all GPUs run.
    target: CompileOptions,
    repetitions: u32,
}

impl Lane {
    /// Looks for the GPUs.
    pub(super) fn open(arguments: &GpuTestArguments) -> Result<Lane, Failure> {
        let backend = arguments.backend;
        let one = Topology::nodes(1);
        let (name, target, repetitions) = match backend {
            BackendName::Emulator => ("virtual GPUs".to_owned(), Cluster::emulated(one)?.target()?, 32),
            BackendName::Cuda => {
                let (driver, gpus) = (driver()?, gpus()?);
                let names: Vec<&str> = gpus.iter().map(|gpu| gpu.name.as_str()).collect();
                let (major, minor) = driver.cuda;
                let release = driver.release.unwrap_or_else(|| "of unknown release".to_owned());
                let name = format!("{}, driver {release}, CUDA {major}.{minor}", names.join(", "));
                (name, Cluster::cuda(Topology::nodes(1).gpus_per_node(gpus.len()))?.target()?, 20_000)
            }
        };
        Ok(Lane {
            backend,
            name,
            target: target.into(),
            repetitions: arguments.repetitions.unwrap_or(repetitions),
        })
    }

    pub(super) fn backend(&self) -> BackendName {
        self.backend
    }

    pub(super) fn runs_sm_90(&self) -> bool {
        self.target.target.sm().number >= 90
    }

    /// Of a memory-model test.
    pub(super) fn repetitions(&self) -> u32 {
        self.repetitions
    }

    /// The newest target that all GPUs run.
    pub(super) fn target(&self) -> CompileOptions {
        self.target
    }

    /// Runs a program on so many ranks of the GPUs under test.
    pub(super) fn run<T: Send>(
        &self,
        ranks: usize,
        program: impl Fn(&Rank) -> Result<T, Error> + Sync,
    ) -> Result<Vec<T>, Failure> {
        Ok(cluster(self.backend, ranks)?.run(program)?)
    }

    /// Runs a program on the GPUs under test and on virtual ones; what both gave, if it is the same.
    pub(super) fn compare<T: Send + PartialEq + fmt::Debug>(
        &self,
        ranks: usize,
        program: impl Fn(&Rank) -> Result<Vec<T>, Error> + Sync,
    ) -> Result<Vec<Vec<T>>, Failure> {
        let found = self.run(ranks, &program)?;
        let expected = cluster(BackendName::Emulator, ranks)?.run(&program)?;
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

fn cluster(backend: BackendName, ranks: usize) -> Result<Cluster, Error> {
    let topology = Topology::nodes(1).gpus_per_node(ranks);
    match backend {
        BackendName::Emulator => Cluster::emulated(topology),
        BackendName::Cuda => Cluster::cuda(topology),
    }
}

/// Names the first element that differs from what `whose` says.
pub(super) fn same<T: PartialEq + fmt::Debug>(
    found: &[T],
    expected: &[T],
    place: &str,
    whose: &str,
) -> Result<(), Failure> {
    if found.len() != expected.len() {
        let (found, expected) = (found.len(), expected.len());
        return Err(Failure::Mismatch(format!("{place}: {found} results where {whose} {expected}")));
    }
    match found.iter().zip(expected).position(|(found, expected)| found != expected) {
        Some(at) => {
            let (found, expected) = (&found[at], &expected[at]);
            Err(Failure::Mismatch(format!("{place}, result {at}: found {found:x?}, {whose} {expected:x?}")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::same;

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
