//! Kernels that are loaded for a rank and launched with their own argument struct.

use std::marker::PhantomData;

use crossdock_device::launch::{Arguments, Dim3, KernelImage, LaunchNeeds};

use crate::Result;
use crate::backend::{KernelHandle, Launch, LaunchOptions, Ticket};
use crate::gpu::limits;
use crate::gpu::rank::Rank;
use crate::report::LaunchReport;

/// A kernel that is ready on one rank; `A` is its argument struct.
#[derive(Debug)]
pub struct Kernel<A> {
    rank: Rank,
    handle: KernelHandle,
    name: String,
    needs: LaunchNeeds,
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
            needs: image.needs,
            arguments: PhantomData,
        })
    }
}

impl<A: Arguments> Kernel<A> {
    /// Warps per block; the most, of a kernel whose launches choose.
    pub fn warps(&self) -> u32 {
        self.needs.block.count() as u32 / 32
    }

    /// Puts a launch of a grid of that many blocks on the stream of the rank that loaded the
    /// kernel: `4`, `(4, 2)` or `(4, 2, 3)`. Launches of a stream run in order; this returns at
    /// once, and a fault shows in the next call that waits.
    ///
    /// # Errors
    /// [`Error::Launch`](crate::Error::Launch) when the kernel or the GPU cannot have such a
    /// launch, or when the machine is broken.
    pub fn launch(&self, grid: impl Into<Dim3>, arguments: &A) -> Result<Launched> {
        self.start(grid, arguments, true)
    }

    /// [`launch`](Self::launch) with dynamic shared memory, in clusters, cooperatively, or while
    /// the launch before it still runs.
    ///
    /// # Errors
    /// As of [`launch`](Self::launch); when the blocks do not divide into clusters of 1 to 8;
    /// [`Error::Unsupported`](crate::Error::Unsupported) when what runs the kernels cannot do it.
    pub fn launch_with(
        &self,
        grid: impl Into<Dim3>,
        options: LaunchOptions,
        arguments: &A,
    ) -> Result<Launched> {
        self.start_with(grid.into(), options, arguments, true)
    }

    /// [`launch`](Self::launch) without a report: nothing but the kernel is put on the stream.
    ///
    /// # Errors
    /// As of [`launch`](Self::launch).
    pub fn enqueue(&self, grid: impl Into<Dim3>, arguments: &A) -> Result<()> {
        self.start(grid, arguments, false).map(|_| ())
    }

    /// [`launch_with`](Self::launch_with) without a report.
    ///
    /// # Errors
    /// As of [`launch_with`](Self::launch_with).
    pub fn enqueue_with(&self, grid: impl Into<Dim3>, options: LaunchOptions, arguments: &A) -> Result<()> {
        self.start_with(grid.into(), options, arguments, false).map(|_| ())
    }

    pub(crate) fn start(&self, grid: impl Into<Dim3>, arguments: &A, reported: bool) -> Result<Launched> {
        self.start_with(grid.into(), LaunchOptions::default(), arguments, reported)
    }

    fn start_with(
        &self,
        grid: Dim3,
        options: LaunchOptions,
        arguments: &A,
        reported: bool,
    ) -> Result<Launched> {
        let backend = self.rank.backend();
        let block = limits::check(&self.name, &self.needs, grid, options, backend.shared_per_block())?;
        let (rank, stream) = (self.rank.index(), self.rank.stream().0);
        tracing::debug!(rank, kernel = self.name, %grid, %block, stream, "launches");
        let arguments = arguments.arguments();
        self.rank.note_launch(&arguments)?;
        let launch = Launch {
            options,
            stream: self.rank.stream(),
            reported,
            kernel: self.handle,
            grid,
            block,
            arguments,
        };
        let ticket = backend.launch(launch)?;
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
