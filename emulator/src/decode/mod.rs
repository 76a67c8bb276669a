//! From a parsed module to kernels that the interpreter executes.
//!
//! Everything that can be settled before execution is: types, rounding, register slots, addresses
//! of variables. What the emulator does not execute is refused here, by name and line, never
//! ignored.
//!
//! [`module`] and [`function`] walk the module, [`builder`] collects the code, [`decoder`] reads
//! one instruction; what each instruction becomes stands in [`crate::instruction`].

pub(crate) mod builder;
mod cache;
mod call;
mod call_graph;
mod constant;
mod context;
pub(crate) mod decoder;
mod flow;
mod function;
mod module;
pub(crate) mod operand;

pub(crate) use cache::shared;
pub(crate) use function::Program;
pub(crate) use module::Decoded;
