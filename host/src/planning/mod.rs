//! Planning: how many multiprocessors each kernel of a round takes.
//!
//! A kernel that moves rows needs no more multiprocessors than keep the slowest of link and memory
//! busy; the others belong to the experts. How many that are follows from the shape and the
//! [`Rates`] of the GPU, by the formulas of `docs/throughput.md`. A [`Controller`] corrects the
//! number at run time from what rounds were seen to take.

mod controller;
mod rates;
mod traffic;

use std::fmt;

use crossdock_device::Shape;
use serde::Serialize;

pub use controller::{Controller, Limits, Observation};
pub use rates::Rates;
use traffic::Traffic;

/// The share of a link's nominal rate that kernels can reach, as in DeepEP's plan.
const REACHABLE: f64 = 0.9;

/// How many more multiprocessors are taken than the mean needs, because routes are uneven. As in
/// DeepEP's plan.
const HEADROOM: f64 = 1.25;

/// How many multiprocessors the kernels of a [`Dock`](crate::Dock) take at most. Results do not
/// depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SmBudget {
    /// As many as keep link and memory busy, and no more than half of the GPU's.
    #[default]
    Auto,
    /// So many, from 1 to those that the GPU has.
    Multiprocessors(u32),
    /// All.
    All,
}

/// What limits a kernel that is given its share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bottleneck {
    /// NVLink.
    Link,
    /// The GPU's memory.
    Memory,
    /// The share itself: with more multiprocessors the kernel would be faster.
    Multiprocessors,
}

impl fmt::Display for Bottleneck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Bottleneck::Link => "link",
            Bottleneck::Memory => "memory",
            Bottleneck::Multiprocessors => "multiprocessors",
        })
    }
}

/// What one kernel takes: one block on each of its multiprocessors, so that all are resident at
/// once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct KernelSms {
    /// Multiprocessors, and so blocks, at most; a launch with little to do takes fewer.
    pub multiprocessors: u32,
    /// Warps of each block.
    pub warps: u32,
    /// What limits the kernel then.
    pub bottleneck: Bottleneck,
}

impl KernelSms {
    /// Blocks for one warp per row, so that all are resident at once.
    pub(crate) fn blocks(self, rows: usize) -> u32 {
        rows.div_ceil(self.warps.max(1) as usize).clamp(1, self.multiprocessors.max(1) as usize) as u32
    }
}

/// What each kernel of a dock takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmPlan {
    /// `dispatch`, and at most so many for `count` and `layout` before it.
    pub dispatch: KernelSms,
    /// `combine`.
    pub combine: KernelSms,
    /// `gradient`.
    pub gradient: KernelSms,
}

/// What a plan is worked out from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planning {
    pub(crate) shape: Shape,
    pub(crate) ranks: usize,
    pub(crate) by_expert: bool,
    /// Multiprocessors of the GPU.
    pub(crate) multiprocessors: u32,
    pub(crate) rates: Rates,
    /// Warps per block of `dispatch`, `combine` and `gradient`.
    pub(crate) warps: [u32; 3],
}

impl Planning {
    /// What each kernel takes under a budget that suits the GPU.
    pub(crate) fn allot(&self, budget: SmBudget) -> SmPlan {
        let [dispatch, combine, gradient] = self.warps;
        let share = |traffic, warps| self.share(budget, traffic, warps);
        SmPlan {
            dispatch: share(Traffic::dispatch(&self.shape, self.ranks, self.by_expert), dispatch),
            combine: share(Traffic::combine(&self.shape, self.ranks), combine),
            gradient: share(Traffic::gradient(&self.shape, self.ranks), gradient),
        }
    }

    fn share(&self, budget: SmBudget, traffic: Traffic, warps: u32) -> KernelSms {
        let link = traffic.link / (REACHABLE * self.rates.link);
        let memory = (traffic.read + traffic.written) / self.rates.memory;
        // One multiprocessor's time for a token over the time that link and memory need for it.
        let alone =
            (traffic.read / self.rates.read_by(warps)).max(traffic.written / self.rates.multiprocessor_write);
        let needed = alone / link.max(memory);
        let most = self.multiprocessors.max(1);
        let multiprocessors = match budget {
            SmBudget::Auto => ((HEADROOM * needed).ceil() as u32).clamp(1, most.div_ceil(2)),
            SmBudget::Multiprocessors(count) => count.clamp(1, most),
            SmBudget::All => most,
        };
        let bottleneck = if f64::from(multiprocessors) < needed {
            Bottleneck::Multiprocessors
        } else if link >= memory {
            Bottleneck::Link
        } else {
            Bottleneck::Memory
        };
        KernelSms { multiprocessors, warps, bottleneck }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossdock_device::Wire;
    use proptest::prelude::*;

    const V3: Shape = Shape { hidden: 7168, top_k: 8, experts: 256, wire: Wire::FP8 };

    /// Loads never limit, as with bulk copies: what DeepEP's plan assumes.
    fn deep_ep(link: f64, multiprocessors: u32) -> Planning {
        let rates = Rates { link, requests_in_flight_per_warp: f64::INFINITY, ..Rates::B200 };
        Planning { shape: V3, ranks: 8, by_expert: false, multiprocessors, rates, warps: [8; 3] }
    }

    /// Bytes that arrive per second at a rank, its own rows included, as published bandwidths count
    /// them: the least of what the multiprocessors write and what the link lets through.
    fn arriving(planning: &Planning, multiprocessors: u32) -> f64 {
        let traffic = Traffic::dispatch(&planning.shape, planning.ranks, false);
        let written = f64::from(multiprocessors) * planning.rates.multiprocessor_write;
        written.min(planning.rates.link * traffic.written / traffic.link)
    }

    #[test]
    fn shares_are_those_that_deep_ep_publishes() {
        let dispatch = |link, multiprocessors| {
            deep_ep(link, multiprocessors).allot(SmBudget::Auto).dispatch.multiprocessors
        };
        // The least that its README measures on eight SM100 GPUs.
        assert_eq!(dispatch(900e9, 148), 24);
        // "V3-like training: 24 -> 4-6" on H800, whose links reach 160 GB/s.
        assert!((4..=6).contains(&dispatch(160e9 / REACHABLE, 132)));
        // Eight H100 without a network: 12; its own plan adds 2 for staging towards the network.
        assert_eq!(dispatch(450e9, 132), 12);
    }

    #[test]
    fn measured_bandwidths_lie_below_the_model_and_not_far() {
        // GB/s of dispatch and combine with so many multiprocessors: DeepEP V1 on eight H800, V2 on
        // eight SM100.
        for (link, multiprocessors, measured) in
            [(160e9, 20, [153.0, 158.0]), (900e9, 24, [643.0, 675.0]), (900e9, 64, [726.0, 740.0])]
        {
            let model = arriving(&deep_ep(link, 148), multiprocessors) / 1e9;
            for measured in measured {
                assert!((0.6..=1.0).contains(&(measured / model)), "{measured} of {model}");
            }
        }
    }

    #[test]
    fn plans_of_our_kernels() {
        let plan = |ranks, by_expert, rates, multiprocessors| {
            let planning = Planning { shape: V3, ranks, by_expert, multiprocessors, rates, warps: [8; 3] };
            let SmPlan { dispatch, combine, .. } = planning.allot(SmBudget::Auto);
            (dispatch.multiprocessors, dispatch.bottleneck, combine.multiprocessors, combine.bottleneck)
        };
        use Bottleneck::{Link, Memory, Multiprocessors};
        // Eight warps with four loads each read 41 GB/s, which is what combine takes its
        // multiprocessors for.
        assert_eq!(plan(8, false, Rates::H100, 132), (12, Link, 36, Link));
        assert_eq!(plan(8, true, Rates::H100, 132), (18, Link, 36, Link));
        assert_eq!(plan(8, false, Rates::B200, 148), (24, Link, 71, Link));
        // Alone, memory is all there is.
        let (dispatch, of_dispatch, _, of_combine) = plan(1, false, Rates::H100, 132);
        assert_eq!((dispatch, of_dispatch, of_combine), (52, Memory, Multiprocessors));
    }

    #[test]
    fn a_budget_overrides() {
        let planning = Planning { rates: Rates::H100, ..deep_ep(450e9, 132) };
        let taken = |budget| planning.allot(budget).dispatch;
        assert_eq!(taken(SmBudget::All).multiprocessors, 132);
        let three = taken(SmBudget::Multiprocessors(3));
        assert_eq!((three.multiprocessors, three.bottleneck), (3, Bottleneck::Multiprocessors));
    }

    proptest! {
        #[test]
        fn shares_are_at_least_one_and_at_most_half(
            (ranks, local, top_k) in (1usize..=128, 1u32..=16, 1u32..=32),
            hidden in 1u32..=4096,
            by_expert: bool,
            multiprocessors in 1u32..=160,
            link in 1e9f64..2e12,
        ) {
            let experts = ranks as u32 * local;
            let shape = Shape { hidden: hidden * 16, top_k: top_k.min(experts), experts, wire: Wire::FP8 };
            let rates = Rates { link, ..Rates::H200 };
            let planning = Planning { shape, ranks, by_expert, multiprocessors, rates, warps: [8; 3] };
            let SmPlan { dispatch, combine, gradient } = planning.allot(SmBudget::Auto);
            for share in [dispatch, combine, gradient] {
                prop_assert!(share.multiprocessors >= 1);
                prop_assert!(share.multiprocessors <= multiprocessors.div_ceil(2));
            }
            // A faster link never asks for fewer multiprocessors.
            let faster = Planning { rates: Rates { link: 2.0 * link, ..rates }, ..planning };
            prop_assert!(faster.allot(SmBudget::Auto).dispatch.multiprocessors >= dispatch.multiprocessors);
        }
    }
}
