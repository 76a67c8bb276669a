//! Compiles Rust device code to a typed IR and the IR to PTX.
//!
//! Two halves meet in [`ir`]: [`front`] turns the tokens of a `#[device]` module into a generic
//! [`ir::Module`], all mistakes reported together at their own spans; [`back`] links modules,
//! specialises a kernel for its const parameters and emits PTX. [`text`] writes and reads the IR as
//! text: that is how a kernel travels from the crate that defines it to the crate, or the running
//! program, that specialises it.

mod asm;
pub mod back;
mod constant;
mod dim3;
mod error;
pub mod front;
pub mod ir;
pub mod rounded;
pub mod text;

pub use dim3::Dim3;
pub use error::{Error, Mistake};

/// Names the version of this compiler, down to its sources: what two compilers of one name make of
/// one kernel is the same.
pub const FINGERPRINT: &str = env!("CROSSDOCK_FINGERPRINT");
