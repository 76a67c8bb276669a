//! What a [`Machine`](crate::Machine) is made of.

use crate::error::Error;
use crate::policy::Policy;

/// Whose programs launch kernels and wait for them: what such a wait orders (PTX ISA chapter 8
/// knows host threads only as threads of the system).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hosts {
    /// One program drives all GPUs, and the end of [`Machine::run`](crate::Machine::run) is its
    /// wait for all of them: everything before is ordered before everything after, on all GPUs.
    #[default]
    One,
    /// Each GPU has a program of its own, as the ranks of a distributed program do. It knows what
    /// its own GPU did when it has waited for it, which copies between host and device do, and so
    /// does [`Machine::host_waits`](crate::Machine::host_waits). It knows what other GPUs did only
    /// as far as its GPU's kernels do, or when the programs meet in
    /// [`Machine::hosts_meet`](crate::Machine::hosts_meet). The end of `Machine::run` orders
    /// nothing by itself, and copies of the host are checked like accesses of kernels.
    PerGpu,
}

/// The shape of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Virtual GPUs; all are peers of each other over NVLink.
    pub gpus: usize,
    /// Streaming multiprocessors of each GPU. Blocks start only while one has room for their
    /// threads and shared memory, so this bounds how many blocks are resident at once.
    pub sms_per_gpu: u32,
    /// Bytes that the allocations of one GPU may take together. Memory is committed when it is
    /// first written.
    pub memory_per_gpu: u64,
    /// How decisions are made that the program leaves open: who executes next, and what strong
    /// loads find.
    pub policy: Policy,
    /// What the policy draws its decisions from. With the default policy, 0 is round robin.
    pub schedule_seed: u64,
    /// Record the decisions: [`Machine::recording`](crate::Machine::recording).
    pub record: bool,
    /// Warp instructions that are executed at most while no warp exits, no barrier of a block
    /// completes and no copy finishes; then the run ends with
    /// [`Error::Livelock`](crate::Error::Livelock).
    pub livelock_after: u64,
    /// Execute with the instructions that every processor of this architecture has, even where
    /// wider ones are there. Slower; results and counters are the same, which is what this is for:
    /// to test it.
    pub baseline: bool,
    /// Whether data races are looked for and the PTX memory consistency model is followed; it costs
    /// time. Without, memory is sequentially consistent and unordered accesses go unnoticed. Other
    /// mistakes are found in any case.
    pub checks: bool,
    /// What waits of the host order. Matters with `checks` alone.
    pub hosts: Hosts,
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
            hosts: Hosts::One,
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
