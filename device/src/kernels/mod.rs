//! The kernels: the router, and the four of throughput mode on one node, in the order they run.
//!
//! 0. [`router`](mod@router): chooses each token's experts from logits, where the caller does not do so.
//! 1. [`count`](mod@count): each rank counts its rows per destination rank and its selections per expert, and publishes the totals.
//! 2. [`layout`](mod@layout): with everybody's totals, each rank computes where each of its rows will stand at its destination.
//! 3. [`dispatch`](mod@dispatch): each row is written once to each rank that needs it, straight to its place.
//! 4. [`combine`](mod@combine): each rank sums its experts' outputs per row, sends one partial sum per row home, and adds up its own.
//!
//! Positions come from prefix sums and every sum has a fixed order, so results never depend on timing.

pub mod combine;
pub mod count;
pub mod dispatch;
pub mod enter;
pub mod expand;
pub mod gradient;
pub mod layout;
pub mod passage;
pub mod quantise;
pub mod router;
pub mod routing;
pub mod rows;
pub mod scores;
pub mod signal;
