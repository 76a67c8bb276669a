//! The struct of a kernel's arguments, so that a launch is checked like a call, and how structs are
//! passed.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{FnArg, ItemFn, ItemStruct, Member, Pat, parse_quote};

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
    if function.sig.generics.type_params().next().is_some() {
        return None;
    }
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

/// How a launch passes `item`, if it can: each field as a parameter of its own. In a module with
/// mistakes, where it is not known which structs are `launchable`, every struct stands in, so that
/// nothing more is said of the launch.
pub(crate) fn of_struct(
    item: &ItemStruct,
    launchable: Option<&Vec<String>>,
    root: &TokenStream,
) -> Option<TokenStream> {
    let name = &item.ident;
    let copies = item.attrs.iter().filter(|attribute| attribute.path().is_ident("derive")).any(|attribute| {
        attribute
            .to_token_stream()
            .to_string()
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| word == "Copy")
    });
    if !copies || launchable.is_some_and(|launchable| !launchable.iter().any(|known| name == known)) {
        return None;
    }
    let fields = (0..).zip(&item.fields).filter(|_| launchable.is_some());
    let members = fields.map(|(index, field)| match &field.ident {
        Some(name) => Member::Named(name.clone()),
        None => Member::Unnamed(index.into()),
    });
    let mut generics = item.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(::core::marker::Copy));
    }
    let (parameters, arguments, _) = generics.split_for_impl();
    let module = format_ident!("pass_{}", name);
    // In a module of its own, so that the bounds mean what they mean beside the struct.
    Some(quote! {
        #[allow(non_snake_case, unused_imports)]
        mod #module {
            use super::super::*;

            impl #parameters #root::__private::Parameter for #name #arguments {
                fn append(self, _arguments: &mut ::std::vec::Vec<#root::__private::Argument>) {
                    #(#root::__private::Parameter::append(self.#members, _arguments);)*
                }
            }
        }
    })
}
