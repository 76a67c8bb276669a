//! The memory of one rank: its own, in the order of its stream, and symmetric memory that peers
//! map.

use std::sync::Arc;

use cudarc::driver::result;

use super::mapping::Mapping;
use super::member::Member;
use super::process::{Exported, Process, Way};
use super::state::Symmetric;
use crate::Result;
use crate::backend::{Memory, Sharing};

impl Member {
    /// Memory for this rank alone, in the order of its stream: neither this nor giving it back
    /// waits for other ranks.
    fn allocate_local(&self, bytes: u64) -> Result<u64> {
        self.enter()?;
        self.refuse_in_capture("allocating memory")?;
        let address =
            self.pool.allocate(bytes as usize, &self.stream).map_err(self.failed("reserving memory"))?;
        if self.has_more_streams() {
            // The other streams do not know when the memory is there.
            self.stream.synchronize().map_err(self.failed("reserving memory"))?;
        }
        Ok(address)
    }

    fn allocate_symmetric(&self, bytes: u64) -> Result<u64> {
        self.enter()?;
        self.refuse_in_capture("allocating memory")?;
        let mapping = Mapping::allocate(
            self.rank(),
            self.device_handle(),
            bytes,
            self.process.sharable,
            self.multicast_ranks,
        )?;
        let (number, address) = (self.next_number(), mapping.address());
        self.process.announce(self.rank(), number, &mapping);
        self.state().symmetric.insert(address, Symmetric { number, mapping, peers: Vec::new() });
        Ok(address)
    }

    /// The number of the next symmetric allocation or multicast object, which is the same on all
    /// ranks.
    pub(super) fn next_number(&self) -> u64 {
        let mut state = self.state();
        state.numbers += 1;
        state.numbers - 1
    }

    /// A symmetric allocation and its number.
    pub(super) fn symmetric(&self, address: u64) -> Result<(u64, Arc<Mapping>)> {
        let state = self.state();
        let found = state.symmetric.get(&address).map(|found| (found.number, Arc::clone(&found.mapping)));
        found.ok_or_else(|| self.unknown(format!("no symmetric allocation is at {address:#x}")))
    }

    /// Keeps a peer's memory for as long as the own allocation of that number.
    fn keep(&self, number: u64, mapping: Arc<Mapping>) {
        let mut state = self.state();
        if let Some(own) = state.symmetric.values_mut().find(|own| own.number == number) {
            own.peers.push(mapping);
        }
    }

    /// Gives memory back. Peers that map it keep it alive for themselves.
    pub(super) fn give_back(&self, address: u64) -> Result<()> {
        self.enter()?;
        if self.is_capturing() {
            // It stays until the capture is over.
            self.streams().released.push(address);
            return Ok(());
        }
        let (symmetric, multicast) = {
            let mut state = self.state();
            (state.symmetric.remove(&address), state.multicasts.remove(&address))
        };
        if symmetric.is_none() && multicast.is_none() {
            return self.give_back_local(address);
        }
        if let Some(symmetric) = &symmetric {
            self.process.forget_symmetric(self.rank(), symmetric.number);
        }
        self.settle()?;
        drop((symmetric, multicast));
        Ok(())
    }

    /// Gives local memory back once all streams are done with it.
    fn give_back_local(&self, address: u64) -> Result<()> {
        self.settle_other_streams()?;
        // SAFETY: `allocate` gave the address.
        unsafe { result::free_async(address, self.stream.cu_stream()) }
            .map_err(self.failed("giving memory back"))
    }

    /// Where this rank finds what it exported itself.
    fn address_of(&self, number: u64) -> Result<u64> {
        let found = self.process.symmetric(self.rank(), number).map(|mapping| mapping.address());
        found.ok_or_else(|| self.unknown(format!("there is no symmetric allocation {number}")))
    }
}

impl Memory for Member {
    fn allocate(&self, bytes: u64, sharing: Sharing) -> Result<u64> {
        match sharing {
            Sharing::Local => self.allocate_local(bytes),
            Sharing::Symmetric => self.allocate_symmetric(bytes),
        }
    }

    fn release(&self, address: u64) {
        if let Err(error) = self.give_back(address) {
            tracing::warn!(rank = self.rank(), %error, "memory was not given back");
        }
    }

    fn export(&self, address: u64) -> Result<Vec<u8>> {
        let (number, mapping) = self.symmetric(address)?;
        let way = self.process.offer(self.rank(), number, mapping.physical(), address)?;
        Ok(Exported { number, bytes: mapping.bytes(), way }.to_bytes())
    }

    fn import(&self, peer: usize, exported: &[u8]) -> Result<u64> {
        let rank = self.rank();
        let Exported { number, bytes, way } = Exported::of_bytes(rank, exported)?;
        if peer == rank {
            return self.address_of(number);
        }
        self.enter()?;
        let mapping = if let Way::Address(address) = way {
            let found = self.process.symmetric(peer, number);
            let missing = || self.unknown(format!("rank {peer} has no symmetric allocation at {address:#x}"));
            let mapping = found.ok_or_else(missing)?;
            mapping.allow(rank, self.device_handle())?;
            mapping
        } else {
            let physical = Process::accept(rank, peer, number, &way)?;
            Mapping::place(rank, self.device_handle(), Arc::new(physical), bytes)?
        };
        let address = mapping.address();
        self.keep(number, mapping);
        Ok(address)
    }

    fn why_no_multicast(&self) -> Option<&'static str> {
        self.process.why_no_multicast
    }

    fn multicast(&self, address: u64) -> Result<u64> {
        self.bind_multicast(address)
    }

    fn write(&self, address: u64, bytes: &[u8]) -> Result<()> {
        self.enter()?;
        self.refuse_in_capture("copying to the GPU")?;
        self.settle_other_streams()?;
        // SAFETY: the bytes stay where they are until the wait below is over.
        unsafe { result::memcpy_htod_async(address, bytes, self.stream.cu_stream()) }
            .map_err(self.failed("copying to the GPU"))?;
        self.settle()
    }

    fn read(&self, address: u64, bytes: &mut [u8]) -> Result<()> {
        self.enter()?;
        self.refuse_in_capture("copying from the GPU")?;
        self.settle_other_streams()?;
        // SAFETY: as in `write`.
        unsafe { result::memcpy_dtoh_async(bytes, address, self.stream.cu_stream()) }
            .map_err(self.failed("copying from the GPU"))?;
        self.settle()
    }

    fn copy(&self, from: u64, to: u64, bytes: u64) -> Result<()> {
        self.enter()?;
        self.refuse_in_capture("copying on the GPU")?;
        self.settle_other_streams()?;
        // SAFETY: both ranges are device memory of the rank; a wrong one is an error of the driver.
        unsafe { result::memcpy_dtod_async(to, from, bytes as usize, self.stream.cu_stream()) }
            .map_err(self.failed("copying on the GPU"))?;
        // The other streams do not know when the copy is made.
        if self.has_more_streams() { self.settle() } else { Ok(()) }
    }

    fn fill(&self, address: u64, value: u8, bytes: u64) -> Result<()> {
        self.enter()?;
        self.refuse_in_capture("filling memory")?;
        self.settle_other_streams()?;
        // SAFETY: as in `copy`.
        unsafe { result::memset_d8_async(address, value, bytes as usize, self.stream.cu_stream()) }
            .map_err(self.failed("filling memory"))?;
        self.settle()
    }
}
