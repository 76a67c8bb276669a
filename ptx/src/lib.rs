//! The PTX language: one instruction table, and the model, parser, printer and checks that follow
//! from it.
//!
//! ```
//! let text = ".version 8.0\n.target sm_90\n.address_size 64\n\n\
//!             .visible .entry empty()\n{\n    ret;\n}\n";
//! let module = crossdock_ptx::parse(text)?;
//! assert_eq!(module.to_string(), text);
//! module.check().expect("every register is declared");
//! # Ok::<(), crossdock_ptx::Error>(())
//! ```

pub mod asm;
pub mod assembler;
mod check;
mod error;
pub mod format;
mod instruction;
mod lexer;
pub mod model;
mod modifier;
mod parser;
mod printer;
pub mod special;
pub mod table;
mod types;
mod version;

pub use error::{Error, Line};
pub use format::{Float8Pair, Format, HalfFormat, HalfPair, bf16_from_f32};
pub use model::*;
pub use modifier::{
    AtomicOperation, Boolean, Comparison, Direction, Eviction, IntegralRounding, LoadCache, Modifier, Order,
    Prefetch, Rounding, Scope, Space, Spelling, StoreCache, VectorWidth,
};
pub use parser::parse;
pub use types::Type;
pub use version::Version;
