//! Rounds: what ranks send each other, from tokens and their routes to the sums that come home.

pub(crate) mod arrived;
mod batch;
pub(crate) mod capacity;
pub(crate) mod combine;
pub(crate) mod device_tokens;
mod dispatch;
pub(crate) mod dock;
pub(crate) mod enqueued;
pub(crate) mod gradient;
pub(crate) mod handle;
mod launches;
mod lengths;
mod memory;
pub(crate) mod outputs;
mod plan;
pub(crate) mod requirements;
pub(crate) mod router;
mod status;
pub(crate) mod tokens;
