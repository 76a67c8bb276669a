//! The dock: symmetric memory and loaded kernels for rounds of dispatch and combine.

use std::rc::Rc;
use std::sync::Arc;

use crossdock_device::{KernelSet, Specialised};

use crate::exchange::RESET;
use crate::gpu::rank::{Rank, Rounds};
use crate::planning::{Controller, Observation, Planning, SmBudget, SmPlan};
use crate::report::{RoundReport, StageReport};
use crate::round::capacity::{Capacity, ResolvedCapacity};
use crate::round::fault::{self, Fault};
use crate::round::kernels::Loaded;
use crate::round::launches::Launches;
use crate::round::memory::Memory;
use crate::round::plan::{Plan, Routes};
use crate::round::requirements::check_shape;
use crate::round::signals::Signals;
use crate::{Error, Result, Shape};

/// Where tokens are unloaded and loaded again: opened once by [`Rank::dock`], used for any number
/// of rounds.
///
/// A round is [`dispatch`](Self::dispatch), the experts, and
/// [`Arrived::combine`](crate::Arrived::combine). All ranks run the same rounds.
#[derive(Debug)]
pub struct Dock {
    pub(crate) rank: Rank,
    pub(crate) shape: Shape,
    pub(crate) capacity: ResolvedCapacity,
    pub(crate) kernels: Rc<Loaded>,
    pub(crate) memory: Memory,
    pub(crate) signals: Rc<Signals>,
    /// What the next round describes itself in, unless a handle keeps it.
    pub(crate) plan: Rc<Plan>,
    /// Where routes that the host gives are put.
    pub(crate) routes: Rc<Routes>,
    /// What kernels take of the GPU.
    sm_plan: SmPlan,
    /// What rounds that are only enqueued describe themselves in. No handle keeps it, and graphs
    /// may hold its addresses.
    pub(crate) enqueued_plan: Rc<Plan>,
    /// What made the dock unusable: after a failed round, flags and counters are not what the next
    /// one expects.
    broken: Option<Error>,
}

impl Rank {
    /// Opens a dock: symmetric memory for rounds of up to `capacity` tokens per rank, moved by
    /// `kernels` (a [`KernelSet`] or an `Arc` of one). Collective.
    ///
    /// # Errors
    /// When the shape does not suit the number of ranks, memory is short, or ranks ask for
    /// different docks.
    pub fn dock(&self, kernels: impl Into<Arc<KernelSet>>, capacity: Capacity) -> Result<Dock> {
        Dock::open(self, kernels.into(), capacity)
    }

    /// [`dock`](Self::dock) with the kernels of a module that `kernels!` made:
    /// `dock_for::<deepseek_v3::Kernels>(..)`. Collective.
    ///
    /// # Errors
    /// As for [`dock`](Self::dock).
    pub fn dock_for<K: Specialised>(&self, capacity: Capacity) -> Result<Dock> {
        self.dock(K::kernels(), capacity)
    }
}

impl Dock {
    fn open(rank: &Rank, set: Arc<KernelSet>, capacity: Capacity) -> Result<Dock> {
        let shape = set.shape;
        check_shape(&shape, rank.topology().ranks())?;
        let capacity = ResolvedCapacity::new(capacity, &shape, rank.topology().ranks())?;
        let purpose = format!(
            "opening a dock for hidden {}, top-k {}, {} experts, {} and {} tokens, with room for {} rows and {} slots, {:?}",
            shape.hidden,
            shape.top_k,
            shape.experts,
            shape.wire,
            capacity.tokens,
            capacity.rows,
            capacity.slots,
            capacity.layout
        );
        rank.gather(&purpose, Vec::new())?;
        let number = rank.docks().number();
        let kernels = Rc::new(Loaded::new(rank, &set)?);
        let signals = Rc::new(Signals::new(rank, number, &kernels)?);
        let rounds: Rc<dyn Rounds> = Rc::<Signals>::clone(&signals);
        rank.docks().add(&rounds);
        let memory = Memory::new(rank, &shape, &capacity)?;
        let routes = Rc::new(Routes::new(rank, capacity.tokens * shape.top_k as usize)?);
        let plan = Rc::new(Plan::new(rank, &shape, capacity.tokens, Some(Rc::clone(&routes)))?);
        let enqueued_plan = Rc::new(Plan::new(rank, &shape, capacity.tokens, None)?);
        let sm_plan = planning(rank, shape, &capacity, &kernels).allot(SmBudget::Auto);
        let rank = rank.clone();
        Ok(Dock {
            rank,
            shape,
            capacity,
            kernels,
            memory,
            signals,
            plan,
            routes,
            sm_plan,
            enqueued_plan,
            broken: None,
        })
    }

    /// What the kernels were specialised for.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The rank that this end of the dock belongs to.
    pub fn rank(&self) -> &Rank {
        &self.rank
    }

    /// What each kernel takes of this rank's GPU.
    pub fn sm_plan(&self) -> SmPlan {
        self.sm_plan
    }

    /// Gives the kernels of later rounds another budget; [`SmBudget::Auto`] before. Not collective:
    /// ranks may differ, and results do not depend on it.
    ///
    /// # Errors
    /// When the GPU has not so many multiprocessors, or the budget is none.
    pub fn set_budget(&mut self, budget: SmBudget) -> Result<()> {
        let planning = planning(&self.rank, self.shape, &self.capacity, &self.kernels);
        if let SmBudget::Multiprocessors(count) = budget
            && !(1..=planning.multiprocessors).contains(&count)
        {
            let (value, most) = (count.into(), planning.multiprocessors.into());
            return Err(Error::OutOfRange { parameter: "SmBudget::Multiprocessors", value, least: 1, most });
        }
        self.sm_plan = planning.allot(budget);
        Ok(())
    }

    /// Tells the controller what a round of this rank took, with the cycles that its experts took,
    /// and gives the next round the budget that it decides on. Nothing changes where the backend
    /// cannot count.
    ///
    /// # Errors
    /// When the controller's limits are above what the GPU has.
    pub fn rebalance(
        &mut self,
        controller: &mut Controller,
        round: &RoundReport,
        expert_cycles: u64,
    ) -> Result<()> {
        if let Some(observation) = Observation::of_round(round, expert_cycles) {
            controller.observe(observation);
        }
        self.set_budget(SmBudget::Multiprocessors(controller.multiprocessors()))
    }

    /// Makes the dock usable again after a round failed, for instance because a peer was late.
    /// Collective: every rank of the dock calls it, those whose round succeeded too.
    ///
    /// # Errors
    /// When a peer fails or ends without coming.
    pub fn reset(&mut self) -> Result<()> {
        self.rank.synchronise()?;
        // Ranks may have begun different numbers of rounds; the next one must be new to all flags.
        let own = self.signals.round()?;
        let bytes = own.to_le_bytes().to_vec();
        let rounds = self.rank.gather(RESET, bytes)?;
        let rounds = rounds.into_iter().filter_map(|bytes| Some(u32::from_le_bytes(bytes.try_into().ok()?)));
        self.signals.restart_after(rounds.max().unwrap_or(own))?;
        self.memory.clear_counters()?;
        self.rank.barrier()?;
        self.broken = None;
        Ok(())
    }

    /// Runs one collective step. When it fails, the dock is broken, unless all ranks failed alike
    /// before anything was sent.
    pub(crate) fn round<R>(&mut self, step: impl FnOnce(&Dock) -> Result<R>) -> Result<R> {
        self.check_sound()?;
        self.step(step)
    }

    /// Refuses when an earlier round failed.
    pub(crate) fn check_sound(&self) -> Result<()> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    /// Waits for everything that was enqueued, and says whether all of it went well. After an error
    /// the dock is used no further until it is [`reset`](Self::reset): rounds that were enqueued
    /// after the failed one did nothing.
    ///
    /// # Errors
    /// What a kernel recorded: a late peer, too many tokens or arrivals, a route to an expert that
    /// does not exist.
    pub fn synchronise(&mut self) -> Result<()> {
        self.check_sound()?;
        let outcome = Launches::begin(&self.rank).and_then(|launches| self.finish(launches));
        outcome.map(|_| ()).inspect_err(|error| self.note_failure(error))
    }

    /// The dock is used no further, unless nothing was done at all.
    fn note_failure(&mut self, error: &Error) {
        if !matches!(error, Error::Capturing { .. }) {
            self.broken = Some(error.clone());
        }
    }

    /// A step of the round that has begun.
    pub(crate) fn step<R>(&mut self, step: impl FnOnce(&Dock) -> Result<R>) -> Result<R> {
        let error = match step(self) {
            Ok(result) => return Ok(result),
            Err(error) => error,
        };
        if matches!(error, Error::Overflow { .. }) {
            self.signals.forget_fault()?;
            self.memory.clear_counters()?;
            // Nobody counts for the next round while a peer still reads the counts of this one.
            self.rank.barrier()?;
        } else {
            self.note_failure(&error);
        }
        tracing::warn!(rank = self.rank.index(), %error, "a round failed");
        Err(error)
    }

    /// Waits for the launches and looks at the status record.
    pub(crate) fn finish(&self, launches: Launches) -> Result<StageReport> {
        let end = self.rank.record()?;
        self.rank.synchronise()?;
        match Fault::of_words(self.rank.index(), &self.signals.status()?)? {
            None => launches.report(&end),
            Some(fault) => Err(fault::leave(fault, &self.rank, &self.signals, &self.shape, &self.capacity)?),
        }
    }

    pub(crate) fn ranks(&self) -> u32 {
        self.rank.topology().ranks() as u32
    }
}

fn planning(rank: &Rank, shape: Shape, capacity: &ResolvedCapacity, kernels: &Loaded) -> Planning {
    Planning {
        shape,
        ranks: rank.topology().ranks(),
        by_expert: capacity.layout.is_by_expert(),
        multiprocessors: rank.backend().multiprocessors(),
        rates: rank.rates(),
        warps: [kernels.dispatch.warps(), kernels.combine.warps(), kernels.gradient.warps()],
    }
}
