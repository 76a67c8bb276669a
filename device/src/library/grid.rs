//! What all blocks of a launch do together.

pub mod overlap;
