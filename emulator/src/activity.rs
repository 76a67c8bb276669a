//! How a launch spent its instructions and its time, beyond the bytes that it moved.
//!
//! All of it follows from the instructions executed and from the virtual clock, so it is the same
//! in every execution of the same seed. `docs/counters.md` says how each number is defined and how
//! it relates to what a profiler shows.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Serialize, Serializer};

/// What an instruction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Integer arithmetic, logic, shifts and bits.
    Integer,
    /// Floating-point arithmetic.
    Floating,
    /// Conversions between formats.
    Conversion,
    /// Moves, packing, special registers and kernel parameters.
    Movement,
    /// Comparisons, selections and logic of predicates.
    Predicate,
    /// Loads from memory.
    Load,
    /// Stores to memory.
    Store,
    /// Atomic operations on memory.
    Atomic,
    /// Fences.
    Fence,
    /// Shuffles, votes, matches, reductions and barriers of a warp.
    Warp,
    /// Barriers of a block.
    Barrier,
    /// Mbarriers and asynchronous copies.
    Asynchronous,
    /// Branches, calls, returns and exits.
    Control,
    /// Clocks, sleeps and cache hints.
    Other,
}

impl Class {
    /// Every class, in the order of their declaration.
    pub const ALL: [Class; 14] = [
        Class::Integer,
        Class::Floating,
        Class::Conversion,
        Class::Movement,
        Class::Predicate,
        Class::Load,
        Class::Store,
        Class::Atomic,
        Class::Fence,
        Class::Warp,
        Class::Barrier,
        Class::Asynchronous,
        Class::Control,
        Class::Other,
    ];

    /// In lower case, as reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Class::Integer => "integer",
            Class::Floating => "floating",
            Class::Conversion => "conversion",
            Class::Movement => "movement",
            Class::Predicate => "predicate",
            Class::Load => "load",
            Class::Store => "store",
            Class::Atomic => "atomic",
            Class::Fence => "fence",
            Class::Warp => "warp",
            Class::Barrier => "barrier",
            Class::Asynchronous => "asynchronous",
            Class::Control => "control",
            Class::Other => "other",
        }
    }
}

/// Warp instructions by class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instructions([u64; Class::ALL.len()]);

impl Instructions {
    /// Those of one class.
    pub fn of(&self, class: Class) -> u64 {
        self.0[class as usize]
    }

    /// Every class with its number.
    pub fn iter(&self) -> impl Iterator<Item = (Class, u64)> + '_ {
        Class::ALL.into_iter().map(|class| (class, self.of(class)))
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(crate) fn add(&mut self, class: Class, count: u64) {
        self.0[class as usize] += count;
    }
}

/// By the names of the classes.
impl Serialize for Instructions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named: BTreeMap<_, _> = self.iter().map(|(class, count)| (class.name(), count)).collect();
        named.serialize(serializer)
    }
}

/// Warp-level requests to global memory, of this or another GPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Requests {
    /// Instructions that accessed global memory, once per warp.
    pub requests: u64,
    /// Distinct aligned 32-byte sectors that each of them touched, summed. A request of 32
    /// neighbouring words takes 4; one of 32 words far apart takes 32.
    pub sectors: u64,
}

/// Warp-level requests to shared memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SharedRequests {
    /// Instructions that accessed shared memory, once per warp.
    pub requests: u64,
    /// Passes over the 32 banks that they took beyond the fewest that so many bytes need: 0 without
    /// bank conflicts.
    pub conflicts: u64,
}

/// Waits of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Waits {
    /// How often lanes of a warp began to wait.
    pub count: u64,
    /// How long they waited, summed, in virtual cycles.
    pub cycles: u64,
}

/// Instructions, requests, waits and residency of one launch, or of several added up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Activity {
    /// Warp instructions by class.
    pub instructions: Instructions,
    /// Lanes that took part in them, summed: 32 per instruction without divergence and with full
    /// warps.
    pub lane_instructions: u64,
    /// Branches that some lanes of their group took and others did not.
    pub divergent_branches: u64,
    /// Loads from global memory.
    pub loads: Requests,
    /// Stores to global memory.
    pub stores: Requests,
    /// Atomic operations on global memory.
    pub atomics: Requests,
    /// Accesses to shared memory.
    pub shared: SharedRequests,
    /// At barriers of the block.
    pub barrier_waits: Waits,
    /// In loops that read memory until it changes.
    pub spin_waits: Waits,
    /// In `nanosleep`.
    pub sleeps: Waits,
    /// For asynchronous copies (`wait_group`, `wait_all`).
    pub copy_waits: Waits,
    /// Blocks.
    pub blocks: u64,
    /// Warps.
    pub warps: u64,
    /// Multiprocessors that held a block.
    pub multiprocessors: u64,
    /// Virtual cycles from the start of the first block to the end of the last.
    pub cycles: u64,
    /// Virtual cycles in which a multiprocessor held a block of the launch, summed over
    /// multiprocessors.
    pub multiprocessor_cycles: u64,
    /// Virtual cycles that warps were resident, summed over warps.
    pub warp_cycles: u64,
}

/// Warps that a multiprocessor holds at most.
const WARPS_PER_MULTIPROCESSOR: u64 = (crate::gpu::limits::THREADS / 32) as u64;

impl Activity {
    /// Warps resident on a busy multiprocessor on average, as a fraction of the most that fit:
    /// achieved occupancy.
    pub fn occupancy(&self) -> f64 {
        let most = self.multiprocessor_cycles * WARPS_PER_MULTIPROCESSOR;
        if most == 0 { 0.0 } else { self.warp_cycles as f64 / most as f64 }
    }

    /// Lanes per instruction on average, of 32.
    pub fn lanes_per_instruction(&self) -> f64 {
        let instructions = self.instructions.total();
        if instructions == 0 { 0.0 } else { self.lane_instructions as f64 / instructions as f64 }
    }
}

macro_rules! add_fields {
    ($($type:ty { $($field:ident)* })*) => {$(
        impl AddAssign<&$type> for $type {
            fn add_assign(&mut self, other: &$type) {
                $(self.$field += other.$field;)*
            }
        }
    )*};
}

add_fields! {
    Requests { requests sectors }
    SharedRequests { requests conflicts }
    Waits { count cycles }
}

impl AddAssign<&Activity> for Activity {
    /// Adds what another launch did. `cycles` add up too, as if one ran after the other; of blocks,
    /// warps and multiprocessors the most are kept.
    fn add_assign(&mut self, other: &Activity) {
        for (class, count) in other.instructions.iter() {
            self.instructions.add(class, count);
        }
        self.lane_instructions += other.lane_instructions;
        self.divergent_branches += other.divergent_branches;
        self.loads += &other.loads;
        self.stores += &other.stores;
        self.atomics += &other.atomics;
        self.shared += &other.shared;
        self.barrier_waits += &other.barrier_waits;
        self.spin_waits += &other.spin_waits;
        self.sleeps += &other.sleeps;
        self.copy_waits += &other.copy_waits;
        self.blocks = self.blocks.max(other.blocks);
        self.warps = self.warps.max(other.warps);
        self.multiprocessors = self.multiprocessors.max(other.multiprocessors);
        self.cycles += other.cycles;
        self.multiprocessor_cycles += other.multiprocessor_cycles;
        self.warp_cycles += other.warp_cycles;
    }
}
