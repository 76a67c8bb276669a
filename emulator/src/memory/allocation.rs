//! Allocations of all GPUs, and finding the one that an address belongs to.
//!
//! Addresses are never reused, so an access to freed memory is always recognised.

use super::{Region, Watch, window};
use crate::consistency::Shadow;
use crate::error::Error;

/// Unmapped bytes between two allocations.
const GUARD: u64 = 4096;
const ALIGNMENT: u64 = 256;

/// One allocation.
#[derive(Debug)]
pub(crate) struct Allocation {
    pub(crate) gpu: usize,
    pub(crate) base: u64,
    pub(crate) bytes: u64,
    pub(crate) region: Region,
    /// Who accessed it.
    pub(crate) shadow: Shadow,
    pub(crate) freed: bool,
    pub(crate) read_only: bool,
    /// The module variable that it holds.
    pub(crate) variable: Option<String>,
}

/// Why an address is not accessible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    Outside,
    Freed,
}

/// The allocations that a warp accessed last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recent([usize; 4]);

impl Default for Recent {
    fn default() -> Self {
        Recent([usize::MAX; 4])
    }
}

/// Allocations that are reached together.
#[derive(Clone, Debug)]
pub(crate) struct Multicast {
    pub(crate) base: u64,
    pub(crate) bytes: u64,
    /// Where the allocations start, by GPU number.
    pub(crate) members: Vec<u64>,
}

/// The global memory of all GPUs.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) allocations: Vec<Allocation>,
    /// Allocation numbers by GPU, in address order.
    by_gpu: Vec<Vec<usize>>,
    next: Vec<u64>,
    /// In address order.
    pub(super) multicasts: Vec<Multicast>,
    used: Vec<u64>,
    limit: u64,
    pub(crate) watch: Watch,
}

impl Memory {
    pub(crate) fn new(gpus: usize, limit: u64) -> Memory {
        Memory {
            allocations: Vec::new(),
            by_gpu: vec![Vec::new(); gpus],
            next: (0..gpus).map(|gpu| window::base(gpu) + (1 << 20)).collect(),
            multicasts: Vec::new(),
            used: vec![0; gpus],
            limit,
            watch: Watch::default(),
        }
    }

    pub(crate) fn allocate(
        &mut self,
        gpu: usize,
        bytes: u64,
        variable: Option<String>,
    ) -> Result<usize, Error> {
        let gpus = self.by_gpu.len();
        if gpu >= gpus {
            return Err(Error::Allocation(format!("GPU {gpu} does not exist; the machine has {gpus}")));
        }
        let free = self.limit - self.used[gpu];
        let reserved = bytes.min(free).max(1).next_multiple_of(ALIGNMENT) + GUARD;
        if bytes > free || self.next[gpu] + reserved > window::base(gpu + 1) {
            return Err(Error::Allocation(format!(
                "GPU {gpu} cannot allocate {bytes} bytes: {free} of {} are free",
                self.limit
            )));
        }
        let region = usize::try_from(bytes).ok().and_then(Region::try_new).ok_or_else(|| {
            Error::Allocation(format!("the host has no address space for {bytes} bytes of GPU {gpu}"))
        })?;
        let base = self.next[gpu];
        self.next[gpu] = base + reserved;
        self.used[gpu] += bytes;
        let number = self.allocations.len();
        self.by_gpu[gpu].push(number);
        self.allocations.push(Allocation {
            gpu,
            base,
            bytes,
            region,
            shadow: Shadow::default(),
            freed: false,
            read_only: false,
            variable,
        });
        Ok(number)
    }

    pub(crate) fn free(&mut self, address: u64) -> Result<(), Error> {
        let number = self.allocation_at(address);
        let Some(number) = number.filter(|&number| self.allocations[number].variable.is_none()) else {
            return Err(Error::Allocation(format!(
                "cannot free {}: not the start of an allocation",
                self.describe(address)
            )));
        };
        let allocation = &mut self.allocations[number];
        if allocation.freed {
            return Err(Error::Allocation(format!("cannot free {}: already freed", self.describe(address))));
        }
        allocation.freed = true;
        allocation.region = Region::default();
        allocation.shadow = Shadow::default();
        self.used[allocation.gpu] -= allocation.bytes;
        Ok(())
    }

    /// The allocation that starts at the address, freed or not.
    pub(super) fn allocation_at(&self, address: u64) -> Option<usize> {
        self.nearest(address).filter(|&number| self.allocations[number].base == address)
    }

    /// The last allocation of the address's GPU that starts at or before it, or else the first one.
    fn nearest(&self, address: u64) -> Option<usize> {
        let numbers = self.by_gpu.get(window::owner(address))?;
        let after = numbers.partition_point(|&number| self.allocations[number].base <= address);
        numbers.get(after.saturating_sub(1)).copied()
    }

    /// The allocation that holds `length` bytes at `address`, and the offset in it. `recent` caches
    /// answers.
    #[inline(always)]
    pub(crate) fn locate(
        &self,
        recent: &mut Recent,
        address: u64,
        length: u64,
    ) -> Result<(usize, usize), Missing> {
        for &number in &recent.0 {
            if let Some(allocation) = self.allocations.get(number) {
                let offset = address.wrapping_sub(allocation.base);
                let live = allocation.region.len() as u64;
                if offset < live && live - offset >= length {
                    return Ok((number, offset as usize));
                }
            }
        }
        self.locate_uncached(recent, address, length)
    }

    #[inline(never)]
    fn locate_uncached(
        &self,
        recent: &mut Recent,
        address: u64,
        length: u64,
    ) -> Result<(usize, usize), Missing> {
        let number = self.nearest(address).ok_or(Missing::Outside)?;
        let allocation = &self.allocations[number];
        let offset = address.wrapping_sub(allocation.base);
        if offset >= allocation.bytes || allocation.bytes - offset < length {
            return Err(Missing::Outside);
        }
        if allocation.freed {
            return Err(Missing::Freed);
        }
        recent.0.rotate_right(1);
        recent.0[0] = number;
        Ok((number, offset as usize))
    }

    /// `address` in terms of the nearest allocation, for messages.
    pub(crate) fn describe(&self, address: u64) -> String {
        if let Some(multicast) = self.multicast(address) {
            let (bytes, gpus) = (multicast.bytes, multicast.members.len());
            let offset = address - multicast.base;
            return format!("multicast memory ({gpus} GPUs, {bytes} bytes, for `multimem` only) + {offset}");
        }
        let Some(number) = self.nearest(address) else {
            return format!("address {address:#x} (in no GPU's memory)");
        };
        let allocation = &self.allocations[number];
        let variable = match &allocation.variable {
            Some(name) => format!(" `{name}`"),
            None => String::new(),
        };
        let freed = if allocation.freed { ", freed" } else { "" };
        let (sign, distance) = if address >= allocation.base {
            ('+', address - allocation.base)
        } else {
            ('-', allocation.base - address)
        };
        format!(
            "allocation #{number}{variable} (GPU {}, {} bytes{freed}) {sign} {distance}",
            allocation.gpu, allocation.bytes
        )
    }

    /// Finds a host access, or says what is wrong with it.
    pub(crate) fn host(
        &self,
        access: &'static str,
        address: u64,
        bytes: u64,
    ) -> Result<(usize, usize), Error> {
        self.locate(&mut Recent::default(), address, bytes).map_err(|_| Error::HostAccess {
            access,
            bytes,
            place: self.describe(address),
        })
    }
}
