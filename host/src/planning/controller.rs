//! Moving multiprocessors between communication and compute while a model runs.
//!
//! Where communication of one batch runs beside the experts of another, a round takes as long as
//! the longer of the two. A plan knows bytes and rates, but not how long the experts take or how
//! uneven the routes are. The controller sees what rounds took and gives the slower side more. It
//! is a function of what it saw: no clock, no chance.
//!
//! **Rule.** Every [`WINDOW`] rounds it takes the means. If the work of both sides were to spread
//! evenly over their multiprocessors, some division would make the longer side shortest. If that
//! promises at least [`MARGIN`], it moves there. Otherwise, if one side is shorter by at least
//! [`MARGIN`], it tries a quarter step towards the longer: communication whose link is full looks
//! like more work than it is. A move that then brings less than half of [`MARGIN`] is undone, and
//! its direction stays closed until the work of a side has changed by [`CHANGE`].
//!
//! **Why it comes to rest.** While loads are steady, each move that is kept shortens rounds by at
//! least half of the margin, so only so many can be kept; and between two of those, each direction
//! can be tried and undone once.

use crate::report::{RoundReport, StageReport};
use crate::{Error, Result};

/// Rounds that are averaged for one decision.
const WINDOW: u32 = 4;

/// The least promised gain that is worth a move, as a share of the round.
const MARGIN: f64 = 0.05;

/// How much the work of a side must change before a closed direction opens again, as a share.
const CHANGE: f64 = 0.25;

/// Between which numbers the controller may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The fewest multiprocessors for communication; at least 1.
    pub least: u32,
    /// The most; fewer than all.
    pub most: u32,
    /// Those that communication and compute have together.
    pub total: u32,
}

/// What one round took, in any unit of time that is the same for all three.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Observation {
    /// From launch to end of the communication kernels.
    pub communication: f64,
    /// The part of it that waits for peers, which more multiprocessors would not shorten.
    pub waiting: f64,
    /// The experts.
    pub compute: f64,
}

impl Observation {
    /// From the reports of a round and the time that the experts took, in the cycles of the
    /// reports; `None` where the backend cannot count. A kernel waits for its peers at one place,
    /// so the mean length of its waits is how long it waited there.
    pub fn of_round(round: &RoundReport, compute_cycles: u64) -> Option<Observation> {
        let mut observation = Observation { compute: compute_cycles as f64, ..Observation::default() };
        let StageReport { launches: dispatch, .. } = &round.dispatch;
        for launch in dispatch.iter().chain(&round.combine.launches) {
            let activity = &launch.counters.as_ref()?.activity;
            let waits = &activity.spin_waits;
            let cycles = activity.cycles as f64;
            observation.communication += cycles;
            observation.waiting += (waits.cycles as f64 / waits.count.max(1) as f64).min(cycles);
        }
        Some(observation)
    }
}

/// The controller of one rank. Ranks need not agree: the number of blocks is nobody else's
/// business.
#[derive(Clone, Debug)]
pub struct Controller {
    limits: Limits,
    multiprocessors: u32,
    /// Sums of the window: rounds, communication without waiting, compute.
    window: (u32, f64, f64),
    trial: Option<Trial>,
    /// The work of both sides when a move that took multiprocessors from communication, or gave it
    /// some, was undone.
    closed: [Option<Work>; 2],
}

/// A move whose effect is not known yet.
#[derive(Clone, Copy, Debug)]
struct Trial {
    from: u32,
    time: f64,
    work: Work,
}

/// Time multiplied by multiprocessors.
#[derive(Clone, Copy, Debug)]
struct Work {
    communication: f64,
    compute: f64,
}

impl Work {
    /// How long the longer side takes if its work spreads evenly.
    fn time(self, multiprocessors: u32, total: u32) -> f64 {
        let (here, there) = (f64::from(multiprocessors), f64::from(total - multiprocessors));
        (self.communication / here).max(self.compute / there)
    }

    fn differs(self, other: Work) -> bool {
        let changed = |a: f64, b: f64| (a - b).abs() > CHANGE * b;
        changed(self.communication, other.communication) || changed(self.compute, other.compute)
    }
}

impl Controller {
    /// A controller that begins with `start` multiprocessors for communication, or the nearest
    /// number within the limits.
    ///
    /// # Errors
    /// When the limits leave no choice: `1 <= least <= most < total` must hold.
    pub fn new(limits: Limits, start: u32) -> Result<Controller> {
        let Limits { least, most, total } = limits;
        let out_of_range = |parameter, value: u32, least: u32, most: u32| {
            Err(Error::OutOfRange { parameter, value: value.into(), least: least.into(), most: most.into() })
        };
        if total < 2 {
            return out_of_range("Limits::total", total, 2, u32::MAX);
        }
        if most == 0 || most >= total {
            return out_of_range("Limits::most", most, 1, total - 1);
        }
        if least == 0 || least > most {
            return out_of_range("Limits::least", least, 1, most);
        }
        let multiprocessors = start.clamp(least, most);
        Ok(Controller { limits, multiprocessors, window: (0, 0.0, 0.0), trial: None, closed: [None; 2] })
    }

    /// Multiprocessors for communication in the next round.
    pub fn multiprocessors(&self) -> u32 {
        self.multiprocessors
    }

    /// Takes note of a round, and returns the multiprocessors for communication in the next one. A
    /// round in which nothing was measured, or that is no measurement (negative, infinite), changes
    /// nothing.
    pub fn observe(&mut self, observation: Observation) -> u32 {
        let Observation { communication, waiting, compute } = observation;
        let busy = communication - waiting;
        let sound = |time: f64| time > 0.0 && time.is_finite();
        if sound(busy) && sound(compute) && waiting >= 0.0 {
            let (rounds, communication, sum) = &mut self.window;
            (*rounds, *communication, *sum) = (*rounds + 1, *communication + busy, *sum + compute);
            if *rounds == WINDOW {
                let means = (*communication / f64::from(WINDOW), *sum / f64::from(WINDOW));
                self.window = (0, 0.0, 0.0);
                self.decide(means);
            }
        }
        self.multiprocessors
    }

    fn decide(&mut self, (communication, compute): (f64, f64)) {
        let Limits { least, most, total } = self.limits;
        let now = self.multiprocessors;
        let time = communication.max(compute);
        if let Some(trial) = self.trial.take()
            && time > trial.time * (1.0 - MARGIN / 2.0)
        {
            self.closed[usize::from(now > trial.from)] = Some(trial.work);
            self.multiprocessors = trial.from;
            return;
        }
        let work =
            Work { communication: communication * f64::from(now), compute: compute * f64::from(total - now) };
        for closed in &mut self.closed {
            *closed = closed.filter(|before| !work.differs(*before));
        }
        let worth = time * (1.0 - MARGIN);
        let mut next = self.best(work);
        if work.time(next, total) > worth {
            next = if communication <= worth {
                now - (now / 4).max(1)
            } else if compute <= worth {
                now + (now / 4).max(1)
            } else {
                return;
            };
            next = next.clamp(least, most);
        }
        if next != now && self.closed[usize::from(next > now)].is_none() {
            self.trial = Some(Trial { from: now, time, work });
            self.multiprocessors = next;
        }
    }

    /// The number within the limits with the least time; the lower of two.
    fn best(&self, work: Work) -> u32 {
        let Limits { least, most, total } = self.limits;
        let even = f64::from(total) * work.communication / (work.communication + work.compute);
        let below = (even.floor() as u32).clamp(least, most);
        let above = (even.ceil() as u32).clamp(least, most);
        if work.time(above, total) < work.time(below, total) { above } else { below }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A machine: communication that scales until its link is full, compute that scales.
    #[derive(Clone, Copy, Debug)]
    struct Load {
        communication: f64,
        link: f64,
        compute: f64,
    }

    impl Load {
        fn times(self, multiprocessors: u32, total: u32) -> (f64, f64) {
            let communication = (self.communication / f64::from(multiprocessors)).max(self.link);
            (communication, self.compute / f64::from(total - multiprocessors))
        }

        fn best(self, limits: Limits) -> f64 {
            let times = (limits.least..=limits.most).map(|count| self.times(count, limits.total));
            times.map(|(communication, compute)| communication.max(compute)).fold(f64::INFINITY, f64::min)
        }

        /// Runs rounds that are noisy by `noise`, and returns how often the number changed.
        fn run(self, controller: &mut Controller, rounds: u32, noise: f64) -> u32 {
            let mut changes = 0;
            for round in 0..rounds {
                let before = controller.multiprocessors();
                let (communication, compute) = self.times(before, controller.limits.total);
                // Waits are long, vary, and tell nothing.
                let waiting = f64::from(round % 7) * communication;
                let wave = |phase: f64| 1.0 + noise * (f64::from(round) * 1.7 + phase).sin();
                let communication = communication * wave(0.0) + waiting;
                let seen = Observation { communication, waiting, compute: compute * wave(2.0) };
                changes += u32::from(controller.observe(seen) != before);
            }
            changes
        }
    }

    fn limits() -> impl Strategy<Value = Limits> {
        (3u32..=160).prop_flat_map(|total| {
            (1..total - 1).prop_flat_map(move |least| {
                (least..total).prop_map(move |most| Limits { least, most, total })
            })
        })
    }

    fn loads() -> impl Strategy<Value = Load> {
        // Link times from none to many times the communication's share of a middling number.
        (1.0f64..1e6, 0.0f64..2.0, 1.0f64..1e6).prop_map(|(communication, link, compute)| Load {
            communication,
            link: link * communication / 20.0,
            compute,
        })
    }

    proptest! {
        #[test]
        fn steady_loads_bring_it_to_rest_near_the_best((limits, load, start) in (limits(), loads(), 0u32..200)) {
            let mut controller = Controller::new(limits, start).expect("sound limits");
            load.run(&mut controller, 2_000, 0.005);
            prop_assert_eq!(load.run(&mut controller, 2_000, 0.005), 0, "at rest");
            let (communication, compute) = load.times(controller.multiprocessors(), limits.total);
            let (time, best) = (communication.max(compute), load.best(limits));
            prop_assert!(time <= 1.2 * best, "{} and {} with {}", time, best, controller.multiprocessors());
        }

        #[test]
        fn it_follows_a_load_that_changes((limits, before, after) in (limits(), loads(), loads())) {
            let mut controller = Controller::new(limits, limits.least).expect("sound limits");
            before.run(&mut controller, 1_000, 0.0);
            // Far enough for a closed direction to open.
            let after = Load { compute: after.compute + 2.0 * before.compute, ..after };
            after.run(&mut controller, 1_000, 0.0);
            prop_assert_eq!(after.run(&mut controller, 1_000, 0.0), 0, "at rest");
            let (communication, compute) = after.times(controller.multiprocessors(), limits.total);
            prop_assert!(communication.max(compute) <= 1.2 * after.best(limits));
        }

        #[test]
        fn nothing_leads_out_of_the_limits(
            limits in limits(),
            rounds in prop::collection::vec((any::<f64>(), any::<f64>(), any::<f64>()), 0..100),
        ) {
            let mut controller = Controller::new(limits, 7).expect("sound limits");
            for (communication, waiting, compute) in rounds {
                let next = controller.observe(Observation { communication, waiting, compute });
                prop_assert!((limits.least..=limits.most).contains(&next));
            }
        }
    }

    #[test]
    fn a_full_link_is_tried_once_and_left() {
        let limits = Limits { least: 1, most: 66, total: 132 };
        let mut controller = Controller::new(limits, 12).expect("sound limits");
        let load = Load { communication: 12.0, link: 10.0, compute: 120.0 };
        assert_eq!(load.run(&mut controller, 400, 0.0), 2, "there and back");
        assert_eq!(controller.multiprocessors(), 12);
    }

    #[test]
    fn limits_without_a_choice_are_named() {
        let message = |least, most, total| {
            Controller::new(Limits { least, most, total }, 1).expect_err("no choice").to_string()
        };
        assert_eq!(message(1, 1, 1), "Limits::total must be 2 to 4294967295: 1 is not");
        assert_eq!(message(1, 8, 8), "Limits::most must be 1 to 7: 8 is not");
        assert_eq!(message(5, 4, 8), "Limits::least must be 1 to 4: 5 is not");
    }
}
