//! Who owns device memory, and which memory an address belongs to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::backend::Backend;

/// Memory that is given back when its last owner is gone, on any thread.
#[derive(Debug)]
pub(crate) struct Allocation {
    backend: Arc<dyn Backend>,
    address: u64,
    bytes: u64,
    /// Memory whose address is written in this one, or that is the same by another address.
    _leads_to: Option<Arc<Allocation>>,
    known: Arc<Allocations>,
}

impl Allocation {
    /// Owns what is at the address. Who has this memory keeps what it leads to.
    pub(crate) fn new(
        (backend, known): (Arc<dyn Backend>, &Arc<Allocations>),
        address: u64,
        bytes: u64,
        leads_to: Option<&Arc<Allocation>>,
    ) -> Arc<Allocation> {
        let leads_to = leads_to.map(Arc::clone);
        let allocation =
            Allocation { backend, address, bytes, _leads_to: leads_to, known: Arc::clone(known) };
        let allocation = Arc::new(allocation);
        known.lock().insert(address, Arc::downgrade(&allocation));
        allocation
    }

    pub(crate) fn address(&self) -> u64 {
        self.address
    }
}

impl Drop for Allocation {
    fn drop(&mut self) {
        self.known.lock().remove(&self.address);
        self.backend.release(self.address);
    }
}

/// What a rank has allocated and still owns, by address.
#[derive(Debug, Default)]
pub(crate) struct Allocations(Mutex<BTreeMap<u64, Weak<Allocation>>>);

impl Allocations {
    /// The memory that an address is inside of.
    pub(crate) fn at(&self, address: u64) -> Option<Arc<Allocation>> {
        let before = self.lock().range(..=address).next_back().and_then(|(_, found)| found.upgrade());
        before.filter(|found| address - found.address < found.bytes)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Weak<Allocation>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
