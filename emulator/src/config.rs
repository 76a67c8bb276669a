//! What a [`Machine`](crate::Machine) is made of.

use crate::error::Error;
use crate::policy::Policy;

/// The shape of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Virtual GPUs; all are peers of each other over NVLink.
    pub gpus: usize,
    /// Streaming multiprocessors of each GPU. Blocks start only while one has room for their threads and shared
    /// memory, so this bounds how many blocks are resident at once.
    pub sms_per_gpu: u32,
    /// Bytes that the allocations of one GPU may take together. Memory is committed when it is first written.
    pub memory_per_gpu: u64,
    /// How decisions are made that the program leaves open: who executes next, and what strong loads find.
    pub policy: Policy,
    /// What the policy draws its decisions from. With the default policy, 0 is round robin.
    pub schedule_seed: u64,
    /// Record the decisions: [`Machine::recording`](crate::Machine::recording).
    pub record: bool,
    /// Warp instructions that are executed at most while no warp exits, no barrier of a block completes and no copy
    /// finishes; then the run ends with [`Error::Livelock`](crate::Error::Livelock).
    pub livelock_after: u64,
    /// Execute with the instructions that every processor of this architecture has, even where wider ones are there.
    /// Slower; results and counters are the same, which is what this is for: to test it.
    pub baseline: bool,
    /// Whether data races are looked for and the PTX memory consistency model is followed; it costs time. Without, memory
    /// is sequentially consistent and unordered accesses go unnoticed. Other mistakes are found in any case.
    pub checks: bool,
    /// Record a [`Trace`](crate::Trace) of every run.
    pub trace: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            gpus: 1,
            sms_per_gpu: 132,
            memory_per_gpu: 80 << 30,
            policy: Policy::default(),
            schedule_seed: 0,
            record: false,
            livelock_after: 1 << 33,
            baseline: false,
            checks: true,
            trace: false,
        }
    }
}

impl Config {
    /// The most GPUs that the address space has windows for.
    pub const MAX_GPUS: usize = 1024;

    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.gpus == 0 || self.gpus > Self::MAX_GPUS {
            return Err(Error::Config(format!("gpus is {}; it must be 1 to {}", self.gpus, Self::MAX_GPUS)));
        }
        if self.sms_per_gpu == 0 {
            return Err(Error::Config("sms_per_gpu is 0; it must be at least 1".into()));
        }
        if self.memory_per_gpu > 1 << 43 {
            return Err(Error::Config(format!(
                "memory_per_gpu is {} bytes; at most {} fit in the address window of a GPU",
                self.memory_per_gpu,
                1u64 << 43
            )));
        }
        Ok(())
    }
}
