//! Multicast memory: addresses that stand for the same place in one allocation of each of several
//! GPUs.

use super::allocation::{Memory, Multicast};
use super::window;
use crate::error::Error;

/// Unmapped bytes between two multicast objects.
const GUARD: u64 = 4096;

impl Memory {
    /// Binds allocations of different GPUs and equal size.
    pub(crate) fn bind(&mut self, addresses: &[u64]) -> Result<u64, Error> {
        let refuse =
            |reason: String| Err(Error::Allocation(format!("cannot bind multicast memory: {reason}")));
        let mut members = Vec::with_capacity(addresses.len());
        for &address in addresses {
            let found = self.allocation_at(address).map(|number| &self.allocations[number]);
            let Some(allocation) = found.filter(|allocation| !allocation.freed) else {
                return refuse(format!("{} is not the start of an allocation", self.describe(address)));
            };
            members.push((allocation.gpu, address, allocation.bytes));
        }
        members.sort_unstable();
        let Some(&(_, _, bytes)) = members.first() else {
            return refuse("no allocation is given; name one of each GPU".into());
        };
        if let Some(pair) = members.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return refuse(format!("two allocations are on GPU {}; name one of each GPU", pair[0].0));
        }
        if let Some(other) = members.iter().find(|member| member.2 != bytes) {
            let (first, gpu) = (members[0].0, other.0);
            return refuse(format!(
                "the allocation on GPU {first} has {bytes} bytes, the one on GPU {gpu} {}; they must be equal",
                other.2
            ));
        }
        let end = self.multicasts.last().map(|last| last.base + last.bytes + GUARD);
        let base = end.unwrap_or(window::MULTICAST_BASE).next_multiple_of(GUARD);
        let members = members.into_iter().map(|(_, address, _)| address).collect();
        self.multicasts.push(Multicast { base, bytes, members });
        Ok(base)
    }

    /// The object that an address belongs to, or whose end it is after.
    pub(crate) fn multicast(&self, address: u64) -> Option<&Multicast> {
        let after = self.multicasts.partition_point(|multicast| multicast.base <= address);
        // Generic addresses of shared and local memory lie above.
        let found = self.multicasts.get(after.checked_sub(1)?)?;
        (address < 2 * window::MULTICAST_BASE).then_some(found)
    }

    /// The address on the object's GPU of that position.
    pub(crate) fn multicast_place(&self, address: u64, member: usize) -> Option<u64> {
        let multicast = self.multicast(address)?;
        multicast.members.get(member).map(|base| base + (address - multicast.base))
    }
}
