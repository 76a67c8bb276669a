//! The IR as text: how a kernel travels from the crate that defines it to whoever specialises it, and what people read
//! when they want to know what became of their device code.
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
//! # What to know when reading it
//!
//! * **Locals** are written `name#index`; the index identifies them, the name is the Rust binding. `let` marks the first
//!   assignment in the text, but a local belongs to the whole function. A `let` without a value declares a local whose
//!   first mention is not an assignment of all of it.
//! * **Items** are written `self::item` in the module itself, `alias::item` in an imported module, and `<module>::item`
//!   elsewhere. The alias of an import is the last segment of its name, or the one before a last `code`, or what `as`
//!   says. A bare name is a const generic, or an intrinsic when `(` or `::<order, scope>(` follows.
//! * **Types** are stated as `expression: Type` where they do not follow from the operands: for calls (which otherwise
//!   give `()`), for items of other modules, for `cast` and `shared`. Only what stands above in the text is known.
//! * **Positions** are those in the Rust file: before an item or statement `@line:column`, nowhere if not stated; after
//!   an expression `@line:column`, or `@:column` on the line of its statement. Without one, operators, projections and
//!   the intrinsics that are methods in Rust have the position of their first operand, other expressions that of the
//!   statement.
//! * **Operators** do not chain: `a + b + c` is written `(a + b) + c`. `if` has no value; `select` evaluates both.
//! * **Floats** are printed as bits, `0x3f800000_f32`; `1.0f32` reads as well. Integers have a suffix.
//! * **Fields** are numbered, and struct values are `new self::Place(rank, row)`.
//! * White space and `//` comments mean nothing. Blocks, expressions and types nest at most 128 levels deep.
//!
//! # Grammar
//!
//! ```text
//! module     = "module" path-name ";" [ "file" string ";" ] item*
//! item       = "use" path-name [ "as" name ] ";"
//!            | position "struct" path-name [ "align" "(" number ")" ] "{" (field-name ":" type),* "}"
//!            | position "enum" path-name [ "repr" ] "(" scalar ")" "{" (field-name "=" [ "-" ] number),* "}"
//!            | position "const" path-name ":" type "=" expression ";"
//!            | [ "#[kernel(warps = " number [ ", max_registers = " number ] ")]" ] position [ "const" ] "fn" path-name
//!              [ "<" ("const" name ":" scalar),* ">" ] "(" (local ":" type),* ")" [ "->" type ] block
//!            | "line" number string                               // a line of the Rust file
//! position   = [ "@" line ":" column ]
//! block      = "{" (position statement)* "}"
//! statement  = "let" local ":" type ";"                            // no statement, only a declaration
//!            | "let" local [ ":" type ] "=" expression ";"         // otherwise the type of the value
//!            | local ( "." number | "[" expression "]" )* "=" expression ";"
//!            | [ "_" "=" ] expression ";"                          // for its effects
//!            | "if" expression block [ "else" ( block | position "if" .. ) ]
//!            | "loop" block
//!            | [ "#[unroll]" ] "for" local [ ":" type ] "in" expression ( ".." | "..=" ) expression block
//!            | ( "break" | "continue" ) [ levels-further-out ] ";"
//!            | "return" [ expression ] ";"
//!            | "assert!" "(" expression "," string ("," expression)* ")" ";"
//! expression = operand [ operator operand ]                        // + - * +% -% *% / % & | ^ << >> == != < <= > >=
//! operand    = ( "-" | "!" )* postfix ( "as" type )*
//! postfix    = atom ( "." number | "[" expression "]" | ":" type | "@" [ line ] ":" column )*
//! atom       = "true" | "false" | integer | float | local | name | path
//!            | path [ "::<" ( ["-"] postfix ),+ ">" ] "(" expression,* ")"
//!            | intrinsic [ "::<" order "," scope ">" ] "(" expression,* ")"
//!            | "select" "(" expression "," expression "," expression ")"
//!            | "new" path "(" expression,* ")"
//!            | "(" expression ")" | "()" | "(" expression "," expression,* ")"
//!            | "[" expression,* "]" | "[" expression ";" size "]"
//! type       = scalar | path [ "#" scalar ] | "()" | "(,)" | "(" type "," type,* ")" | "[" type ";" size "]"
//!            | ( "Global" | "Shared" | "Peer" | "Peers" ) "<" type ">"
//! size       = number | name | path
//! path       = ( "self" | alias | "<" path-name ">" ) "::" path-name
//! local      = [ name ] "#" index
//! path-name  = word ("::" word)* | string                          // name: one word, or a string if it is odd
//! ```

mod intrinsics;
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
