//! `kernels!`: the shape of a model in, a module with its specialised kernels out.
//!
//! Fields stand in any order. Everything that is wrong is reported at once, each thing at its own token.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, LitFloat, Result, Token, Visibility, braced, bracketed, parenthesized, parse2,
};

use crate::constant::number;

const SHAPE: &str = "write `pub mod my_model { hidden: 7168, top_k: 8, experts: 256, wire: bf16 }`";
const WIRE: &str = "`wire` is `bf16` or `fp8(e4m3, block: 128, scale: f32)`";

/// A field's name and its value.
struct Field {
    name: Ident,
    value: Value,
}

enum Value {
    Number(Expr),
    Wire(Wire),
    Target(Ident),
    Version(LitFloat),
}

/// How rows travel: 0 elements per scale means bf16.
struct Wire {
    block: Option<Expr>,
}

struct Model {
    root: TokenStream,
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    fields: Vec<Field>,
}

impl Parse for Model {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let root;
        bracketed!(root in input);
        let root = root.parse()?;
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let shape = |error: Error| Error::new(error.span(), format!("this is not a model: {SHAPE}"));
        input.parse::<Token![mod]>().map_err(shape)?;
        let name = input.parse().map_err(shape)?;
        if !input.peek(syn::token::Brace) {
            return Err(shape(input.error("")));
        }
        let content;
        braced!(content in input);
        let mut fields = Vec::new();
        while !content.is_empty() {
            fields.push(content.parse()?);
            if !content.is_empty() && content.parse::<Token![,]>().is_err() {
                return Err(content.error("separate the fields of `kernels!` with commas"));
            }
        }
        if !input.is_empty() {
            return Err(
                input.error("`kernels!` makes one module: write another `kernels!` for the next model")
            );
        }
        Ok(Model { root, attributes, visibility, name, fields })
    }
}

impl Parse for Field {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name: Ident =
            input.parse().map_err(|error| Error::new(error.span(), format!("name a field: {SHAPE}")))?;
        if input.parse::<Token![:]>().is_err() {
            return Err(input.error(format!("write `{name}: value`")));
        }
        let value = match name.to_string().as_str() {
            "wire" => Value::Wire(input.parse()?),
            "target" => Value::Target(
                input
                    .parse()
                    .map_err(|error| Error::new(error.span(), "name a target, as in `target: sm_90a`"))?,
            ),
            "ptx" => Value::Version(
                input
                    .parse()
                    .map_err(|error| Error::new(error.span(), "write a PTX version, as in `ptx: 8.6`"))?,
            ),
            _ => Value::Number(input.parse()?),
        };
        Ok(Field { name, value })
    }
}

impl Parse for Wire {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let format: Ident = input.parse().map_err(|error| Error::new(error.span(), WIRE))?;
        let has_options = input.peek(syn::token::Paren);
        match format.to_string().as_str() {
            "bf16" if has_options => Err(input.error(format!("bf16 has no options: {WIRE}"))),
            "bf16" => Ok(Wire { block: None }),
            "fp8" if has_options => {
                let options;
                parenthesized!(options in input);
                fp8(&options, format.span())
            }
            _ => Err(Error::new(format.span(), WIRE)),
        }
    }
}

/// `e4m3, block: 128, scale: f32`, in any order.
fn fp8(options: ParseStream<'_>, format: Span) -> Result<Wire> {
    let (mut element, mut block, mut scale) = (false, None, false);
    while !options.is_empty() {
        let name: Ident = options.parse().map_err(|error| Error::new(error.span(), WIRE))?;
        let twice = || Err(Error::new(name.span(), format!("`{name}` is given twice: give it once")));
        match name.to_string().as_str() {
            "e4m3" if element => return twice(),
            "e4m3" => element = true,
            "block" => {
                if block.is_some() {
                    return twice();
                }
                options
                    .parse::<Token![:]>()
                    .map_err(|error| Error::new(error.span(), "write `block: 128`"))?;
                block = Some(options.parse()?);
            }
            "scale" => {
                if scale {
                    return twice();
                }
                options
                    .parse::<Token![:]>()
                    .map_err(|error| Error::new(error.span(), "write `scale: f32`"))?;
                let of: Ident = options.parse()?;
                if of != "f32" {
                    return Err(Error::new(of.span(), "scales are f32: write `scale: f32`"));
                }
                scale = true;
            }
            "e5m2" => {
                return Err(Error::new(
                    name.span(),
                    "fp8 rows are e4m3: write `fp8(e4m3, block: 128, scale: f32)`",
                ));
            }
            _ => return Err(Error::new(name.span(), format!("fp8 has no option `{name}`: {WIRE}"))),
        }
        if !options.is_empty() {
            options.parse::<Token![,]>().map_err(|error| Error::new(error.span(), WIRE))?;
        }
    }
    match (element, block, scale) {
        (true, Some(block), true) => Ok(Wire { block: Some(block) }),
        _ => Err(Error::new(format, "fp8 needs all of `fp8(e4m3, block: 128, scale: f32)`")),
    }
}

/// The errors so far.
#[derive(Default)]
struct Mistakes(Option<Error>);

impl Mistakes {
    fn add(&mut self, error: Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// The value as a literal, at the expression's place.
    fn literal(&mut self, field: &str, value: &Expr) -> Literal {
        let number = number(value).and_then(|number| {
            let outside = || {
                Error::new_spanned(value, format!("{field} must be from 0 to {}: {number} is not", u32::MAX))
            };
            u32::try_from(number).map_err(|_| outside())
        });
        let number = number.unwrap_or_else(|error| {
            self.add(error);
            0
        });
        let mut literal = Literal::u32_unsuffixed(number);
        literal.set_span(value.span());
        literal
    }
}

pub(crate) fn expand(input: TokenStream) -> Result<TokenStream> {
    let Model { root, attributes, visibility, name, fields } = parse2(input)?;
    let mut mistakes = Mistakes::default();
    let (mut hidden, mut top_k, mut experts, mut wire) = (None, None, None, None);
    let (mut target, mut version) = (None, None);
    for Field { name: field, value } in &fields {
        let twice = match (field.to_string().as_str(), value) {
            (text @ "hidden", Value::Number(value)) => {
                hidden.replace(mistakes.literal(text, value)).is_some()
            }
            (text @ "top_k", Value::Number(value)) => top_k.replace(mistakes.literal(text, value)).is_some(),
            (text @ "experts", Value::Number(value)) => {
                experts.replace(mistakes.literal(text, value)).is_some()
            }
            (_, Value::Wire(value)) => wire.replace(value).is_some(),
            (_, Value::Target(value)) => target.replace(value).is_some(),
            (_, Value::Version(value)) => version.replace(value).is_some(),
            (text, _) => {
                let message = format!(
                    "`kernels!` has no field `{text}`: it has `hidden`, `top_k`, `experts`, `wire`, and perhaps `target` and `ptx`"
                );
                mistakes.add(Error::new(field.span(), message));
                false
            }
        };
        if twice {
            mistakes
                .add(Error::new(field.span(), format!("the field `{field}` is given twice: give it once")));
        }
    }
    let missing = [
        ("hidden: 7168", hidden.is_none()),
        ("top_k: 8", top_k.is_none()),
        ("experts: 256", experts.is_none()),
        ("wire: bf16", wire.is_none()),
    ];
    for (example, _) in missing.iter().filter(|(_, missing)| *missing) {
        mistakes.add(Error::new(name.span(), format!("a field is missing: add one like `{example}`")));
    }
    let suffix = match (target, version) {
        (None, None) => quote!(),
        (Some(target), None) => quote!(for #target),
        (Some(target), Some(version)) => quote!(for #target, ptx #version),
        (None, Some(version)) => {
            let message = "a PTX version goes with a target: add one like `target: sm_90a`";
            mistakes.add(Error::new(version.span(), message));
            quote!()
        }
    };
    let (element_bytes, scale_block, wire) = match wire.and_then(|wire| wire.block.as_ref()) {
        Some(block) => {
            let block = mistakes.literal("block", block);
            (quote!(1), quote!(#block), quote!(#root::Wire::Fp8 { block: #block }))
        }
        None => (quote!(2), quote!(0), quote!(#root::Wire::Bf16)),
    };
    let (Some(hidden), Some(top_k), Some(experts), None) = (hidden, top_k, experts, &mistakes.0) else {
        return Err(mistakes.0.unwrap_or_else(|| Error::new(name.span(), SHAPE)));
    };
    Ok(quote! {
        #(#attributes)*
        #visibility mod #name {
            #root::specialise! {
                /// Counts rows and selections.
                pub const COUNT = #root::kernels::count::code::count { TOP_K = #top_k, EXPERTS = #experts } #suffix;
                /// Computes positions.
                pub const LAYOUT = #root::kernels::layout::code::layout { TOP_K = #top_k, EXPERTS = #experts } #suffix;
                /// Sends rows to their experts' ranks.
                pub const DISPATCH = #root::kernels::dispatch::code::dispatch {
                    HIDDEN = #hidden, ELEMENT_BYTES = #element_bytes, SCALE_BLOCK = #scale_block, TOP_K = #top_k
                } #suffix;
                /// Returns and sums the experts' outputs.
                pub const COMBINE = #root::kernels::combine::code::combine { HIDDEN = #hidden, TOP_K = #top_k } #suffix;
                /// Begins a round that reuses positions.
                pub const ENTER = #root::kernels::enter::code::enter {} #suffix;
                /// Takes the gradients of a weighted combine.
                pub const GRADIENT = #root::kernels::gradient::code::gradient { HIDDEN = #hidden, TOP_K = #top_k } #suffix;
            }

            /// What the kernels are specialised for.
            pub const SHAPE: #root::Shape =
                #root::Shape { hidden: #hidden, top_k: #top_k, experts: #experts, wire: #wire };

            /// Names this set of kernels.
            #[derive(Clone, Copy, Debug)]
            pub struct Kernels;

            impl #root::Specialised for Kernels {
                fn kernels() -> #root::KernelSet {
                    #root::KernelSet {
                        shape: SHAPE,
                        count: COUNT,
                        layout: LAYOUT,
                        dispatch: DISPATCH,
                        combine: COMBINE,
                        enter: ENTER,
                        gradient: GRADIENT,
                    }
                }
            }
        }
    })
}
