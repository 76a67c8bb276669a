//! The text of the IR: round trips, errors, hostile input.

mod errors;
mod hostile;
mod page;
mod random;
mod round_trip;
