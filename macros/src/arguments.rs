//! The struct of a kernel's arguments, so that a launch is checked like a call.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{FnArg, ItemFn, Pat};

/// `DispatchArguments` for `dispatch`.
pub(crate) fn name(kernel: &Ident) -> Ident {
    let camel: String = kernel.to_string().split('_').map(capitalise).collect();
    format_ident!("{}Arguments", camel, span = kernel.span())
}

fn capitalise(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The argument struct of `function`, if it is a kernel with plainly named parameters.
pub(crate) fn of_kernel(function: &ItemFn, root: &TokenStream) -> Option<TokenStream> {
    function.attrs.iter().find(|attribute| attribute.path().is_ident("kernel"))?;
    let mut names = Vec::new();
    let mut types = Vec::new();
    for input in &function.sig.inputs {
        let FnArg::Typed(parameter) = input else { return None };
        let Pat::Ident(name) = &*parameter.pat else { return None };
        names.push(&name.ident);
        types.push(&parameter.ty);
    }
    let kernel = &function.sig.ident;
    let (name, text) = (name(kernel), kernel.to_string());
    let summary = format!("The arguments of the kernel [`{text}`](fn@{text}), in its order.");
    let fields = names.iter().map(|name| format!("The parameter `{name}`.")).collect::<Vec<_>>();
    Some(quote! {
        #[doc = #summary]
        #[derive(Clone, Copy, Debug)]
        pub struct #name {
            #(#[doc = #fields] pub #names: #types,)*
        }

        impl #root::__private::Arguments for #name {
            const KERNEL: &'static str = #text;

            fn arguments(&self) -> ::std::vec::Vec<#root::__private::Argument> {
                #[allow(unused_mut)]
                let mut arguments = ::std::vec::Vec::new();
                #(#root::__private::Parameter::append(self.#names, &mut arguments);)*
                arguments
            }
        }
    })
}
