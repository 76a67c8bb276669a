//! A time model: what a round takes at least on a given GPU, from exact counters and a table of
//! rates.
//!
//! Each launch needs its issue slots, its bytes of HBM, its bytes of NVLink, and a time in which
//! its loads can come back. It cannot end before the slowest of these, nor without being launched
//! and hearing from its peers. `docs/counters.md` states the assumptions; the rates are files that
//! can be replaced.

mod estimate;

use std::path::Path;

use crossdock_host::planning;
use serde::Deserialize;

use crate::Error;

pub use estimate::{Estimate, LaunchEstimate};

/// The rates of a GPU and of what connects it: one TOML file.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// What reports call it.
    pub name: String,
    /// Streaming multiprocessors.
    multiprocessors: f64,
    /// Warp instructions that a multiprocessor issues per cycle.
    schedulers_per_multiprocessor: f64,
    /// Clock under load.
    clock_hertz: f64,
    /// Memory bandwidth, reads and writes together.
    hbm_bytes_per_second: f64,
    /// NVLink bandwidth of a GPU in each direction.
    nvlink_bytes_per_second: f64,
    /// NVLink bandwidth between two GPUs in each direction; behind a switch that of a GPU.
    nvlink_pair_bytes_per_second: f64,
    /// From a load to its data, from this GPU's memory.
    memory_latency_seconds: f64,
    /// From a store to a peer's flag until the peer's poll has it.
    nvlink_latency_seconds: f64,
    /// What one kernel launch costs.
    launch_seconds: f64,
    /// Loads that a warp keeps under way.
    requests_in_flight_per_warp: f64,
    /// What one multiprocessor reads.
    multiprocessor_read_bytes_per_second: f64,
    /// What one multiprocessor writes.
    multiprocessor_write_bytes_per_second: f64,
}

/// The files that are built in.
const BUILT_IN: [(&str, &str); 3] = [
    ("h100", include_str!("h100.toml")),
    ("h200", include_str!("h200.toml")),
    ("b200", include_str!("b200.toml")),
];

impl Rates {
    /// The rates of a GPU by its name, or those of a file whose name ends in `.toml`.
    ///
    /// # Errors
    /// When there is no such GPU or file, or the file is wrong.
    pub fn load(name: &str) -> Result<Rates, Error> {
        let of_file = |text: &str, path: &Path| {
            Rates::parse(text).map_err(|problem| Error::Rates { path: path.to_owned(), problem })
        };
        if let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
            return of_file(text, Path::new(&format!("{name}.toml")));
        }
        if !name.ends_with(".toml") {
            let known: Vec<&str> = BUILT_IN.iter().map(|(known, _)| *known).collect();
            return Err(Error::UnknownGpu { name: name.to_owned(), known: known.join(", ") });
        }
        let path = Path::new(name);
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::Rates { path: path.to_owned(), problem: error.to_string() })?;
        of_file(&text, path)
    }

    /// The rates that docks plan with.
    pub fn for_plans(&self) -> planning::Rates {
        planning::Rates {
            link: self.nvlink_bytes_per_second,
            memory: self.hbm_bytes_per_second,
            multiprocessor_read: self.multiprocessor_read_bytes_per_second,
            multiprocessor_write: self.multiprocessor_write_bytes_per_second,
            memory_latency: self.memory_latency_seconds,
            requests_in_flight_per_warp: self.requests_in_flight_per_warp,
        }
    }

    /// What a plain copy takes that moves so many bytes of memory, or over a link.
    pub fn copy_seconds(&self, memory: u64, link: u64) -> f64 {
        let bandwidth = memory as f64 / self.hbm_bytes_per_second;
        self.launch_seconds + bandwidth.max(link as f64 / self.nvlink_pair_bytes_per_second)
    }

    /// Multiprocessors of the GPU.
    pub fn multiprocessors(&self) -> u32 {
        self.multiprocessors as u32
    }

    fn parse(text: &str) -> Result<Rates, String> {
        let rates: Rates = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let positive = [
            ("multiprocessors", rates.multiprocessors),
            ("schedulers_per_multiprocessor", rates.schedulers_per_multiprocessor),
            ("clock_hertz", rates.clock_hertz),
            ("hbm_bytes_per_second", rates.hbm_bytes_per_second),
            ("nvlink_bytes_per_second", rates.nvlink_bytes_per_second),
            ("nvlink_pair_bytes_per_second", rates.nvlink_pair_bytes_per_second),
            ("requests_in_flight_per_warp", rates.requests_in_flight_per_warp),
            ("multiprocessor_read_bytes_per_second", rates.multiprocessor_read_bytes_per_second),
            ("multiprocessor_write_bytes_per_second", rates.multiprocessor_write_bytes_per_second),
        ];
        for (field, value) in positive {
            if !(value.is_finite() && value > 0.0) {
                return Err(format!("`{field}` is {value}; it must be more than 0"));
            }
        }
        let not_negative = [
            ("memory_latency_seconds", rates.memory_latency_seconds),
            ("nvlink_latency_seconds", rates.nvlink_latency_seconds),
            ("launch_seconds", rates.launch_seconds),
        ];
        for (field, value) in not_negative {
            if !(value.is_finite() && value >= 0.0) {
                return Err(format!("`{field}` is {value}; it must be 0 or more"));
            }
        }
        Ok(rates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_files_are_valid() {
        for (name, _) in BUILT_IN {
            Rates::load(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    #[test]
    fn plans_know_the_same_rates() {
        for (name, rates) in [
            ("h100", planning::Rates::H100),
            ("h200", planning::Rates::H200),
            ("b200", planning::Rates::B200),
        ] {
            assert_eq!(Rates::load(name).expect("built in").for_plans(), rates, "{name}");
        }
    }

    #[test]
    fn wrong_files_are_explained() {
        let text = include_str!("h100.toml");
        let complaint = |old: &str, new: &str| {
            assert!(text.contains(old), "{old}");
            Rates::parse(&text.replace(old, new)).expect_err(new)
        };
        assert!(complaint("clock_hertz = 1.755e9", "").contains("clock_hertz"));
        assert!(complaint("clock_hertz = 1.755e9", "clock_hertz = 0.0").contains("must be more than 0"));
        assert!(complaint("launch_seconds = 2.5e-6", "launch_seconds = -1.0").contains("must be 0 or more"));
        assert!(complaint("launch_seconds = 2.5e-6", "launch_seconds = nan").contains("must be 0 or more"));
        assert!(complaint("launch_seconds = 2.5e-6", "launch_seconds = \"fast\"").contains("launch_seconds"));
        assert!(complaint("name =", "colour = 1\nname =").contains("colour"));
        let unknown = Rates::load("h900").expect_err("no such GPU").to_string();
        assert!(unknown.contains("h100, h200, b200"), "{unknown}");
    }
}
