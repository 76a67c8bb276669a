//! The IR as text: how a kernel travels from the crate that defines it to whoever specialises it,
//! and what people read when they want to know what became of their device code.
//!
//! ```
//! let text = r#"
//! module my_crate::kernels::code;
//! file "src/kernels.rs";
//! use my_crate::layout::code;
//! @3:4 const LANES: u32 = 32u32@:23;
//! #[kernel(warps = 4)]
//! @6:8 fn scale<const ROW: u32>(rows#0: Global<f32>, factor#1: f32) {
//!   @7:8 let start#2 = block_in_grid()@:20 * ROW@:38;
//!   @8:8 for column#3: u32 in thread_in_block()@:22..ROW@:43 {
//!     @9:12 let row#4 = at(rows#0@:22, (start#2@:30 + column#3@:38));
//!     @10:12 write(row#4, (read(row#4@:22) * factor#1@:33));
//!   }
//! }
//! line 9 "let row = rows.at(start + column);"
//! "#;
//! let module = crossdock_codegen::text::parse(text)?;
//! assert_eq!(module.functions[0].name, "scale");
//! assert_eq!(crossdock_codegen::text::parse(&crossdock_codegen::text::print(&module))?, module);
//! # Ok::<(), crossdock_codegen::Error>(())
//! ```
//!
//! The reference of the language, with its grammar, is `docs/ir.md` in the repository.

mod known;
mod lexer;
mod parse;
mod print;
mod spelling;

use crate::{Error, ir};

/// Writes a module as text. See the [module](self) for the grammar.
pub fn print(module: &ir::Module) -> String {
    print::print(module)
}

/// Reads the text of a module.
///
/// # Errors
///
/// [`Error::Text`] with the line and what was expected there.
pub fn parse(text: &str) -> Result<ir::Module, Error> {
    parse::parse(text)
}
