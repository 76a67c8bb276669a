//! Kernels and launches of virtual GPUs.

use super::VirtualGpu;
use crate::Result;
use crate::backend::{KernelHandle, Launch, Launches, Ticket};
use crate::report::LaunchReport;

impl Launches for VirtualGpu {
    fn load(&self, ptx: &str, name: &str) -> Result<KernelHandle> {
        self.ranks.working()?.work.load(ptx, name).map_err(self.failed())
    }

    fn launch(&self, launch: Launch) -> Result<Ticket> {
        Ok(self.ranks.working()?.work.ranks[self.rank].enqueue(launch))
    }

    fn wait(&self) -> Result<()> {
        self.idle("waiting for the GPU").map(|_| ())
    }

    fn take_report(&self, ticket: Ticket) -> Option<LaunchReport> {
        self.ranks.lock().work.ranks[self.rank].reports.remove(&ticket)
    }

    fn forget(&self, ticket: Ticket) {
        self.ranks.lock().work.ranks[self.rank].forget(ticket);
    }
}
