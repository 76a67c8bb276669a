//! Numbers that Rust itself does not have, as structs written in the device language: floats of 16
//! and 8 bits alone and packed, scales, and vectors that move in one instruction. Import what a
//! kernel needs from the module that has it.
//!
//! Everything here computes the same bits on the host as on the GPU.

pub mod float8;
pub mod half;
pub mod quantise;
pub mod vector;
