//! The measurements themselves: one program for all ranks, with a barrier before each repetition.

use std::sync::Arc;
use std::time::Instant;

use crossdock::host::planning::Budget;
use crossdock::host::report::StageReport;
use crossdock::host::{
    Buffer, Capacity, Cluster, Dock, Error, Handle, Rank, Routing, SymmetricBuffer, Tokens, bf16, quantise,
};
use crossdock::{CompileOptions, Gate, KernelSet, LogitFormat, RouterKernel, ScoreFunction, Shape, Wire};

use super::arguments::{BenchArguments, Operation};
use super::bytes::Busiest;
use super::quantiser::Quantiser;
use crate::progress::Progress;
use crate::routing::Routes;

/// What is the same for all measurements with one number of tokens.
#[derive(Debug)]
pub(super) struct Batch {
    /// Per rank.
    pub(super) tokens: u32,
    /// Of each rank.
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
    pub(super) budget: Option<Budget>,
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
            let mut measured = Vec::new();
            for batch in &self.batches {
                self.rounds(rank, batch, &mut measured)?;
                self.router(rank, batch, &mut measured)?;
                self.quantiser(rank, batch, &mut measured)?;
                self.copies(rank, batch, &mut measured)?;
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

    /// Repeats what takes part in a measurement, between barriers, and keeps what counts.
    fn repeat(
        &self,
        rank: &Rank,
        mut once: impl FnMut() -> Result<StageReport, Error>,
    ) -> Result<Vec<Iteration>, Error> {
        let (warm_up, iterations) = self.arguments.repetitions();
        let mut kept = Vec::with_capacity(iterations as usize);
        for repetition in 0..warm_up + iterations {
            rank.barrier()?;
            let start = Instant::now();
            let stage = once()?;
            if repetition >= warm_up {
                kept.push(Iteration { stage, host_seconds: start.elapsed().as_secs_f64() });
            }
        }
        Ok(kept)
    }

    fn note(&self, rank: &Rank, operation: Operation, batch: &Batch) {
        if rank.index() == 0 {
            self.progress.step(format!("{} of {} tokens", operation.word(), batch.tokens));
        }
    }

    fn rounds(&self, rank: &Rank, batch: &Batch, measured: &mut Vec<Measured>) -> Result<(), Error> {
        let in_rounds = [Operation::Dispatch, Operation::DispatchCached, Operation::Combine];
        if !in_rounds.iter().any(|&operation| self.arguments.wants(operation)) {
            return Ok(());
        }
        let rows = Rows::new(&self.shape, batch.tokens as usize, rank.index())?;
        let sides: Vec<&[u8]> = rows.sides.iter().map(Vec::as_slice).collect();
        let tokens = rows.tokens(&self.shape, &sides);
        let routes = &batch.routes[rank.index()];
        let routing = Routing::new(&routes.experts, &routes.weights);
        let capacity = Capacity::tokens(batch.tokens as usize).layout(self.arguments.layout);
        let mut dock = rank.dock(Arc::clone(&self.kernels), capacity)?;
        // One round for its positions, which are the same in all others.
        let arrived = dock.dispatch(&tokens, &routing)?;
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
                    self.round(rank, &mut dock, operation, (&tokens, &routing), (&handle, &outputs))?;
                let allotment = dock.allotment();
                let share = match operation {
                    Operation::Combine => allotment.combine,
                    _ => allotment.dispatch,
                };
                measured.push(Measured {
                    operation,
                    tokens: batch.tokens,
                    budget: Some(budget),
                    multiprocessors: Some(share.multiprocessors),
                    iterations,
                });
                self.note(rank, operation, batch);
            }
        }
        Ok(())
    }

    fn round(
        &self,
        rank: &Rank,
        dock: &mut Dock,
        operation: Operation,
        (tokens, routing): (&Tokens<'_>, &Routing<'_>),
        (handle, outputs): (&Handle, &Buffer<bf16>),
    ) -> Result<Vec<Iteration>, Error> {
        match operation {
            Operation::Dispatch => self.repeat(rank, || Ok(dock.dispatch(tokens, routing)?.report().clone())),
            Operation::DispatchCached => {
                self.repeat(rank, || Ok(dock.dispatch_cached(tokens, handle)?.report().clone()))
            }
            _ => {
                // A combine belongs to a dispatch, which is not measured here; the barrier keeps its end out.
                let (warm_up, iterations) = self.arguments.repetitions();
                let mut kept = Vec::with_capacity(iterations as usize);
                for repetition in 0..warm_up + iterations {
                    let arrived = dock.dispatch_cached(tokens, handle)?;
                    rank.barrier()?;
                    let start = Instant::now();
                    let stage = arrived.combine(outputs)?.report;
                    if repetition >= warm_up {
                        kept.push(Iteration { stage, host_seconds: start.elapsed().as_secs_f64() });
                    }
                }
                Ok(kept)
            }
        }
    }

    fn router(&self, rank: &Rank, batch: &Batch, measured: &mut Vec<Measured>) -> Result<(), Error> {
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
        let iterations = self.repeat(rank, || {
            let begin = rank.record()?;
            let routed = router.route_from(&logits, tokens)?;
            let end = rank.record()?;
            rank.synchronise()?;
            let span = Some(begin.until(&end)?);
            Ok(StageReport { launches: vec![routed.report()], span })
        })?;
        measured.push(Measured {
            operation: Operation::Router,
            tokens: batch.tokens,
            budget: None,
            multiprocessors: None,
            iterations,
        });
        self.note(rank, Operation::Router, batch);
        Ok(())
    }

    fn quantiser(&self, rank: &Rank, batch: &Batch, measured: &mut Vec<Measured>) -> Result<(), Error> {
        if !(self.arguments.wants(Operation::Quantise) && quantises(&self.shape)) {
            return Ok(());
        }
        let rows = Rows::new(&self.shape, batch.tokens as usize, rank.index())?;
        let quantiser = Quantiser::open(rank, &self.shape, self.target, &rows.bf16)?;
        let blocks = 2 * rank.multiprocessors();
        let iterations = self.repeat(rank, || quantiser.run(rank, blocks))?;
        measured.push(Measured {
            operation: Operation::Quantise,
            tokens: batch.tokens,
            budget: None,
            multiprocessors: None,
            iterations,
        });
        self.note(rank, Operation::Quantise, batch);
        Ok(())
    }

    /// Plain copies by rank 0 alone, of as many bytes as dispatch moves: a copy reads and writes, so half of them in memory.
    fn copies(&self, rank: &Rank, batch: &Batch, measured: &mut Vec<Measured>) -> Result<(), Error> {
        let alone = rank.index() == 0;
        let mut copy = |operation: Operation,
                        bytes: usize,
                        once: &dyn Fn(&Buffer<u8>) -> Result<(), Error>|
         -> Result<(), Error> {
            let from: Buffer<u8> = rank.buffer(if alone { bytes } else { 0 })?;
            from.clear()?;
            let iterations = self.repeat(rank, || {
                let begin = rank.record()?;
                if alone {
                    once(&from)?;
                }
                let end = rank.record()?;
                rank.synchronise()?;
                Ok(StageReport { launches: Vec::new(), span: Some(begin.until(&end)?) })
            })?;
            measured.push(Measured {
                operation,
                tokens: batch.tokens,
                budget: None,
                multiprocessors: None,
                iterations: if alone { iterations } else { Vec::new() },
            });
            self.note(rank, operation, batch);
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

/// The gate that is measured: sigmoid, bias and normalised weights, as DeepSeek-V3 has, over all experts of the shape.
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

/// The rows that a rank brings; what they hold has no influence on time, except that all-zero memory may be compressed.
struct Rows {
    bf16: Vec<bf16>,
    fp8: quantise::Fp8Rows,
    opaque: Vec<u8>,
    sides: Vec<Vec<u8>>,
}

impl Rows {
    fn new(shape: &Shape, tokens: usize, rank: usize) -> Result<Rows, Error> {
        let hidden = shape.hidden as usize;
        let value = |at: usize| bf16::from_f32(((at * 8191 + rank * 131) % 2039) as f32 / 256.0 - 4.0);
        let mut rows =
            Rows { bf16: Vec::new(), fp8: Default::default(), opaque: Vec::new(), sides: Vec::new() };
        match shape.wire {
            Wire::Bf16 => rows.bf16 = (0..tokens * hidden).map(value).collect(),
            Wire::Fp8(fp8) => {
                rows.bf16 = (0..tokens * hidden).map(value).collect();
                if !fp8.is_made_by_dispatch() {
                    rows.fp8 = quantise::fp8(&rows.bf16, hidden, fp8)?;
                }
            }
            Wire::Opaque(opaque) => {
                let sides = opaque.sides.into_iter().filter(|&width| width > 0);
                rows.opaque = bytes(tokens, opaque.row_bytes, rank);
                rows.sides = sides.map(|width| bytes(tokens, width, rank)).collect();
            }
        }
        Ok(rows)
    }

    fn tokens<'a>(&'a self, shape: &Shape, sides: &'a [&'a [u8]]) -> Tokens<'a> {
        match shape.wire {
            Wire::Opaque(_) => Tokens::Opaque { rows: &self.opaque, sides },
            Wire::Fp8(fp8) if !fp8.is_made_by_dispatch() => {
                Tokens::Fp8 { values: &self.fp8.values, scales: &self.fp8.scales }
            }
            Wire::Bf16 | Wire::Fp8(_) => Tokens::Bf16(&self.bf16),
        }
    }
}

/// `[tokens, width]` of anything.
fn bytes(tokens: usize, width: u32, rank: usize) -> Vec<u8> {
    (0..tokens * width as usize).map(|at| (at * 167 + rank) as u8).collect()
}
