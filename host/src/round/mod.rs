//! Rounds: what ranks send each other, from tokens and their routes to the sums that come home.

pub(crate) mod arrived;
mod batch;
mod call;
pub(crate) mod capacity;
pub(crate) mod combine;
pub(crate) mod device_tokens;
mod dispatch;
pub(crate) mod dock;
pub(crate) mod enqueued;
mod fault;
pub(crate) mod gradient;
pub(crate) mod handle;
mod kernels;
mod launches;
mod lengths;
mod memory;
pub(crate) mod outputs;
mod plan;
pub(crate) mod requirements;
pub(crate) mod router;
mod signals;
pub(crate) mod tokens;
