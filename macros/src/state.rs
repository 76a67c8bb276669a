//! What travels along the chain of expansions, as tokens.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Error, LitInt, LitStr, Path, Result, Token, braced, bracketed, parenthesized};

/// A module that is still to be fetched, or was just fetched.
#[derive(Clone)]
pub(crate) struct Pending {
    /// Its position among the modules that the chain was started with; `None` for imports of
    /// imports.
    pub tag: Option<usize>,
    /// The hash of its IR, where that is known: several modules import the same one by different
    /// paths, and a chain that took each of them would soon be longer than rustc's recursion limit.
    pub digest: Option<u64>,
    /// Its path, valid where the chain expands.
    pub path: TokenStream,
}

impl Parse for Pending {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let content;
        parenthesized!(content in input);
        let tag = if content.peek(LitInt) { Some(content.parse::<LitInt>()?.base10_parse()?) } else { None };
        let digest = if content.peek(LitStr) {
            let text: LitStr = content.parse()?;
            u64::from_str_radix(&text.value(), 16).ok()
        } else {
            None
        };
        Ok(Pending { tag, digest, path: content.parse()? })
    }
}

impl ToTokens for Pending {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let tag = self.tag.map(Literal::usize_unsuffixed);
        let digest = self.digest.map(|digest| format!("{digest:016x}"));
        let path = &self.path;
        tokens.extend(quote!((#tag #digest #path)));
    }
}

/// A module whose IR has arrived.
pub(crate) struct Loaded {
    /// As in [`Pending`].
    pub tag: Option<usize>,
    /// Its IR text; empty when the module has errors of its own.
    pub ir: LitStr,
}

impl Parse for Loaded {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let content;
        parenthesized!(content in input);
        let tag = if content.peek(LitInt) { Some(content.parse::<LitInt>()?.base10_parse()?) } else { None };
        Ok(Loaded { tag, ir: content.parse()? })
    }
}

impl ToTokens for Loaded {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let tag = self.tag.map(Literal::usize_unsuffixed);
        let ir = &self.ir;
        tokens.extend(quote!((#tag #ir)));
    }
}

/// The state of a chain.
pub(crate) struct State {
    /// The crossdock crate, as a path.
    pub root: TokenStream,
    /// The macro in `root::__private` that ends the chain.
    pub then: Ident,
    /// Modules to fetch.
    pub pending: Vec<Pending>,
    /// Modules that arrived.
    pub loaded: Vec<Loaded>,
    /// What the last macro wants besides.
    pub payload: TokenStream,
}

impl Parse for State {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (root, pending, loaded, payload);
        bracketed!(root in input);
        let then = input.parse()?;
        bracketed!(pending in input);
        bracketed!(loaded in input);
        braced!(payload in input);
        Ok(State {
            root: root.parse()?,
            then,
            pending: many(&pending)?,
            loaded: many(&loaded)?,
            payload: payload.parse()?,
        })
    }
}

impl ToTokens for State {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let State { root, then, pending, loaded, payload } = self;
        tokens.extend(quote!([#root] #then [#(#pending)*] [#(#loaded)*] { #payload }));
    }
}

/// A text as a raw string literal. Texts of IR pass through every step of a chain, and a literal
/// with escapes is decoded each time, which once was half of what a `kernels!` cost the build of
/// the crate it stands in.
pub(crate) fn raw(text: &str) -> Literal {
    let longest =
        text.split('"').skip(1).map(|after| after.len() - after.trim_start_matches('#').len()).max();
    let fence = "#".repeat(longest.map_or(0, |longest| longest + 1));
    // Only a lone carriage return cannot stand in one.
    format!("r{fence}\"{text}\"{fence}").parse().unwrap_or_else(|_| Literal::string(text))
}

/// Parses items until the input ends.
pub(crate) fn many<T: Parse>(input: ParseStream<'_>) -> Result<Vec<T>> {
    let mut items = Vec::new();
    while !input.is_empty() {
        items.push(input.parse()?);
    }
    Ok(items)
}

/// The crossdock crate named by `#[device(crate = path)]`, or the one among the dependencies, under
/// whatever name.
pub(crate) fn root(attribute: TokenStream) -> Result<TokenStream> {
    if attribute.is_empty() {
        return Ok(dependency());
    }
    let named = |input: ParseStream<'_>| {
        input.parse::<Token![crate]>()?;
        input.parse::<Token![=]>()?;
        input.call(Path::parse_mod_style)
    };
    let path = syn::parse::Parser::parse2(named, attribute).map_err(|error| {
        Error::new(error.span(), "`#[device]` takes nothing but the crossdock crate: write `#[device]` or `#[device(crate = ::crossdock)]`")
    })?;
    Ok(path.to_token_stream())
}

/// crossdock as the manifest of the crate at hand calls it. The packages themselves see it as
/// `::crossdock`, and so does whoever is built without a manifest: then rustc says what is missing.
fn dependency() -> TokenStream {
    for package in ["crossdock", "crossdock-device"] {
        match crate_name(package) {
            Ok(FoundCrate::Name(name)) => {
                let name = Ident::new(&name, Span::call_site());
                return quote!(::#name);
            }
            Ok(FoundCrate::Itself) => break,
            Err(_) => {}
        }
    }
    quote!(::crossdock)
}
