//! `#[device]`: the module as rustc sees it, and the start of its chain.

use crossdock_codegen::front;
use proc_macro2::{TokenStream, TokenTree};
use quote::{format_ident, quote};
use syn::{Error, Ident, Item, ItemMod, LitStr, Path, Result, parse2};

use crate::arguments;
use crate::state::{Pending, State, root};

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let root = root(attribute)?;
    let (attributes, visibility, ident, items) = match parse2(item)? {
        Item::Mod(ItemMod { attrs, vis, ident, content: Some((_, items)), .. }) => (attrs, vis, ident, items),
        other => {
            let message = "device code must be an inline module: write `#[device] pub mod name { .. }`";
            return Err(Error::new_spanned(other, message));
        }
    };
    let dependencies = match front::dependencies(&items) {
        Ok(dependencies) => dependencies,
        Err(diagnostics) => return Err(errors(diagnostics)),
    };
    let pending = (0..dependencies.len()).map(|position| {
        let name = import(position);
        Pending { tag: Some(position), digest: None, path: quote!(imports::#name) }
    });
    let imports = dependencies.iter().enumerate().map(|(position, dependency)| {
        let name = import(position);
        let path = from_two_below(&dependency.path);
        quote!(pub use #path as #name;)
    });
    let name = LitStr::new(&ident.to_string(), ident.span());
    let chain = State {
        root: root.clone(),
        then: format_ident!("lower"),
        pending: pending.collect(),
        loaded: Vec::new(),
        payload: quote!(#name { #(#items)* }),
    };
    let arguments = items.iter().filter_map(|item| match item {
        Item::Fn(function) => arguments::of_kernel(function, &root),
        _ => None,
    });
    let arguments: Vec<TokenStream> = arguments.collect();
    let twin = front::twin(items);
    // What clippy would change is how kernels are written: long launch signatures, loops that index
    // register arrays, and arithmetic without methods that the device language lacks.
    Ok(quote! {
        #(#attributes)*
        #[allow(clippy::too_many_arguments, clippy::needless_range_loop, clippy::manual_is_multiple_of)]
        #visibility mod #ident {
            #(#twin)*
            #(#arguments)*

            #[doc(hidden)]
            pub mod __device {
                pub mod imports { #(#imports)* }
                #root::__private::link! { #chain }
            }
        }
    })
}

/// The name under which a module re-exports its import at `position`.
pub(crate) fn import(position: usize) -> Ident {
    format_ident!("import_{}", position)
}

/// All mistakes as one error with many spans.
pub(crate) fn errors(diagnostics: Vec<front::Diagnostic>) -> Error {
    let errors = diagnostics.into_iter().map(|diagnostic| Error::new(diagnostic.span, diagnostic.message));
    errors
        .reduce(|mut all, next| {
            all.combine(next);
            all
        })
        .unwrap_or_else(|| Error::new(proc_macro2::Span::call_site(), "device code could not be read"))
}

/// A path as it must be written two modules further down: `super::x` becomes
/// `super::super::super::x`.
fn from_two_below(path: &Path) -> TokenStream {
    let relative = path.leading_colon.is_none()
        && path.segments.first().is_some_and(|segment| segment.ident == "super" || segment.ident == "self");
    let path = quote!(#path);
    if !relative {
        return path;
    }
    let mut tokens = path.into_iter().peekable();
    if let Some(TokenTree::Ident(first)) = tokens.peek()
        && first == "self"
    {
        tokens.next();
        let rest: TokenStream = tokens.skip(2).collect();
        return quote!(super::super::#rest);
    }
    let rest: TokenStream = tokens.collect();
    quote!(super::super::#rest)
}
