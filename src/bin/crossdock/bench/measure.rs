//! The measurements themselves: one program for all ranks, which meet before each repetition. Rows,
//! routes and logits are in device memory before; between the events there are launches alone.

use std::sync::Arc;
use std::time::Instant;

use crossdock::host::planning::SmBudget;
use crossdock::host::report::StageReport;
use crossdock::host::{
    Arrived, Buffer, Capacity, Cluster, Combine, Dock, Error, Handle, Rank, SymmetricBuffer, bf16,
};
use crossdock::{CompileOptions, Gate, KernelSet, LogitFormat, RouterKernel, ScoreFunction, Shape, Wire};
use crossdock_trial::Routes;
use crossdock_trial::bytes::Busiest;

use super::arguments::{BenchArguments, Operation};
use super::meeting::Meeting;
use super::quantiser::Quantiser;
use super::rows::{Brought, bf16_rows};
use super::span::spanned;
use crate::budget;
use crate::flags::word;
use crate::progress::Progress;

/// What is the same for all measurements with one number of tokens.
#[derive(Debug)]
pub(super) struct Batch {
    /// Per rank.
    pub(super) tokens: u32,
    /// Routes of each rank.
    pub(super) routes: Vec<Routes>,
    /// What its dispatch moves: how much plain copies copy.
    pub(super) dispatch: Busiest,
}

/// What one rank saw of one measurement.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub(super) operation: Operation,
    pub(super) tokens: u32,
    /// What the kernels were allowed to take; `None` where that does not matter.
    pub(super) budget: Option<SmBudget>,
    /// Multiprocessors that the largest kernel was allowed then.
    pub(super) multiprocessors: Option<u32>,
    /// What counts; empty on ranks that take no part.
    pub(super) iterations: Vec<Iteration>,
}

/// One repetition on one rank.
#[derive(Clone, Debug)]
pub(super) struct Iteration {
    pub(super) stage: StageReport,
    /// Wall-clock seconds of the call, copies from and to the host included.
    pub(super) host_seconds: f64,
}

/// Everything that ranks measure with.
pub(super) struct Bench<'a> {
    pub(super) arguments: &'a BenchArguments,
    pub(super) shape: Shape,
    pub(super) kernels: Arc<KernelSet>,
    pub(super) target: CompileOptions,
    pub(super) batches: Vec<Batch>,
    pub(super) progress: Progress,
}

impl Bench<'_> {
    /// Measures on all ranks of the cluster: what each rank saw, all in the same order.
    pub(super) fn run(&self, cluster: &Cluster) -> Result<Vec<Vec<Measured>>, Error> {
        cluster.run(|rank| -> Result<Vec<Measured>, Error> {
            self.arguments.sms.iter().try_for_each(|&sms| budget::check(rank, sms))?;
            let meeting = Meeting::open(rank, self.target)?;
            let mut measured = Vec::new();
            for batch in &self.batches {
                self.rounds(rank, &meeting, batch, &mut measured)?;
                self.router(rank, &meeting, batch, &mut measured)?;
                self.quantiser(rank, &meeting, batch, &mut measured)?;
                self.copies(rank, &meeting, batch, &mut measured)?;
            }
            Ok(measured)
        })
    }

    /// Steps of the progress bar.
    pub(super) fn steps(arguments: &BenchArguments) -> u64 {
        let in_rounds = [Operation::Dispatch, Operation::DispatchCached, Operation::Combine];
        let others = [Operation::Router, Operation::Quantise, Operation::Copy, Operation::PeerCopy];
        let wanted =
            |operations: &[Operation]| operations.iter().filter(|&&one| arguments.wants(one)).count();
        let each = wanted(&in_rounds) * arguments.sms.len() + wanted(&others);
        (each * arguments.token_counts().len()) as u64
    }

    /// Repeats a measurement and keeps what counts.
    fn repeat(&self, mut once: impl FnMut() -> Result<Iteration, Error>) -> Result<Vec<Iteration>, Error> {
        let (warm_up, iterations) = self.arguments.repetitions();
        let mut all = (0..warm_up + iterations).map(|_| once()).collect::<Result<Vec<_>, _>>()?;
        Ok(all.split_off(warm_up as usize))
    }

    /// Notes a measurement that no budget has a part in.
    fn note(&self, rank: &Rank, batch: &Batch, operation: Operation, iterations: Vec<Iteration>) -> Measured {
        if rank.index() == 0 {
            self.progress.step(format!("{} of {} tokens", word(operation), batch.tokens));
        }
        Measured { operation, tokens: batch.tokens, budget: None, multiprocessors: None, iterations }
    }

    fn rounds(
        &self,
        rank: &Rank,
        meeting: &Meeting,
        batch: &Batch,
        measured: &mut Vec<Measured>,
    ) -> Result<(), Error> {
        let in_rounds = [Operation::Dispatch, Operation::DispatchCached, Operation::Combine];
        if !in_rounds.iter().any(|&operation| self.arguments.wants(operation)) {
            return Ok(());
        }
        let routes = &batch.routes[rank.index()];
        let brought = Brought::new(rank, &self.shape, batch.tokens as usize, routes)?;
        let capacity = Capacity::tokens(batch.tokens as usize).layout(self.arguments.round.layout);
        let mut dock = rank.dock(Arc::clone(&self.kernels), capacity)?;
        // One round for its positions, which are the same in all others.
        let arrived = dispatch(&mut dock, &brought)?;
        let handle: Handle = arrived.handle()?;
        let outputs: Buffer<bf16> = rank.buffer(arrived.slot_count() * self.shape.hidden as usize)?;
        drop(arrived);
        outputs.clear()?;
        for &budget in &self.arguments.sms {
            dock.set_budget(budget)?;
            for operation in in_rounds {
                if !self.arguments.wants(operation) {
                    continue;
                }
                let iterations =
                    self.round(rank, meeting, &mut dock, operation, (&brought, &handle, &outputs))?;
                let sm_plan = dock.sm_plan();
                let share = match operation {
                    Operation::Combine => sm_plan.combine,
                    _ => sm_plan.dispatch,
                };
                measured.push(Measured {
                    budget: Some(budget),
                    multiprocessors: Some(share.multiprocessors),
                    ..self.note(rank, batch, operation, iterations)
                });
            }
        }
        Ok(())
    }

    fn round(
        &self,
        rank: &Rank,
        meeting: &Meeting,
        dock: &mut Dock,
        operation: Operation,
        (brought, handle, outputs): (&Brought, &Handle, &Buffer<bf16>),
    ) -> Result<Vec<Iteration>, Error> {
        let tokens = brought.tokens();
        let mut results: Buffer<bf16> = rank.buffer(brought.count() * self.shape.hidden as usize)?;
        self.repeat(|| match operation {
            Operation::Dispatch => timed(rank, meeting, || Ok(dispatch(dock, brought)?.report().clone())),
            Operation::DispatchCached => {
                timed(rank, meeting, || Ok(dock.dispatch_cached(&tokens, handle)?.report().clone()))
            }
            _ => {
                // A combine belongs to a dispatch, which is not measured here; the barrier keeps
                // its end out.
                let arrived = dock.dispatch_cached(&tokens, handle)?;
                timed(rank, meeting, || {
                    Ok(arrived.combine_into(Combine::of_slots(outputs), (&mut results).into())?.report)
                })
            }
        })
    }

    fn router(
        &self,
        rank: &Rank,
        meeting: &Meeting,
        batch: &Batch,
        measured: &mut Vec<Measured>,
    ) -> Result<(), Error> {
        if !self.arguments.wants(Operation::Router) {
            return Ok(());
        }
        let gate = router_gate(&self.shape);
        let tokens = batch.tokens as usize;
        let kernel = RouterKernel::jit_for(gate, self.target)?;
        let mut router = rank.router(kernel, Capacity::tokens(tokens))?;
        let logits: Buffer<f32> = rank.buffer(tokens * gate.experts as usize)?;
        let values: Vec<f32> =
            (0..logits.len()).map(|at| ((at * 7919 + rank.index()) % 4093) as f32 / 512.0 - 4.0).collect();
        logits.write(0, &values)?;
        let iterations = self.repeat(|| {
            timed(rank, meeting, || {
                let (routed, span) = spanned(rank, || router.route_from(&logits, tokens))?;
                Ok(StageReport { launches: vec![routed.report()], span })
            })
        })?;
        measured.push(self.note(rank, batch, Operation::Router, iterations));
        Ok(())
    }

    fn quantiser(
        &self,
        rank: &Rank,
        meeting: &Meeting,
        batch: &Batch,
        measured: &mut Vec<Measured>,
    ) -> Result<(), Error> {
        if !(self.arguments.wants(Operation::Quantise) && quantises(&self.shape)) {
            return Ok(());
        }
        let rows = bf16_rows(&self.shape, batch.tokens as usize, rank.index());
        let quantiser = Quantiser::open(rank, &self.shape, self.target, &rows)?;
        let blocks = 2 * rank.multiprocessors();
        let iterations = self.repeat(|| timed(rank, meeting, || quantiser.run(rank, blocks)))?;
        measured.push(self.note(rank, batch, Operation::Quantise, iterations));
        Ok(())
    }

    /// Plain copies by rank 0 alone, of as many bytes as dispatch moves: a copy reads and writes,
    /// so half of them in memory.
    fn copies(
        &self,
        rank: &Rank,
        meeting: &Meeting,
        batch: &Batch,
        measured: &mut Vec<Measured>,
    ) -> Result<(), Error> {
        let alone = rank.index() == 0;
        let mut copy = |operation: Operation,
                        bytes: usize,
                        once: &dyn Fn(&Buffer<u8>) -> Result<(), Error>|
         -> Result<(), Error> {
            let from: Buffer<u8> = rank.buffer(if alone { bytes } else { 0 })?;
            from.clear()?;
            let iterations = self.repeat(|| {
                timed(rank, meeting, || {
                    let copied = || if alone { once(&from) } else { Ok(()) };
                    Ok(StageReport { launches: Vec::new(), span: spanned(rank, copied)?.1 })
                })
            })?;
            let iterations = if alone { iterations } else { Vec::new() };
            measured.push(self.note(rank, batch, operation, iterations));
            Ok(())
        };
        if self.arguments.wants(Operation::Copy) {
            let bytes = copied_bytes(&batch.dispatch);
            let to: Buffer<u8> = rank.buffer(if alone { bytes } else { 0 })?;
            copy(Operation::Copy, bytes, &|from| to.copy_from(from, bytes))?;
        }
        if self.arguments.wants(Operation::PeerCopy) && batch.dispatch.link > 0 {
            let bytes = batch.dispatch.link as usize;
            let to: SymmetricBuffer<u8> = rank.symmetric_buffer(bytes)?;
            copy(Operation::PeerCopy, bytes, &|from| to.copy_to(1, from, bytes))?;
            rank.barrier()?;
        }
        Ok(())
    }
}

/// Bytes that the plain copy copies.
pub(super) fn copied_bytes(dispatch: &Busiest) -> usize {
    (dispatch.memory / 2).max(1) as usize
}

/// Whether dispatch quantises the rows that ranks bring.
pub(super) fn quantises(shape: &Shape) -> bool {
    matches!(shape.wire, Wire::Fp8(fp8) if fp8.is_made_by_dispatch())
}

/// The gate that is measured: sigmoid, bias and normalised weights, as DeepSeek-V3 has, over all
/// experts of the shape.
pub(super) fn router_gate(shape: &Shape) -> Gate {
    Gate {
        experts: shape.experts,
        groups: 1,
        top_groups: 1,
        top_k: shape.top_k,
        score: ScoreFunction::Sigmoid,
        biased: true,
        normalised: true,
        logits: LogitFormat::F32,
    }
}

/// What takes part in a measurement, once, begun by all ranks together.
fn timed(
    rank: &Rank,
    meeting: &Meeting,
    once: impl FnOnce() -> Result<StageReport, Error>,
) -> Result<Iteration, Error> {
    rank.barrier()?;
    meeting.meet(rank)?;
    let start = Instant::now();
    let stage = once()?;
    Ok(Iteration { stage, host_seconds: start.elapsed().as_secs_f64() })
}

/// One dispatch of what is in device memory.
fn dispatch<'dock>(dock: &'dock mut Dock, brought: &Brought) -> Result<Arrived<'dock>, Error> {
    dock.dispatch_from_device(&brought.tokens(), (&brought.experts).into(), (&brought.weights).into())
}
