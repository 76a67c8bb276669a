//! `kernels!` and `router!`: the shape or gate of a model in, a module with its specialised kernels
//! out.
//!
//! What the model says is read by `crossdock-shape`, which also knows the kernels' const
//! parameters. Everything that is wrong is reported at once, each thing at its own token.

use crossdock_shape::{ConstParameter, Fp8, Gate, Opaque, Shape, Wire};
use proc_macro2::{Ident, Literal, Span, TokenStream, TokenTree};
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, LitFloat, Result, Token, Visibility, braced, bracketed, parenthesized, parse2};

use crate::spelled::{Spelled, fields, named};
use crate::state::many;

/// What the macros of `device` hand over: the crossdock crate, the model as written, and the rows
/// of the set.
struct Input {
    root: TokenStream,
    model: TokenStream,
    set: Set,
}

/// A set of kernels as the list in `device` describes it:
/// `KernelSet { SHAPE shape: Shape } Kernels(Specialised::kernels) { rows }`.
struct Set {
    name: Ident,
    constant: Ident,
    field: Ident,
    of: Ident,
    named: Ident,
    by: Ident,
    get: Ident,
    kernels: Vec<Kernel>,
}

/// `/// docs count(CountArguments): TOP_K, EXPERTS;`
struct Kernel {
    docs: Vec<Attribute>,
    name: Ident,
    parameters: Vec<Ident>,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (root, model);
        bracketed!(root in input);
        bracketed!(model in input);
        Ok(Input { root: root.parse()?, model: model.parse()?, set: input.parse()? })
    }
}

impl Parse for Set {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        input.call(Attribute::parse_outer)?;
        let name = input.parse()?;
        let (model, access, kernels);
        braced!(model in input);
        let (constant, field) = (model.parse()?, model.parse()?);
        model.parse::<Token![:]>()?;
        let (of, named) = (model.parse()?, input.parse()?);
        parenthesized!(access in input);
        let by = access.parse()?;
        access.parse::<Token![::]>()?;
        let get = access.parse()?;
        braced!(kernels in input);
        Ok(Set { name, constant, field, of, named, by, get, kernels: many(&kernels)? })
    }
}

impl Parse for Kernel {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let docs = input.call(Attribute::parse_outer)?;
        let name = input.parse()?;
        let arguments;
        parenthesized!(arguments in input);
        arguments.parse::<Ident>()?;
        input.parse::<Token![:]>()?;
        let parameters = Punctuated::<Ident, Token![,]>::parse_separated_nonempty;
        let parameters =
            if input.peek(Token![;]) { Vec::new() } else { parameters(input)?.into_iter().collect() };
        input.parse::<Token![;]>()?;
        Ok(Kernel { docs, name, parameters })
    }
}

/// A model as written: `/// docs pub mod name { fields }`.
struct Model {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    fields: TokenStream,
}

impl Set {
    /// The macro that makes this set, and an example of what it takes.
    fn examples(&self) -> (&'static str, String) {
        match self.of == "Gate" {
            true => ("router!", format!("pub mod my_gate {{ {} }}", Gate::DEEPSEEK_V3)),
            false => {
                let shape = Shape { hidden: 7168, top_k: 8, experts: 256, wire: Wire::Bf16 };
                ("kernels!", format!("pub mod my_model {{ {shape} }}"))
            }
        }
    }

    fn model(&self, input: ParseStream<'_>) -> Result<Model> {
        let (this, example) = self.examples();
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let wrong =
            |error: Error| Error::new(error.span(), format!("this is not a model: write `{example}`"));
        input.parse::<Token![mod]>().map_err(wrong)?;
        let name = input.parse().map_err(wrong)?;
        if !input.peek(syn::token::Brace) {
            return Err(wrong(input.error("")));
        }
        let content;
        braced!(content in input);
        let fields = content.parse()?;
        if !input.is_empty() {
            return Err(
                input.error(format!("`{this}` makes one module: write another `{this}` for the next model"))
            );
        }
        Ok(Model { attributes, visibility, name, fields })
    }
}

/// For which GPU a set is made: `for sm_90a, ptx 8.6`, from the fields `target` and `ptx`.
#[derive(Default)]
struct Wish {
    target: Option<Ident>,
    version: Option<LitFloat>,
}

impl Wish {
    /// Takes the field if it belongs here.
    fn take(&mut self, field: &[TokenTree]) -> Result<bool> {
        let Some((name, value)) = named(field) else { return Ok(false) };
        let tokens: TokenStream = value.iter().cloned().collect();
        let wrong = |message| move |error: Error| Error::new(error.span(), message);
        let twice = if name == "target" {
            self.target
                .replace(parse2(tokens).map_err(wrong("name a target, as in `target: sm_90a`"))?)
                .is_some()
        } else if name == "ptx" {
            self.version
                .replace(parse2(tokens).map_err(wrong("write a PTX version, as in `ptx: 8.6`"))?)
                .is_some()
        } else {
            return Ok(false);
        };
        match twice {
            true => Err(Error::new(name.span(), format!("the field `{name}` is given twice: give it once"))),
            false => Ok(true),
        }
    }

    fn suffix(&self) -> Result<TokenStream> {
        let Wish { target, version } = self;
        match (target, version) {
            (None, Some(version)) => {
                let message = "a PTX version goes with a target: add one like `target: sm_90a`";
                Err(Error::new(version.span(), message))
            }
            (None, None) => Ok(quote!()),
            (Some(target), None) => Ok(quote!(for #target)),
            (Some(target), Some(version)) => Ok(quote!(for #target, ptx #version)),
        }
    }
}

/// A variant's name.
fn variant(value: impl std::fmt::Debug) -> Ident {
    format_ident!("{value:?}")
}

fn shape_tokens(root: &TokenStream, shape: Shape) -> TokenStream {
    let Shape { hidden, top_k, experts, wire } = shape;
    let wire = match wire {
        Wire::Bf16 => quote!(Bf16),
        Wire::Fp8(Fp8 { element, block, scale }) => {
            let (element, scale) = (variant(element), variant(scale));
            let fields =
                quote!(element: #root::Float8::#element, block: #block, scale: #root::ScaleFormat::#scale);
            quote!(Fp8(#root::Fp8 { #fields }))
        }
        Wire::Opaque(Opaque { row_bytes, sides }) => {
            quote!(Opaque(#root::Opaque { row_bytes: #row_bytes, sides: [#(#sides),*] }))
        }
    };
    quote!(#root::Shape { hidden: #hidden, top_k: #top_k, experts: #experts, wire: #root::Wire::#wire })
}

fn gate_tokens(root: &TokenStream, gate: Gate) -> TokenStream {
    let Gate { experts, groups, top_groups, top_k, score, biased, normalised, logits } = gate;
    let (score, logits) = (variant(score), variant(logits));
    quote! { #root::Gate {
        experts: #experts, groups: #groups, top_groups: #top_groups, top_k: #top_k, score: #root::ScoreFunction::#score,
        biased: #biased, normalised: #normalised, logits: #root::LogitFormat::#logits,
    } }
}

/// A parameter's value at the token that it follows from, where an error belongs.
fn placed(parameter: &ConstParameter, spelled: &Spelled) -> TokenStream {
    let mut literal = Literal::u32_unsuffixed(parameter.value);
    literal.set_span(spelled.span_of(parameter.fields));
    let name = Ident::new(parameter.name, Span::call_site());
    quote!(#name = #literal)
}

pub(crate) fn expand(input: TokenStream) -> Result<TokenStream> {
    let Input { root, model, set } = parse2(input)?;
    let Model { attributes, visibility, name, fields: written } =
        syn::parse::Parser::parse2(|input: ParseStream<'_>| set.model(input), model)?;
    let (mut spelled, mut wish, mut mistakes) = (Spelled::default(), Wish::default(), Vec::new());
    for field in fields(written) {
        match wish.take(&field) {
            Ok(true) => {}
            Ok(false) => spelled.field(&field),
            Err(error) => mistakes.push(error),
        }
    }
    let suffix = wish.suffix();
    let read = match set.of == "Gate" {
        true => spelled.read(name.span()).map(|gate: Gate| (gate_tokens(&root, gate), gate.parameters())),
        false => {
            spelled.read(name.span()).map(|shape: Shape| (shape_tokens(&root, shape), shape.parameters()))
        }
    };
    let (value, parameters, suffix) = match (read, suffix) {
        (Ok((value, parameters)), Ok(suffix)) if mistakes.is_empty() => (value, parameters, suffix),
        (read, suffix) => {
            let mistakes = mistakes.into_iter().chain(read.err().unwrap_or_default()).chain(suffix.err());
            let all = mistakes.reduce(|mut all, next| {
                all.combine(next);
                all
            });
            return Err(all.unwrap_or_else(|| Error::new(name.span(), "this is not a model")));
        }
    };
    let Set { name: set, constant, field, of, named, by, get, kernels } = &set;
    let items = kernels.iter().map(|Kernel { docs, name, parameters: wanted }| {
        let constant = upper(name);
        let values = parameters.iter().filter(|parameter| wanted.iter().any(|name| name == parameter.name));
        let values = values.map(|parameter| placed(parameter, &spelled));
        quote! {
            #(#docs)*
            pub const #constant = #root::kernels::#name::code::#name { #(#values),* } #suffix;
        }
    });
    let fields = kernels.iter().map(|Kernel { name, .. }| {
        let constant = upper(name);
        quote!(#name: #constant)
    });
    Ok(quote! {
        #(#attributes)*
        #visibility mod #name {
            #root::specialise! { #(#items)* }

            /// What the kernels are specialised for.
            pub const #constant: #root::#of = #value;

            /// Names this set of kernels.
            #[derive(Clone, Copy, Debug)]
            pub struct #named;

            impl #root::#by for #named {
                fn #get() -> #root::#set {
                    #root::#set { #field: #constant, #(#fields),* }
                }
            }
        }
    })
}

fn upper(name: &Ident) -> Ident {
    format_ident!("{}", name.to_string().to_uppercase())
}
