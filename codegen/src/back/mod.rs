//! IR to PTX: modules are linked and validated, a kernel is specialised for its const parameters,
//! PTX comes out.
//!
//! [`link`] makes generic structs and functions for the types that they are used with, resolves
//! every name and checks every type, all mistakes at once, and only its result, a [`Program`], can
//! be specialised. [`specialise`] walks one kernel with its const parameters known: constants fold,
//! dead arms disappear before they are looked at, calls are inlined, `#[unroll]` loops are
//! repeated, and what is left is written down as instructions over named registers. Nothing is
//! printed before every barrier and warp operation is proven to be reached by all the threads that
//! it names. [`examine`] finds what is wrong before any const parameter is known.

mod constant;
mod emit;
mod evaluate;
mod examine;
mod generics;
mod layout;
mod link;
mod program;
mod signature;
mod specialise;
mod uniformity;
mod validate;

pub use examine::examine;
pub use link::{define, link};
pub use program::Program;
pub use signature::{Kernel, KernelParameter, KernelSignature, LaunchNeeds, Options};
pub use specialise::specialise;

/// The `.target`s that PTX can be made for.
pub use crossdock_ptx::table::Target;
