//! One address space for all GPUs: windows, allocations, and what each byte knows about itself.

pub(crate) mod ahead;
pub(crate) mod allocation;
mod multicast;
pub(crate) mod region;
pub(crate) mod watch;
pub(crate) mod window;
mod zeroed;

pub(crate) use allocation::{Memory, Recent};
pub(crate) use region::Region;
pub(crate) use watch::Watch;
