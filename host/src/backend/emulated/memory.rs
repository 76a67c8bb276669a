//! The memory of virtual GPUs, which share one address space.

use super::VirtualGpu;
use crate::Result;
use crate::backend::{Memory, Sharing};
use crate::exchange::Exchange;

impl Memory for VirtualGpu {
    fn allocate(&self, bytes: u64, sharing: Sharing) -> Result<u64> {
        let machine = &mut self.ranks.working()?.work;
        machine.ranks[self.rank].streams.refuse_in_capture(self.rank, "allocating memory")?;
        let address = machine.machine.allocate(self.rank, bytes).map_err(self.failed())?;
        if sharing == Sharing::Symmetric {
            machine.ranks[self.rank].note_symmetric(address);
        }
        Ok(address)
    }

    fn release(&self, address: u64) {
        let state = &mut *self.ranks.lock();
        // Multicast addresses are never used again, so nothing is to be given back.
        if !state.work.is_multicast(address) {
            state.work.ranks[self.rank].note_released(address);
            state.work.free_released(&state.seats);
        }
    }

    fn export(&self, address: u64) -> Result<Vec<u8>> {
        Ok(address.to_le_bytes().to_vec())
    }

    fn import(&self, _peer: usize, exported: &[u8]) -> Result<u64> {
        Ok(u64::from_le_bytes(exported.try_into().expect("what `export` of a peer gave")))
    }

    fn why_no_multicast(&self) -> Option<&'static str> {
        None // the virtual GPUs are as if behind NVSwitches
    }

    fn multicast(&self, address: u64) -> Result<u64> {
        self.ranks.working()?.work.ranks[self.rank]
            .streams
            .refuse_in_capture(self.rank, "making a multicast address")?;
        let purpose = "binding memory to a multicast object";
        let addresses = self.ranks.gather(self.rank, purpose, self.export(address)?)?;
        let addresses =
            addresses.iter().map(|bytes| self.import(self.rank, bytes)).collect::<Result<Vec<u64>>>()?;
        self.ranks.working()?.work.multicast(&addresses).map_err(self.failed())
    }

    fn write(&self, address: u64, bytes: &[u8]) -> Result<()> {
        self.idle("copying to the GPU")?.work.machine.write(address, bytes).map_err(self.failed())
    }

    fn read(&self, address: u64, bytes: &mut [u8]) -> Result<()> {
        self.idle("copying from the GPU")?.work.machine.read(address, bytes).map_err(self.failed())
    }

    fn copy(&self, from: u64, to: u64, bytes: u64) -> Result<()> {
        let mut contents = vec![0; bytes as usize];
        self.read(from, &mut contents)?;
        self.write(to, &contents)
    }

    fn fill(&self, address: u64, value: u8, bytes: u64) -> Result<()> {
        self.idle("filling memory")?.work.machine.fill(address, value, bytes).map_err(self.failed())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Error;
    use crate::backend::Launches;
    use crate::backend::emulated::{Emulated, Settings};
    use crate::exchange::{Exchange, RankExit};

    fn gpus(ranks: usize) -> Vec<VirtualGpu> {
        let settings = Settings {
            ranks,
            schedule_seed: 0,
            priority_changes: None,
            trace: false,
            multiprocessors: 4,
            patience: Duration::from_secs(60),
        };
        let machine = Emulated::open(&settings).expect("a machine");
        (0..ranks).map(|rank| VirtualGpu::new(rank, &machine)).collect()
    }

    fn is_there(gpu: &VirtualGpu, address: u64) -> bool {
        gpu.ranks.lock().work.machine.read(address, &mut [0]).is_ok()
    }

    #[test]
    fn local_memory_is_freed_at_once_and_symmetric_memory_when_all_are_done() {
        let gpus = gpus(3);
        let local = gpus[0].allocate(64, Sharing::Local).expect("room");
        let symmetric: Vec<u64> =
            gpus.iter().map(|gpu| gpu.allocate(64, Sharing::Symmetric).expect("room")).collect();
        for &address in symmetric.iter().chain([&local]) {
            gpus[0].fill(address, 1, 64).expect("writable");
        }
        gpus[0].release(local);
        assert!(!is_there(&gpus[0], local));
        gpus[0].release(symmetric[0]);
        gpus[2].release(symmetric[2]);
        assert!(symmetric.iter().all(|&address| is_there(&gpus[0], address)), "rank 1 still uses it");
        gpus[1].release(symmetric[1]);
        assert!(!symmetric.iter().any(|&address| is_there(&gpus[0], address)));
    }

    #[test]
    fn a_rank_that_left_does_not_keep_symmetric_memory() {
        let gpus = gpus(2);
        let symmetric: Vec<u64> =
            gpus.iter().map(|gpu| gpu.allocate(64, Sharing::Symmetric).expect("room")).collect();
        gpus[0].fill(symmetric[0], 1, 64).expect("writable");
        gpus[1].ranks.leave(1, RankExit::Finished);
        assert!(is_there(&gpus[0], symmetric[0]));
        gpus[0].release(symmetric[0]);
        assert!(!is_there(&gpus[0], symmetric[0]));
    }

    #[test]
    fn a_kernel_that_cannot_be_loaded_is_an_error_of_its_rank() {
        let error = gpus(2)[1].load("this is not PTX", "nothing").expect_err("no PTX");
        assert!(matches!(error, Error::Machine { rank: Some(1), .. }), "{error}");
    }
}
