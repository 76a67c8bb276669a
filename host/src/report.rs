//! What a launch, a stage and a round did: instructions, bytes, seconds.
//!
//! The counters are exact where the backend counts (virtual GPUs do) and absent where it cannot.

use std::collections::BTreeMap;

pub use crossdock_emulator::activity::{Activity, Class, Instructions, Requests, SharedRequests, Waits};

/// The time between two moments of a stream, in the unit that the backend has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Elapsed {
    /// By the clock of a real GPU.
    Seconds(f64),
    /// By the clock of a virtual GPU: the cycles of the launches between, one after the other. They
    /// order events and are no estimate of time; copies and fills take none.
    Cycles(u64),
}

impl Elapsed {
    /// The seconds, if it has some.
    pub fn seconds(self) -> Option<f64> {
        match self {
            Elapsed::Seconds(seconds) => Some(seconds),
            Elapsed::Cycles(_) => None,
        }
    }

    /// The virtual cycles, if it has some.
    pub fn cycles(self) -> Option<u64> {
        match self {
            Elapsed::Cycles(cycles) => Some(cycles),
            Elapsed::Seconds(_) => None,
        }
    }
}

/// Bytes that one rank moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes read from the rank's own device memory.
    pub hbm_read: u64,
    /// Bytes written to the rank's own device memory.
    pub hbm_written: u64,
    /// Bytes that this rank moved over NVLink, by the peer that owns the memory.
    pub nvlink: BTreeMap<usize, Link>,
}

/// Bytes moved between one rank and one peer's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Bytes that the rank read from the peer's memory.
    pub read: u64,
    /// Bytes that the rank wrote to the peer's memory.
    pub written: u64,
}

impl Traffic {
    /// Bytes moved over NVLink to and from all peers.
    pub fn nvlink_total(&self) -> u64 {
        self.nvlink.values().map(|link| link.read + link.written).sum()
    }

    /// Bytes moved to and from the rank's own device memory.
    pub fn hbm_total(&self) -> u64 {
        self.hbm_read + self.hbm_written
    }

    fn add(&mut self, other: &Traffic) {
        self.hbm_read += other.hbm_read;
        self.hbm_written += other.hbm_written;
        for (&peer, link) in &other.nvlink {
            let sum = self.nvlink.entry(peer).or_default();
            sum.read += link.read;
            sum.written += link.written;
        }
    }
}

/// What one launch counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Instructions issued, each counted once for all lanes that executed it together.
    pub warp_instructions: u64,
    /// Bytes moved.
    pub traffic: Traffic,
    /// How the instructions were executed.
    pub activity: Activity,
}

/// One finished launch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LaunchReport {
    /// The kernel's name.
    pub kernel: String,
    /// What was counted; `None` when the backend cannot count.
    pub counters: Option<Counters>,
    /// Wall-clock seconds of the execution that this launch was part of; launches that ran together
    /// share it.
    pub seconds: f64,
}

/// One stage of a round on one rank.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StageReport {
    /// The launches of the stage, in order.
    pub launches: Vec<LaunchReport>,
    /// From before the first launch to the end of the last, on the rank's stream.
    pub span: Option<Elapsed>,
}

impl StageReport {
    /// The sum over the stage's launches; `None` when the backend cannot count.
    pub fn counters(&self) -> Option<Counters> {
        let mut sum = Counters::default();
        for launch in &self.launches {
            let counters = launch.counters.as_ref()?;
            sum.warp_instructions += counters.warp_instructions;
            sum.traffic.add(&counters.traffic);
            sum.activity += &counters.activity;
        }
        Some(sum)
    }

    /// Wall-clock seconds of the stage. Launches of a stage execute together, so this is the
    /// longest of them, not the sum.
    pub fn seconds(&self) -> f64 {
        self.launches.iter().map(|launch| launch.seconds).fold(0.0, f64::max)
    }
}

/// One round, dispatch and combine, on one rank.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoundReport {
    /// The kernels `count`, `layout` and `dispatch`.
    pub dispatch: StageReport,
    /// The kernel `combine`.
    pub combine: StageReport,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(instructions: u64, peer: usize, written: u64, seconds: f64) -> LaunchReport {
        let link = Link { read: 1, written };
        let traffic = Traffic { hbm_read: 10, hbm_written: 20, nvlink: BTreeMap::from([(peer, link)]) };
        let counters =
            Some(Counters { warp_instructions: instructions, traffic, activity: Activity::default() });
        LaunchReport { kernel: "count".into(), counters, seconds }
    }

    #[test]
    fn stages_add_counters_by_peer_and_keep_the_shared_time() {
        let stage = StageReport {
            launches: vec![launch(5, 1, 7, 0.5), launch(6, 1, 8, 0.5), launch(7, 2, 9, 0.25)],
            span: None,
        };
        let sum = stage.counters().expect("every launch counted");
        assert_eq!(sum.warp_instructions, 18);
        assert_eq!(sum.traffic.nvlink[&1], Link { read: 2, written: 15 });
        assert_eq!(sum.traffic.nvlink[&2], Link { read: 1, written: 9 });
        assert_eq!(sum.traffic.nvlink_total(), 27);
        assert_eq!(sum.traffic.hbm_total(), 90);
        assert_eq!(stage.seconds(), 0.5);
    }

    #[test]
    fn one_uncounted_launch_makes_the_sum_unknown() {
        let mut stage = StageReport { launches: vec![launch(5, 1, 7, 0.5)], span: None };
        stage.launches.push(LaunchReport::default());
        assert_eq!(stage.counters(), None);
    }
}
