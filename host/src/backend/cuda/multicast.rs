//! Multicast addresses: one rank makes a multicast object, every rank adds its GPU, binds its memory and maps the object.
//!
//! Nothing is ever unbound: the object lives as long as some rank has it, and every rank holds the memory of all peers (`import`) as long as
//! its own, so a peer that is late still reaches what another rank has given back.

use std::sync::Arc;

use super::memory::Mapping;
use super::sharing::Physical;
use super::{Cuda, Exported};
use crate::backend::Backend;
use crate::{Error, Result};

/// The rank that makes the object.
const MAKER: usize = 0;

/// A multicast address of a rank.
#[derive(Debug)]
pub(super) struct Bound {
    /// Where the object is mapped.
    pub(super) object: Arc<Mapping>,
    /// The rank's own memory behind it.
    pub(super) _memory: Arc<Mapping>,
}

impl Cuda {
    /// Binds the symmetric allocation of this rank at `address`, as all ranks do. Collective.
    pub(super) fn bind_multicast(&self, rank: usize, address: u64) -> Result<u64> {
        if let Some(why) = self.why_no_multicast {
            return Err(Error::Unsupported { rank, what: "a multicast address was asked for", why });
        }
        let member = self.member(rank);
        member.enter()?;
        member.refuse_in_capture("making a multicast address")?;
        let (_, memory) = member.symmetric(address)?;
        // The same on every rank, as all of them allocate and bind in the same order.
        let number = member.next_number();

        let offer = if rank == MAKER { self.make_object(number, &memory)? } else { Vec::new() };
        let offers = self.gather(rank, "making a multicast object", offer)?;
        let (object, bytes) = self.find_object(rank, offers.get(MAKER).map_or(&[], Vec::as_slice))?;
        object.add_device(rank, member.device())?;

        self.gather(rank, "adding GPUs to a multicast object", Vec::new())?;
        object.bind(rank, memory.physical(), bytes.min(memory.bytes()) as usize)?;
        let object = Mapping::place(rank, member.device(), object, bytes)?;

        // Before all have bound theirs, an access reaches some of them only.
        self.gather(rank, "binding memory to a multicast object", Vec::new())?;
        member.forget_object(number);
        let address = object.address();
        member.keep_multicast(Bound { object, _memory: memory });
        Ok(address)
    }

    fn make_object(&self, number: u64, memory: &Mapping) -> Result<Vec<u8>> {
        let member = self.member(MAKER);
        let object = Arc::new(member.make_multicast_object(memory.bytes())?);
        let way = self.offer(MAKER, number, &object, number)?;
        member.keep_object(number, object);
        Ok(Exported { number, bytes: memory.bytes(), way }.to_bytes())
    }

    /// The object that the maker offers, and its size.
    fn find_object(&self, rank: usize, offer: &[u8]) -> Result<(Arc<Physical>, u64)> {
        let Exported { number, bytes, way } = Exported::of_bytes(rank, offer)?;
        let object = if self.here().contains(&MAKER) {
            self.member(MAKER).object(number)?
        } else {
            Arc::new(self.accept(rank, MAKER, number, &way)?)
        };
        Ok((object, bytes))
    }
}
