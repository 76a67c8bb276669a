//! Kernels that are loaded for a rank and launched with their own argument struct.

use std::marker::PhantomData;

use crossdock_device::launch::{Arguments, KernelImage};

use crate::backend::{KernelHandle, Launch, LaunchOptions, Ticket};
use crate::gpu::rank::Rank;
use crate::report::LaunchReport;
use crate::{Error, Result};

/// What every GPU that has clusters runs (CUDA programming guide, "Thread Block Clusters").
const MOST_BLOCKS_OF_A_CLUSTER: u32 = 8;

/// A kernel that is ready on one rank; `A` is its argument struct.
#[derive(Debug)]
pub struct Kernel<A> {
    rank: Rank,
    handle: KernelHandle,
    name: String,
    block_threads: u32,
    arguments: PhantomData<fn(A)>,
}

/// A launch that was made; see [`Launched::report`].
#[derive(Debug)]
pub struct Launched {
    rank: Rank,
    /// Until the report was asked for.
    ticket: Option<Ticket>,
}

impl Rank {
    /// Makes a specialised kernel launchable on this rank.
    ///
    /// # Errors
    /// When the backend cannot load the PTX.
    pub fn kernel<A: Arguments>(&self, image: &KernelImage<A>) -> Result<Kernel<A>> {
        let handle = self.backend().load(&image.ptx, image.name())?;
        Ok(Kernel {
            rank: self.clone(),
            handle,
            name: image.name().to_owned(),
            block_threads: image.block_threads,
            arguments: PhantomData,
        })
    }
}

impl<A: Arguments> Kernel<A> {
    /// Warps per block.
    pub fn warps(&self) -> u32 {
        self.block_threads / 32
    }

    /// Puts a launch of `blocks` blocks on the stream of the rank that loaded the kernel. Launches of a stream run in order; this
    /// returns at once, and a fault shows in the next call that waits.
    ///
    /// # Errors
    /// When the machine is broken.
    pub fn launch(&self, blocks: u32, arguments: &A) -> Result<Launched> {
        self.start(blocks, arguments, true)
    }

    /// [`launch`](Self::launch) in clusters, cooperatively, or while the launch before it still runs.
    ///
    /// # Errors
    /// When the blocks do not divide into clusters of 1 to 8, [`Error::Unsupported`] when what runs the kernels cannot do it, or when the
    /// machine is broken.
    pub fn launch_with(&self, blocks: u32, options: LaunchOptions, arguments: &A) -> Result<Launched> {
        let LaunchOptions { cluster, .. } = options;
        if cluster > MOST_BLOCKS_OF_A_CLUSTER {
            let most = MOST_BLOCKS_OF_A_CLUSTER.into();
            return Err(Error::OutOfRange {
                parameter: "the blocks of a cluster",
                value: cluster.into(),
                least: 1,
                most,
            });
        }
        if !blocks.is_multiple_of(cluster.max(1)) {
            let (value, divisor) = (blocks as usize, cluster as usize);
            return Err(Error::NotMultiple {
                parameter: "the blocks of a launch",
                value,
                of: "its cluster",
                divisor,
            });
        }
        self.start_with(blocks, options, arguments, true)
    }

    /// [`launch`](Self::launch) without a report: nothing but the kernel is put on the stream.
    ///
    /// # Errors
    /// When the machine is broken.
    pub fn enqueue(&self, blocks: u32, arguments: &A) -> Result<()> {
        self.start(blocks, arguments, false).map(|_| ())
    }

    pub(crate) fn start(&self, blocks: u32, arguments: &A, reported: bool) -> Result<Launched> {
        self.start_with(blocks, LaunchOptions::default(), arguments, reported)
    }

    fn start_with(
        &self,
        blocks: u32,
        options: LaunchOptions,
        arguments: &A,
        reported: bool,
    ) -> Result<Launched> {
        let (rank, stream, threads) = (self.rank.index(), self.rank.stream().0, self.block_threads);
        tracing::debug!(rank, kernel = self.name, blocks, threads, stream, "launches");
        let launch = Launch {
            options,
            stream: self.rank.stream(),
            reported,
            kernel: self.handle,
            blocks,
            threads: self.block_threads,
            arguments: arguments.arguments(),
        };
        let ticket = self.rank.backend().launch(launch)?;
        Ok(Launched { rank: self.rank.clone(), ticket: reported.then_some(ticket) })
    }
}

impl Launched {
    /// What the launch did. Without counters unless the launch is finished and the backend counts.
    pub fn report(mut self) -> LaunchReport {
        let ticket = self.ticket.take();
        let report = ticket.and_then(|ticket| self.rank.backend().take_report(ticket));
        report.unwrap_or_default()
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.rank.backend().forget(ticket);
        }
    }
}
