//! Proc macros that turn Rust device code into PTX. They are thin: tokens in, `crossdock-codegen`
//! called, tokens out.
//!
//! A macro sees only its own tokens, so a device module's imports are fetched by a chain of
//! expansions:
//!
//! 1. [`macro@device`] keeps the module as ordinary Rust and starts the chain inside it.
//! 2. [`link!`] takes the next imported module and expands to that module's `ir!` macro, which
//!    expands to `link!` again with the module's IR appended, until nothing is pending. Paths
//!    resolve as rustc resolves them: across crates, through re-exports, in any order of
//!    definition.
//! 3. [`lower!`] then has every signature it needs, checks and lowers the module, and defines the
//!    module's own `ir!`.
//!
//! [`specialise!`](specialise_items) walks the same chain and ends in [`specialise_linked!`], which
//! makes PTX.

mod arguments;
mod constant;
mod device;
mod kernels;
mod link;
mod lower;
mod specialise;
mod spelled;
mod state;

use proc_macro::TokenStream;

/// Marks an inline module as device code: checked by rustc as it stands, and compiled for the GPU.
///
/// Its items are imported from other device modules with `use`; `#[kernel(warps = N)]` functions
/// can be specialised. The crossdock crate is found in the manifest, also when it is renamed;
/// `#[device(crate = path)]` names it where it is not a direct dependency.
#[proc_macro_attribute]
pub fn device(attribute: TokenStream, item: TokenStream) -> TokenStream {
    device::expand(attribute.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// One step of gathering the IR of imported modules; made by the other macros.
#[doc(hidden)]
#[proc_macro]
pub fn link(input: TokenStream) -> TokenStream {
    link::expand(input.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// The end of the chain for a device module; made by [`macro@device`].
#[doc(hidden)]
#[proc_macro]
pub fn lower(input: TokenStream) -> TokenStream {
    lower::expand(input.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// `kernels!` and `router!`, after the path of the crossdock crate and before the rows of their
/// kernels.
#[doc(hidden)]
#[proc_macro]
pub fn kernels_module(input: TokenStream) -> TokenStream {
    kernels::expand(input.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// The start of the chain for `specialise!`.
#[doc(hidden)]
#[proc_macro]
pub fn specialise_items(input: TokenStream) -> TokenStream {
    specialise::start(input.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// The end of the chain for `specialise!`.
#[doc(hidden)]
#[proc_macro]
pub fn specialise_linked(input: TokenStream) -> TokenStream {
    specialise::finish(input.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
