//! Barriers and warp operations are taken where all that they name provably arrive, and refused
//! elsewhere with one sentence. Sources are Rust; the body of a kernel begins on line 1.

mod asm;
mod branches;
mod exits;
mod generic;
mod hostile;
mod kernels;
mod members;
mod roles;
mod values;
