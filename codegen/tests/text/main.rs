//! The text of the IR: round trips, errors, hostile input.

mod errors;
mod hostile;
mod random;
mod round_trip;
