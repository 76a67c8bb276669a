//! What the kernels are specialised for: shapes, wire formats, layouts and gates, each with one
//! spelling.
//!
//! `FromStr` reads the spelling and `Display` prints it. The macros `kernels!` and `router!` take
//! the same text as tokens, the command line takes it as a word:
//!
//! ```
//! use crossdock_shape::{Layout, Shape, Wire};
//!
//! let text = "hidden: 7168, top_k: 8, experts: 256, wire: fp8(e4m3, block: 128, scale: f32)";
//! let shape: Shape = text.parse()?;
//! assert_eq!(shape.wire, Wire::FP8);
//! assert_eq!(shape.to_string(), text);
//!
//! assert_eq!("fp8".parse(), Ok(Wire::FP8));
//! assert_eq!("by_expert(alignment: 128)".parse(), Ok(Layout::ByExpert { alignment: 128 }));
//! let error = "masked".parse::<Layout>().unwrap_err().to_string();
//! assert_eq!(error, "masked needs its capacity: `masked(capacity: 64)`");
//! # Ok::<(), crossdock_shape::Error>(())
//! ```
//!
//! Fields stand in any order. A shape and a gate also say which const parameters of kernels follow
//! from them ([`Shape::parameters`], [`Gate::parameters`]), so nobody else computes them.

mod gate;
mod layout;
mod model;
mod text;
mod wire;

pub use gate::{Gate, LogitFormat, ScoreFunction};
pub use layout::Layout;
pub use model::Shape;
pub use text::{Error, Mistake};
pub use wire::{Float8, Fp8, MOST_SIDES, Opaque, ScaleFormat, Wire};

/// A const parameter of kernels and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConstParameter {
    /// The name that kernels declare.
    pub name: &'static str,
    /// The value for this shape or gate.
    pub value: u32,
    /// The fields that decide the value: the first of them that is written is where an error
    /// belongs.
    pub fields: &'static [&'static str],
}

impl ConstParameter {
    /// The parameters with these names, as a specialisation takes them.
    pub fn named(all: &[ConstParameter], names: &[&str]) -> Vec<(&'static str, i128)> {
        let wanted = all.iter().filter(|parameter| names.contains(&parameter.name));
        wanted.map(|parameter| (parameter.name, i128::from(parameter.value))).collect()
    }
}
