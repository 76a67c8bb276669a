//! What device code imports: `use crossdock::prelude::*;`.
//!
//! The intrinsics, and the small library of device types and functions that is built on them.

pub use crate::intrinsics::*;
pub use crate::library::code::*;
