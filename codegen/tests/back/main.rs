//! The back end: IR text in, PTX out.

mod errors;
mod evaluation;
mod fixtures;
mod mistakes;
mod naming;
mod ptxas;
mod snapshots;
