//! One harness of rounds: draw what every rank brings, run it, compare every bit with the
//! reference.
//!
//! A [`Trial`] is one round of all ranks. It is drawn from numbers and a seed by a [`Case`], or put
//! together from what a user gives and a [`Draw`] of the rest. Each rank runs it on a dock
//! ([`Trial::round`]) and hands out what it held ([`Observed`]); the [`Reference`] names the first
//! difference.
//!
//! ```
//! use crossdock_trial::Case;
//!
//! # fn main() -> Result<(), crossdock_trial::Error> {
//! let case = Case { seed: 7, ..Case::default() };
//! let rounds = case.verify("sm_90")?;
//! assert_eq!(rounds[0].outcomes.len(), case.ranks());
//! # Ok(())
//! # }
//! ```
//!
//! Beside it stand what needs no run: [`bytes`], which a round moves by its routes alone, and a
//! [time model](model); and the tests of hardware that are smaller than a round ([`lane`]).

pub mod bytes;
mod case;
mod draw;
mod error;
mod expert;
pub mod lane;
pub mod model;
mod observed;
mod random;
mod reference;
mod routes;
mod trial;

pub use case::{Case, Choice, Verified};
pub use draw::{Draw, Given};
pub use error::Error;
pub use expert::{Expert, MOST_EXPERTS};
pub use observed::{Observed, Outcome, hash};
pub use random::Random;
pub use reference::Reference;
pub use routes::{Groups, Routes, Routing, SimulatedGate};
pub use trial::{Brought, RouterInputs, Rows, Sent, Trial};
