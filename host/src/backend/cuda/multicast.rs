//! Multicast addresses: one rank makes a multicast object, every rank adds its GPU, binds its
//! memory and maps the object.
//!
//! Nothing is ever unbound: the object lives as long as some rank has it, and every rank holds the
//! memory of all peers (`import`) as long as its own, so a peer that is late still reaches what
//! another rank has given back.

use std::sync::Arc;

use super::mapping::Mapping;
use super::member::Member;
use super::process::{Exported, Process};
use super::sharing::Physical;
use super::state::Bound;
use crate::{Error, Result};

/// The rank that makes the object.
const MAKER: usize = 0;

impl Member {
    /// Binds the symmetric allocation of this rank at `address`, as all ranks do. Collective.
    pub(super) fn bind_multicast(&self, address: u64) -> Result<u64> {
        let (rank, exchange) = (self.rank(), &self.process.exchange);
        if let Some(why) = self.process.why_no_multicast {
            return Err(Error::Unsupported { rank, what: "a multicast address was asked for", why });
        }
        self.enter()?;
        self.refuse_in_capture("making a multicast address")?;
        let (_, memory) = self.symmetric(address)?;
        // The same on every rank, as all of them allocate and bind in the same order.
        let number = self.next_number();

        let offer = if rank == MAKER { self.make_object(number, &memory)? } else { Vec::new() };
        let offers = exchange.gather(rank, "making a multicast object", offer)?;
        let (object, bytes) = self.find_object(offers.get(MAKER).map_or(&[], Vec::as_slice))?;
        object.add_device(rank, self.device_handle())?;

        exchange.gather(rank, "adding GPUs to a multicast object", Vec::new())?;
        object.bind(rank, memory.physical(), bytes.min(memory.bytes()) as usize)?;
        let object = Mapping::place(rank, self.device_handle(), object, bytes)?;

        // Before all have bound theirs, an access reaches some of them only.
        exchange.gather(rank, "binding memory to a multicast object", Vec::new())?;
        self.process.forget_object(number);
        let address = object.address();
        self.state().multicasts.insert(address, Bound { _object: object, _memory: memory });
        Ok(address)
    }

    fn make_object(&self, number: u64, memory: &Mapping) -> Result<Vec<u8>> {
        let object = Arc::new(self.make_multicast_object(memory.bytes())?);
        let way = self.process.offer(MAKER, number, &object, number)?;
        self.process.announce_object(number, object);
        Ok(Exported { number, bytes: memory.bytes(), way }.to_bytes())
    }

    fn make_multicast_object(&self, bytes: u64) -> Result<Physical> {
        let ranks = self.multicast_ranks.unwrap_or(1);
        Physical::create_multicast(ranks, bytes as usize, self.process.sharable)
            .map_err(self.failed("making a multicast object"))
    }

    /// The object that the maker offers, and its size.
    fn find_object(&self, offer: &[u8]) -> Result<(Arc<Physical>, u64)> {
        let Exported { number, bytes, way } = Exported::of_bytes(self.rank(), offer)?;
        let object = match self.process.object(number) {
            Some(object) => object,
            None => Arc::new(Process::accept(self.rank(), MAKER, number, &way)?),
        };
        Ok((object, bytes))
    }
}
