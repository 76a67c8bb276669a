//! What one lane does by itself.

pub mod approximate;
pub mod bits;
pub mod copies;
pub mod fences;
pub mod hardware;
pub mod multicast;
