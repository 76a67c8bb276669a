//! Converts counters to microseconds and names what bounds them.

use std::collections::BTreeMap;

use crossdock_host::report::{Counters, LaunchReport, RoundReport, StageReport};
use serde::Serialize;

use super::Rates;

/// A round by the model.
#[derive(Debug, Serialize)]
pub struct Estimate {
    /// Name of the GPU.
    pub model: String,
    /// All launches of dispatch, one after the other.
    pub dispatch_microseconds: f64,
    /// All launches of combine, one after the other.
    pub combine_microseconds: f64,
    /// Every launch in the order of execution.
    pub launches: Vec<LaunchEstimate>,
}

/// One launch on the rank that takes longest.
#[derive(Debug, Serialize)]
pub struct LaunchEstimate {
    /// Name of the kernel.
    pub kernel: String,
    /// The rank that takes longest, the first of several.
    pub rank: usize,
    /// `fixed` and the largest of the others.
    pub microseconds: f64,
    /// Which of the others is the largest.
    pub bound: &'static str,
    /// Launching, and one trip of a flag if the kernel waits for peers.
    pub fixed: f64,
    /// Microseconds for each resource alone.
    pub resources: BTreeMap<&'static str, f64>,
}

impl Estimate {
    /// What the model says about a round; `None` where the machine cannot count.
    pub fn new(rates: &Rates, ranks: &[RoundReport]) -> Option<Estimate> {
        let dispatch = stage(rates, &ranks.iter().map(|rank| &rank.dispatch).collect::<Vec<_>>())?;
        let combine = stage(rates, &ranks.iter().map(|rank| &rank.combine).collect::<Vec<_>>())?;
        let sum = |launches: &[LaunchEstimate]| launches.iter().map(|launch| launch.microseconds).sum();
        Some(Estimate {
            model: rates.name.clone(),
            dispatch_microseconds: sum(&dispatch),
            combine_microseconds: sum(&combine),
            launches: dispatch.into_iter().chain(combine).collect(),
        })
    }
}

/// The launches of a stage: those of all ranks with the same number run at the same time.
fn stage(rates: &Rates, ranks: &[&StageReport]) -> Option<Vec<LaunchEstimate>> {
    let most = ranks.iter().map(|rank| rank.launches.len()).max().unwrap_or(0);
    (0..most)
        .map(|number| {
            let launches: Vec<&LaunchReport> =
                ranks.iter().map(|rank| rank.launches.get(number)).collect::<Option<_>>()?;
            let counters: Vec<&Counters> =
                launches.iter().map(|launch| launch.counters.as_ref()).collect::<Option<_>>()?;
            let estimates =
                (0..launches.len()).map(|rank| launch(rates, &launches[rank].kernel, &counters, rank));
            estimates.max_by(|a, b| a.microseconds.total_cmp(&b.microseconds).then(b.rank.cmp(&a.rank)))
        })
        .collect()
}

fn launch(rates: &Rates, kernel: &str, ranks: &[&Counters], rank: usize) -> LaunchEstimate {
    let own = ranks[rank];
    let activity = &own.activity;
    // What peers read and write in this rank's memory passes through its memory and its links too.
    let peers = || (0..ranks.len()).filter(move |&peer| peer != rank);
    let link = |from: usize, to: usize| ranks[from].traffic.nvlink.get(&to).copied().unwrap_or_default();
    let (mut outgoing, mut incoming, mut pair) = (0, 0, 0);
    for peer in peers() {
        let (mine, theirs) = (link(rank, peer), link(peer, rank));
        let (out, back) = (mine.written + theirs.read, mine.read + theirs.written);
        outgoing += out;
        incoming += back;
        pair = pair.max(out).max(back);
    }
    let moved_by_peers: u64 = peers().map(|peer| link(peer, rank)).map(|link| link.read + link.written).sum();
    let hbm = own.traffic.hbm_total() + moved_by_peers;
    let busy = (activity.multiprocessors as f64).clamp(1.0, rates.multiprocessors);
    let issue = busy * rates.schedulers_per_multiprocessor * rates.clock_hertz;
    let under_way = (activity.warps as f64).max(1.0) * rates.requests_in_flight_per_warp;
    let resources = BTreeMap::from([
        ("issue", own.warp_instructions as f64 / issue),
        ("hbm", hbm as f64 / rates.hbm_bytes_per_second),
        ("nvlink", outgoing.max(incoming) as f64 / rates.nvlink_bytes_per_second),
        ("nvlink pair", pair as f64 / rates.nvlink_pair_bytes_per_second),
        ("latency", (activity.loads.requests as f64 / under_way).ceil() * rates.memory_latency_seconds),
    ]);
    let resources: BTreeMap<&'static str, f64> =
        resources.into_iter().map(|(name, seconds)| (name, seconds * 1e6)).collect();
    let waits_for_peers = ranks.len() > 1 && activity.spin_waits.count > 0;
    let flag = if waits_for_peers { rates.nvlink_latency_seconds } else { 0.0 };
    let fixed = (rates.launch_seconds + flag) * 1e6;
    let largest = resources.iter().max_by(|a, b| a.1.total_cmp(b.1));
    let (bound, most) = largest.map_or(("issue", 0.0), |(&bound, &most)| (bound, most));
    LaunchEstimate { kernel: kernel.to_owned(), rank, microseconds: fixed + most, bound, fixed, resources }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossdock_host::report::{Activity, Link, Requests, Traffic};

    /// One launch of a rank that writes to the other.
    fn counted(instructions: u64, hbm_read: u64, peer: usize, written: u64) -> RoundReport {
        let traffic =
            Traffic { hbm_read, hbm_written: 0, nvlink: BTreeMap::from([(peer, Link { read: 0, written })]) };
        let activity = Activity {
            loads: Requests { requests: 800, sectors: 800 },
            multiprocessors: 10,
            warps: 20,
            ..Activity::default()
        };
        let counters = Some(Counters { warp_instructions: instructions, traffic, activity });
        let launch = LaunchReport { kernel: "dispatch".into(), counters, seconds: 1.0 };
        RoundReport {
            dispatch: StageReport { launches: vec![launch], span: None },
            combine: StageReport::default(),
        }
    }

    fn estimate(ranks: &[RoundReport]) -> Estimate {
        let rates = Rates::load("h100").expect("built in");
        Estimate::new(&rates, ranks).expect("counted")
    }

    #[test]
    fn the_largest_of_the_bounds_counts() {
        let all = estimate(&[counted(1_000_000, 3_350_000, 1, 45_000_000), counted(0, 0, 0, 450_000)]);
        let launch = &all.launches[0];
        let close = |name: &str, expected: f64| {
            let value = launch.resources[name];
            assert!((value - expected).abs() < 1e-6 * expected, "{name}: {value}, expected {expected}");
        };
        // 45 MB leave at 450 GB/s; memory moves the rank's own bytes and the peer's 450 kB.
        close("nvlink", 100.0);
        close("nvlink pair", 100.0);
        close("hbm", (3_350_000.0 + 450_000.0) / 3.35e6);
        // 10 multiprocessors issue 4 instructions per cycle of 1.755 GHz.
        close("issue", 1_000_000.0 / (10.0 * 4.0 * 1755.0));
        // 20 warps with 4 loads each under way: 10 rounds of 0.4 us.
        close("latency", 4.0);
        assert_eq!((launch.bound, launch.rank), ("nvlink pair", 0));
        assert!((launch.microseconds - 102.5).abs() < 1e-6, "{launch:?}");
        assert!((all.dispatch_microseconds - 102.5).abs() < 1e-6);
        assert_eq!(all.combine_microseconds, 0.0);
    }

    #[test]
    fn a_rank_that_receives_may_be_the_slowest() {
        // Both ranks 0 and 1 write 9 MB to rank 2: its link takes 18 MB in.
        let writes = |bytes| counted(0, 0, 2, bytes);
        let mut idle = counted(0, 0, 0, 0);
        idle.dispatch.launches[0].counters.as_mut().expect("counted").traffic.nvlink.clear();
        let launch = &estimate(&[writes(9_000_000), writes(9_000_000), idle]).launches[0];
        assert_eq!((launch.rank, launch.bound), (2, "nvlink"));
        assert!((launch.resources["nvlink"] - 40.0).abs() < 1e-6, "{launch:?}");
        assert!((launch.resources["nvlink pair"] - 20.0).abs() < 1e-6, "{launch:?}");
    }
}
