//! The interpreter: executes instructions of one path group until something happens that concerns others.
//!
//! [`interpret`] is the loop, [`environment`] what it acts on; the others execute a family of instructions each. [`access`] and its
//! neighbours [`place`] and [`contiguous`] are the one path to memory, which [`model`] checks.

mod access;
mod asynchronous;
mod atomic;
mod call;
mod cluster;
mod compare;
mod contiguous;
mod convert;
mod environment;
mod fill;
mod float;
mod integer;
mod interpret;
mod lane_function;
mod mbarrier;
mod model;
mod multicast;
mod packing;
mod place;
mod remote;
mod system;
mod transpose;
mod video;
mod warp_op;

pub(crate) use cluster::ClusterLanes;

pub(crate) use environment::{Environment, Event, Private, Raised, Running};
pub(crate) use interpret::{is_wide_supported, run};

use crate::code::Code;
use crate::op::Atomic;
use crate::register::Registers;

/// What a reduction makes of an element that held `old`.
pub(crate) fn combine(operation: Atomic, bytes: u8, old: u128, value: u128) -> u128 {
    atomic::apply(operation, bytes, old, value, 0)
}

/// Executes the warp instruction `index` for the lanes of `mask`, all of which arrived.
pub(crate) fn warp_operation(r: &mut Registers, code: &Code, index: u32, mask: u32) {
    warp_op::execute(r, &code.warp[index as usize], mask);
}
