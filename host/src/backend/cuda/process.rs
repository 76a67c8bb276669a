//! What the ranks of this process share: where they meet all ranks, and how they come to each
//! other's memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde::{Deserialize, Serialize};

#[cfg(unix)]
use super::descriptors;
use super::driver::refused;
use super::mapping::Mapping;
use super::sharing::{Physical, Sharable};
#[cfg(not(unix))]
use crate::exchange::Exchange;
#[cfg(unix)]
use crate::exchange::{Exchange, RankExit, Tcp};
use crate::{Error, Result};

/// What the ranks of this process share.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) exchange: Arc<dyn Exchange>,
    pub(super) sharable: Sharable,
    /// Why ranks have no multicast addresses; `None` if they have.
    pub(super) why_no_multicast: Option<&'static str>,
    /// Hands memory to other processes, if there are any.
    #[cfg(unix)]
    pub(super) server: Option<Arc<descriptors::Server>>,
    found: Mutex<Found>,
}

/// What ranks of this process find by its number.
#[derive(Debug, Default)]
struct Found {
    /// Symmetric allocations of each rank.
    symmetric: HashMap<(usize, u64), Weak<Mapping>>,
    /// Multicast objects.
    objects: HashMap<u64, Arc<Physical>>,
}

/// What a rank exports gives.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Exported {
    /// Which symmetric allocation of its rank it is, counted from 0.
    pub(super) number: u64,
    pub(super) bytes: u64,
    pub(super) way: Way,
}

/// How a peer reaches an allocation.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Way {
    /// It is in the same process.
    Address(u64),
    /// It asks the socket at this path for a file descriptor.
    Socket(String),
    /// It opens this fabric handle.
    Fabric(Vec<u8>),
}

impl Exported {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("it is plain data")
    }

    pub(super) fn of_bytes(rank: usize, bytes: &[u8]) -> Result<Exported> {
        postcard::from_bytes(bytes).map_err(|error| unreached(rank, error.to_string()))
    }
}

/// A peer's memory could not be reached.
pub(super) fn unreached(rank: usize, reason: String) -> Error {
    Error::Driver { rank, call: "reaching the memory of a peer", reason }
}

/// Where ranks in several processes meet.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct Processes {
    pub(super) group: Tcp,
    pub(super) server: Arc<descriptors::Server>,
}

#[cfg(unix)]
impl Exchange for Processes {
    fn gather(&self, _: usize, purpose: &str, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>> {
        let gathered = self.group.gather(purpose, bytes)?;
        self.server.all_have_met();
        Ok(gathered)
    }

    fn leave(&self, _: usize, exit: RankExit) {
        self.group.leave(exit);
    }

    fn was_told_of_failure(&self, _: usize) -> bool {
        false // this rank is all that there is here
    }

    fn gathers_for(&self, _: usize) -> Option<String> {
        None
    }
}

impl Process {
    /// Ranks of this process alone.
    pub(super) fn alone(exchange: Arc<dyn Exchange>, why_no_multicast: Option<&'static str>) -> Process {
        Process {
            exchange,
            sharable: Sharable::InProcess,
            why_no_multicast,
            #[cfg(unix)]
            server: None,
            found: Mutex::default(),
        }
    }

    /// A rank of this process, and others elsewhere.
    #[cfg(unix)]
    pub(super) fn among_others(
        exchange: Arc<dyn Exchange>,
        sharable: Sharable,
        why_no_multicast: Option<&'static str>,
        server: Arc<descriptors::Server>,
    ) -> Process {
        Process { exchange, sharable, why_no_multicast, server: Some(server), found: Mutex::default() }
    }

    /// Lets the ranks of this process find a symmetric allocation for as long as its owner keeps
    /// it.
    pub(super) fn announce(&self, rank: usize, number: u64, mapping: &Arc<Mapping>) {
        self.found().symmetric.insert((rank, number), Arc::downgrade(mapping));
    }

    /// The symmetric allocation of a rank of this process.
    pub(super) fn symmetric(&self, rank: usize, number: u64) -> Option<Arc<Mapping>> {
        self.found().symmetric.get(&(rank, number))?.upgrade()
    }

    pub(super) fn forget_symmetric(&self, rank: usize, number: u64) {
        self.found().symmetric.remove(&(rank, number));
    }

    /// Lets the ranks of this process find a multicast object until it is
    /// [forgotten](Self::forget_object).
    pub(super) fn announce_object(&self, number: u64, object: Arc<Physical>) {
        self.found().objects.insert(number, object);
    }

    /// A multicast object that a rank of this process made.
    pub(super) fn object(&self, number: u64) -> Option<Arc<Physical>> {
        self.found().objects.get(&number).map(Arc::clone)
    }

    pub(super) fn forget_object(&self, number: u64) {
        self.found().objects.remove(&number);
    }

    /// Offers what `rank` has to its peers, by the number or, within the process, by the address
    /// that is given.
    pub(super) fn offer(&self, rank: usize, number: u64, physical: &Physical, address: u64) -> Result<Way> {
        let failed = |error| refused(rank, "offering memory to other processes", error);
        match self.sharable {
            Sharable::InProcess => Ok(Way::Address(address)),
            Sharable::ByFabric => Ok(Way::Fabric(physical.fabric_handle().map_err(failed)?)),
            #[cfg(unix)]
            Sharable::ByFile => {
                let server = self.server.as_ref().expect("ranks in processes have one");
                server.offer(number, physical.file().map_err(failed)?);
                Ok(Way::Socket(server.path().to_owned()))
            }
            #[cfg(not(unix))]
            Sharable::ByFile => Err(unreached(rank, "there are no file descriptors".to_owned())),
        }
    }

    /// Opens what a peer of another process offered. The context of the rank is current.
    pub(super) fn accept(rank: usize, peer: usize, number: u64, way: &Way) -> Result<Physical> {
        let failed = |error| refused(rank, "opening the memory of another process", error);
        match way {
            Way::Fabric(handle) => Physical::of_fabric_handle(handle)
                .ok_or_else(|| {
                    unreached(rank, format!("rank {peer} sent {} bytes as fabric handle", handle.len()))
                })?
                .map_err(failed),
            #[cfg(unix)]
            Way::Socket(path) => {
                let file = descriptors::ask(path, number).map_err(|error| {
                    unreached(rank, format!("rank {peer} did not hand its memory over: {error}"))
                })?;
                Physical::of_file(&file).map_err(failed)
            }
            _ => Err(unreached(rank, format!("the memory of rank {peer} is in another process"))),
        }
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
