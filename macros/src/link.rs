//! One step of the chain: remember what arrived, ask for the next module or finish.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{LitStr, Result, bracketed, parse2};

use crate::lower::hash;
use crate::state::{Loaded, Pending, State, many};

/// The input of `link!`: the state, and what the last `ir!` appended.
struct Step {
    state: State,
    arrived: Option<Arrived>,
}

/// What a module's `ir!` macro appends: the module as it was asked for, its IR, and the paths of
/// its imports below it.
struct Arrived {
    module: Pending,
    ir: LitStr,
    imports: Vec<Pending>,
}

impl Parse for Step {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let state = input.parse()?;
        if input.is_empty() {
            return Ok(Step { state, arrived: None });
        }
        let module: Pending = input.parse()?;
        let ir = input.parse()?;
        let imports;
        bracketed!(imports in input);
        Ok(Step { state, arrived: Some(Arrived { module, ir, imports: many(&imports)? }) })
    }
}

pub(crate) fn expand(input: TokenStream) -> Result<TokenStream> {
    let Step { mut state, arrived } = parse2(input)?;
    if let Some(Arrived { module, ir, imports }) = arrived {
        let known = state.loaded.iter().any(|loaded| loaded.ir.value() == ir.value());
        if !known || module.tag.is_some() {
            state.loaded.push(Loaded { tag: module.tag, ir });
        }
        if !known {
            let above = &module.path;
            for Pending { path, digest, .. } in imports {
                let asked_for = state.pending.iter().any(|pending| pending.digest == digest);
                let arrived = state.loaded.iter().any(|loaded| Some(hash(&loaded.ir.value())) == digest);
                if digest.is_none() || !(asked_for || arrived) {
                    state.pending.push(Pending { tag: None, digest, path: quote!(#above::#path) });
                }
            }
        }
    }
    let root = state.root.clone();
    if state.pending.is_empty() {
        let then = &state.then;
        return Ok(quote!(#root::__private::#then! { #state }));
    }
    let next = state.pending.remove(0);
    let path = &next.path;
    Ok(quote!(#path::__device::ir! { [#root::__private::link] #state #next }))
}
