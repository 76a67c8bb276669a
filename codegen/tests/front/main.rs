//! The front end: Rust in, IR or sentences out.

mod agrees_with_rustc;
mod generics;
mod hostile;
mod imports;
mod intrinsics;
mod lowering;
mod memory;
mod mixtures;
mod modules;
mod refused;
mod refused_asm;
mod refused_bodies;
mod running;
mod specialised;
mod strangers;
mod twin;
