//! Barriers in shared memory that count arrivals and bytes, and the phases that they go through.

use crate::device;

pub use code::*;

/// [`Mbarrier`](code::Mbarrier), [`Phase`](code::Phase) and [`Stage`](code::Stage).
#[device]
pub mod code {
    use crate::intrinsics::*;

    /// An mbarrier object: 8 bytes of shared memory (PTX ISA section 9.7.13.15).
    ///
    /// It goes through phases. A phase completes when as many arrivals have come as
    /// [`initialise`](Mbarrier::initialise) stated, and as many bytes as were expected; then the
    /// next one begins. Whoever waits for a phase sees what those who arrived had done before, and
    /// the bytes that arrived.
    #[derive(Clone, Copy, Debug)]
    pub struct Mbarrier {
        /// Where it lies.
        pub object: Shared<u64>,
    }

    /// An mbarrier object in the shared memory of another block of the cluster, from
    /// [`Mbarrier::of_block`]. Blocks arrive at it and expect bytes of it; only the threads of its
    /// own block wait for it. Needs `sm_90`.
    #[derive(Clone, Copy, Debug)]
    pub struct RemoteMbarrier {
        /// Its address in the shared memory of the cluster.
        pub object: Shared<u64>,
    }

    /// Which phase of an mbarrier is meant: the parity of its number. [`Mbarrier::wait`] gives the
    /// one after it, so that a loop that hands its phase on never waits for a wrong one.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Phase {
        /// 0 for the first phase, the third, ..
        pub parity: u32,
    }

    impl Phase {
        /// The first phase.
        pub const FIRST: Phase = Phase { parity: 0 };

        /// The phase before the first, which counts as complete: what a producer waits for when no
        /// consumer has been there yet.
        pub const BEFORE_FIRST: Phase = Phase { parity: 1 };

        /// The one after it.
        pub fn next(self) -> Phase {
            Phase { parity: self.parity ^ 1 }
        }
    }

    /// A place in a ring of buffers, and which phase of that buffer's mbarriers is meant.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Stage {
        /// Index of the buffer.
        pub index: u32,
        /// Its phase in this turn of the ring.
        pub phase: Phase,
    }

    impl Stage {
        /// Where a consumer begins: the first phase of buffer 0.
        pub const CONSUMER: Stage = Stage { index: 0, phase: Phase::FIRST };

        /// Where a producer begins: buffer 0 is empty.
        pub const PRODUCER: Stage = Stage { index: 0, phase: Phase::BEFORE_FIRST };

        /// The next buffer of a ring of `STAGES`; after the last comes buffer 0 in its next phase.
        pub fn next<const STAGES: u32>(self) -> Stage {
            let last = self.index + 1 == STAGES;
            Stage {
                index: if last { 0 } else { self.index + 1 },
                phase: if last { self.phase.next() } else { self.phase },
            }
        }
    }

    impl Mbarrier {
        /// An mbarrier of the block in shared memory of its own, one for each call in the source.
        pub fn allocate() -> Mbarrier {
            Mbarrier { object: shared::<u64>(1) }
        }

        /// The mbarrier of that index in an array of them.
        pub fn at(objects: Shared<u64>, index: u32) -> Mbarrier {
            Mbarrier { object: objects.at(index) }
        }

        /// Begins the first phase; `arrivals` complete each phase. One thread does this, and a
        /// barrier follows before others use the object; before bulk copies use it, also
        /// [`fence_mbarrier_init`](fn@crate::library::fences::fence_mbarrier_init) or a proxy
        /// fence. `mbarrier.init`.
        pub fn initialise(self, arrivals: u32) {
            ptx!("mbarrier.init.shared.b64 [{object}], {arrivals};", object = in(self.object), arrivals = in(arrivals));
        }

        /// Makes the memory usable for other things. Nobody may wait any more. `mbarrier.inval`.
        pub fn invalidate(self) {
            ptx!("mbarrier.inval.shared.b64 [{object}];", object = in(self.object));
        }

        /// Arrives, with release semantics for the block. `mbarrier.arrive`.
        pub fn arrive(self) {
            ptx!("mbarrier.arrive.shared.b64 _, [{object}];", object = in(self.object));
        }

        /// Arrives, and gives a token of the phase for [`has_completed`](Mbarrier::has_completed).
        /// `mbarrier.arrive`.
        pub fn arrive_with_token(self) -> u64 {
            ptx!("mbarrier.arrive.shared.b64 {token}, [{object}];", object = in(self.object), token = out(u64))
        }

        /// Arrives with that order and scope, and gives a token of the phase. Needs `sm_90`.
        /// `mbarrier.arrive`.
        pub fn arrive_ordered(self, order: impl Store, scope: impl BarrierScope) -> u64 {
            ptx!(
                "mbarrier.arrive.{order}.{scope}.shared::cta.b64 {token}, [{object}];",
                object = in(self.object), order = order(order), scope = scope(scope), token = out(u64)
            )
        }

        /// [`arrive_ordered`](Mbarrier::arrive_ordered) for `count` threads at once. Needs `sm_90`.
        /// `mbarrier.arrive`.
        pub fn arrive_for_ordered(self, count: u32, order: impl Store, scope: impl BarrierScope) -> u64 {
            ptx!(
                "mbarrier.arrive.{order}.{scope}.shared::cta.b64 {token}, [{object}], {count};",
                object = in(self.object), count = in(count), order = order(order), scope = scope(scope), token = out(u64)
            )
        }

        /// Arrives for `count` threads at once. Needs `sm_90`. `mbarrier.arrive.release.cta`.
        pub fn arrive_for(self, count: u32) {
            ptx!(
                "mbarrier.arrive.release.cta.shared::cta.b64 _, [{object}], {count};",
                object = in(self.object), count = in(count)
            );
        }

        /// Arrives, and no longer counts: later phases need one arrival less.
        /// `mbarrier.arrive_drop`.
        pub fn arrive_and_leave(self) {
            ptx!("mbarrier.arrive_drop.shared.b64 _, [{object}];", object = in(self.object));
        }

        /// [`arrive_and_leave`](Mbarrier::arrive_and_leave) with that order and scope; gives a
        /// token of the phase. Needs `sm_90`. `mbarrier.arrive_drop`.
        pub fn arrive_and_leave_ordered(self, order: impl Store, scope: impl BarrierScope) -> u64 {
            ptx!(
                "mbarrier.arrive_drop.{order}.{scope}.shared::cta.b64 {token}, [{object}];",
                object = in(self.object), order = order(order), scope = scope(scope), token = out(u64)
            )
        }

        /// Expects bytes, arrives, and no longer counts, as one operation. Needs `sm_90`.
        /// `mbarrier.arrive_drop.expect_tx`.
        pub fn expect_bytes_and_leave_ordered(
            self,
            bytes: u32,
            order: impl Store,
            scope: impl BarrierScope,
        ) -> u64 {
            ptx!(
                "mbarrier.arrive_drop.expect_tx.{order}.{scope}.shared::cta.b64 {token}, [{object}], {bytes};",
                object = in(self.object), bytes = in(bytes), order = order(order), scope = scope(scope), token = out(u64)
            )
        }

        /// [`expect_bytes`](Mbarrier::expect_bytes) in that scope; it has no order but `Relaxed`.
        /// Needs `sm_90`. `mbarrier.expect_tx`.
        pub fn expect_bytes_in(self, bytes: u32, scope: impl BarrierScope) {
            ptx!(
                "mbarrier.expect_tx.relaxed.{scope}.shared::cta.b64 [{object}], {bytes};",
                object = in(self.object), bytes = in(bytes), scope = scope(scope)
            );
        }

        /// As if so many bytes of asynchronous copies had arrived, which must be expected. Needs
        /// `sm_90`. `mbarrier.complete_tx`.
        pub fn complete_bytes_in(self, bytes: u32, scope: impl BarrierScope) {
            ptx!(
                "mbarrier.complete_tx.relaxed.{scope}.shared::cta.b64 [{object}], {bytes};",
                object = in(self.object), bytes = in(bytes), scope = scope(scope)
            );
        }

        /// [`arrive_and_expect_bytes`](Mbarrier::arrive_and_expect_bytes) with that order and
        /// scope; gives a token of the phase. Needs `sm_90`. `mbarrier.arrive.expect_tx`.
        pub fn arrive_and_expect_bytes_ordered(
            self,
            bytes: u32,
            order: impl Store,
            scope: impl BarrierScope,
        ) -> u64 {
            ptx!(
                "mbarrier.arrive.expect_tx.{order}.{scope}.shared::cta.b64 {token}, [{object}], {bytes};",
                object = in(self.object), bytes = in(bytes), order = order(order), scope = scope(scope), token = out(u64)
            )
        }

        /// The phase also needs so many bytes of asynchronous copies. Needs `sm_90`.
        /// `mbarrier.expect_tx`.
        pub fn expect_bytes(self, bytes: u32) {
            ptx!(
                "mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [{object}], {bytes};",
                object = in(self.object), bytes = in(bytes)
            );
        }

        /// [`expect_bytes`](Mbarrier::expect_bytes), then [`arrive`](Mbarrier::arrive), as one
        /// operation: so the phase cannot complete in between. Needs `sm_90`.
        /// `mbarrier.arrive.expect_tx`.
        pub fn arrive_and_expect_bytes(self, bytes: u32) {
            ptx!(
                "mbarrier.arrive.expect_tx.release.cta.shared::cta.b64 _, [{object}], {bytes};",
                object = in(self.object), bytes = in(bytes)
            );
        }

        /// [`arrive_and_expect_bytes`](Mbarrier::arrive_and_expect_bytes) that publishes nothing
        /// that this thread did: those who wait see the bytes, which their copy releases. Needs PTX
        /// 8.6. `mbarrier.arrive.expect_tx.relaxed.cta`.
        pub fn arrive_relaxed_and_expect_bytes(self, bytes: u32) {
            ptx!(
                "mbarrier.arrive.expect_tx.relaxed.cta.shared::cta.b64 _, [{object}], {bytes};",
                object = in(self.object), bytes = in(bytes)
            );
        }

        /// Arrives when all earlier `cp.async` copies of this thread are done; this does not count
        /// as one of the arrivals that the caller owes otherwise. `cp.async.mbarrier.arrive.noinc`.
        pub fn arrive_after_copies(self) {
            ptx!("cp.async.mbarrier.arrive.noinc.shared.b64 [{object}];", object = in(self.object));
        }

        /// Whether the phase of that token has completed, without waiting. `mbarrier.test_wait`.
        pub fn has_completed(self, token: u64) -> bool {
            ptx!(
                "mbarrier.test_wait.shared.b64 {done}, [{object}], {token};",
                object = in(self.object), token = in(token), done = out(bool)
            )
        }

        /// Whether that phase has completed, without waiting. `mbarrier.test_wait.parity`, PTX 7.1.
        pub fn is_past(self, phase: Phase) -> bool {
            ptx!(
                "mbarrier.test_wait.parity.shared.b64 {done}, [{object}], {parity};",
                object = in(self.object), parity = in(phase.parity), done = out(bool)
            )
        }

        /// Whether that phase has completed; may sleep for a while that the hardware chooses. Needs
        /// `sm_90`. `mbarrier.try_wait.parity`.
        pub fn try_wait(self, phase: Phase) -> bool {
            ptx!(
                "mbarrier.try_wait.parity.shared::cta.b64 {done}, [{object}], {parity};",
                object = in(self.object), parity = in(phase.parity), done = out(bool)
            )
        }

        /// [`has_completed`](Mbarrier::has_completed) with that order and scope. Needs `sm_90`.
        /// `mbarrier.test_wait`.
        pub fn has_completed_ordered(self, token: u64, order: impl Load, scope: impl BarrierScope) -> bool {
            ptx!(
                "mbarrier.test_wait.{order}.{scope}.shared::cta.b64 {done}, [{object}], {token};",
                object = in(self.object), token = in(token), order = order(order), scope = scope(scope), done = out(bool)
            )
        }

        /// [`is_past`](Mbarrier::is_past) with that order and scope. Needs `sm_90`.
        /// `mbarrier.test_wait.parity`.
        pub fn is_past_ordered(self, phase: Phase, order: impl Load, scope: impl BarrierScope) -> bool {
            ptx!(
                "mbarrier.test_wait.parity.{order}.{scope}.shared::cta.b64 {done}, [{object}], {parity};",
                object = in(self.object), parity = in(phase.parity), order = order(order), scope = scope(scope),
                done = out(bool)
            )
        }

        /// Whether the phase of that token has completed; may sleep for a while, as
        /// [`try_wait`](Mbarrier::try_wait). Needs `sm_90`. `mbarrier.try_wait`.
        pub fn try_wait_for_token_ordered(
            self,
            token: u64,
            order: impl Load,
            scope: impl BarrierScope,
        ) -> bool {
            ptx!(
                "mbarrier.try_wait.{order}.{scope}.shared::cta.b64 {done}, [{object}], {token};",
                object = in(self.object), token = in(token), order = order(order), scope = scope(scope), done = out(bool)
            )
        }

        /// [`try_wait`](Mbarrier::try_wait) with that order and scope. Needs `sm_90`.
        /// `mbarrier.try_wait.parity`.
        pub fn try_wait_ordered(self, phase: Phase, order: impl Load, scope: impl BarrierScope) -> bool {
            ptx!(
                "mbarrier.try_wait.parity.{order}.{scope}.shared::cta.b64 {done}, [{object}], {parity};",
                object = in(self.object), parity = in(phase.parity), order = order(order), scope = scope(scope),
                done = out(bool)
            )
        }

        /// [`wait`](Mbarrier::wait) with that order and scope. Needs `sm_90`.
        pub fn wait_ordered(self, phase: Phase, order: impl Load, scope: impl BarrierScope) -> Phase {
            while !self.try_wait_ordered(phase, order, scope) {}
            phase.next()
        }

        /// The mbarrier at the same place in another block of the cluster, by its rank there. Needs
        /// `sm_90`. `mapa`.
        pub fn of_block(self, rank: u32) -> RemoteMbarrier {
            RemoteMbarrier {
                object: ptx!(
                    "mapa.shared::cluster.u32 {there}, {object}, {rank};",
                    object = in(self.object), rank = in(rank), there = out(Shared<u64>)
                ),
            }
        }

        /// Waits until that phase has completed, with acquire semantics for the block, and gives
        /// the one after it. Needs `sm_90`.
        pub fn wait(self, phase: Phase) -> Phase {
            while !self.try_wait(phase) {}
            phase.next()
        }
    }

    impl RemoteMbarrier {
        /// Arrives at it with that order and scope. `mbarrier.arrive.shared::cluster`.
        pub fn arrive_ordered(self, order: impl Store, scope: impl BarrierScope) {
            ptx!(
                "mbarrier.arrive.{order}.{scope}.shared::cluster.b64 _, [{object}];",
                object = in(self.object), order = order(order), scope = scope(scope)
            );
        }

        /// Arrives for `count` threads at once. `mbarrier.arrive.shared::cluster`.
        pub fn arrive_for_ordered(self, count: u32, order: impl Store, scope: impl BarrierScope) {
            ptx!(
                "mbarrier.arrive.{order}.{scope}.shared::cluster.b64 _, [{object}], {count};",
                object = in(self.object), count = in(count), order = order(order), scope = scope(scope)
            );
        }

        /// Arrives, and no longer counts. `mbarrier.arrive_drop.shared::cluster`.
        pub fn arrive_and_leave_ordered(self, order: impl Store, scope: impl BarrierScope) {
            ptx!(
                "mbarrier.arrive_drop.{order}.{scope}.shared::cluster.b64 _, [{object}];",
                object = in(self.object), order = order(order), scope = scope(scope)
            );
        }

        /// Its phase also needs so many bytes. `mbarrier.expect_tx.shared::cluster`.
        pub fn expect_bytes_in(self, bytes: u32, scope: impl BarrierScope) {
            ptx!(
                "mbarrier.expect_tx.relaxed.{scope}.shared::cluster.b64 [{object}], {bytes};",
                object = in(self.object), bytes = in(bytes), scope = scope(scope)
            );
        }

        /// As if so many bytes had arrived there. `mbarrier.complete_tx.shared::cluster`.
        pub fn complete_bytes_in(self, bytes: u32, scope: impl BarrierScope) {
            ptx!(
                "mbarrier.complete_tx.relaxed.{scope}.shared::cluster.b64 [{object}], {bytes};",
                object = in(self.object), bytes = in(bytes), scope = scope(scope)
            );
        }

        /// Expects bytes and arrives, as one operation.
        /// `mbarrier.arrive.expect_tx.shared::cluster`.
        pub fn arrive_and_expect_bytes_ordered(
            self,
            bytes: u32,
            order: impl Store,
            scope: impl BarrierScope,
        ) {
            ptx!(
                "mbarrier.arrive.expect_tx.{order}.{scope}.shared::cluster.b64 _, [{object}], {bytes};",
                object = in(self.object), bytes = in(bytes), order = order(order), scope = scope(scope)
            );
        }

        /// Expects bytes, arrives, and no longer counts.
        /// `mbarrier.arrive_drop.expect_tx.shared::cluster`.
        pub fn expect_bytes_and_leave_ordered(self, bytes: u32, order: impl Store, scope: impl BarrierScope) {
            ptx!(
                "mbarrier.arrive_drop.expect_tx.{order}.{scope}.shared::cluster.b64 _, [{object}], {bytes};",
                object = in(self.object), bytes = in(bytes), order = order(order), scope = scope(scope)
            );
        }
    }
}
