//! Memory of several GPUs behind one address: loads that reduce over all of them, stores and reductions to all of them
//! (`multimem`, PTX ISA section 9.7.9.14). One file per type of element.
//!
//! Needs `sm_90`. As with ordinary pointers, what reads and writes is a weak access, and what loads, stores and reduces states its
//! order and scope. In which order a load takes the GPUs is not specified, so that sums of floats may differ from run to run.
//! Between these accesses and ordinary ones of the same memory stands
//! [`fence_alias`](fn@crate::library::lane::fences::code::fence_alias).

pub mod bf16;
pub mod f16;
pub mod floats;
pub mod signed;
pub mod signed64;
pub mod unsigned;
pub mod unsigned64;
