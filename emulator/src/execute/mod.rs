//! The interpreter: executes instructions of one path group until something happens that concerns
//! others.
//!
//! [`interpret`] is the loop, [`environment`] what it acts on; the others execute the rows of
//! [`operations`](crate::op::operations), a family each. [`access`] and its neighbours [`place`]
//! and [`contiguous`] are the one path to memory, which [`model`] checks.

pub(crate) mod access;
mod call;
pub(crate) mod compare;
mod contiguous;
mod convert;
pub(crate) mod element;
mod environment;
pub(crate) mod float;
mod integer;
mod interpret;
pub(crate) mod model;
pub(crate) mod moves;
pub(crate) mod place;
mod private;
mod transpose;
mod warp_op;

pub(crate) use environment::{Awaited, Environment, Event, Operation, Raised, Running, Site, Step, raise};
pub(crate) use interpret::{is_wide_supported, run};
pub(crate) use private::Private;
pub(crate) use warp_op::execute as warp_operation;
