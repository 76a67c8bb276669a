//! `kernels!`: the shape of a model in, a module with its specialised kernels out.
//!
//! Fields stand in any order. Everything that is wrong is reported at once, each thing at its own token.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, TokenStreamExt, quote};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, LitFloat, Result, Token, Visibility, braced, bracketed, parenthesized, parse2,
};

use crate::constant::number;

const SHAPE: &str = "write `pub mod my_model { hidden: 7168, top_k: 8, experts: 256, wire: bf16 }`";
const WIRE: &str =
    "`wire` is `bf16`, `fp8(e4m3, block: 128, scale: f32)` or `opaque(row: 3584, sides: [448])`";
const FP8: &str =
    "fp8 needs all of `fp8(e4m3, block: 128, scale: f32)`, with e4m3 or e5m2 and f32, power_of_two or ue8m0";
const OPAQUE: &str = "opaque needs the bytes of a row, and of its side tensors if it has any: `opaque(row: 3584, sides: [448])`";

/// As many side tensors as `crossdock::MOST_SIDES`.
const MOST_SIDES: usize = 4;

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

/// How rows travel.
enum Wire {
    Bf16,
    /// Names of variants.
    Fp8 {
        element: &'static str,
        block: Expr,
        scale: &'static str,
    },
    Opaque {
        row: Expr,
        sides: Vec<Expr>,
    },
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
            "bf16" => Ok(Wire::Bf16),
            "fp8" if has_options => {
                let options;
                parenthesized!(options in input);
                fp8(&options, format.span())
            }
            "opaque" if has_options => {
                let options;
                parenthesized!(options in input);
                opaque(&options, format.span())
            }
            _ => Err(Error::new(format.span(), WIRE)),
        }
    }
}

/// `e4m3, block: 128, scale: f32`, in any order.
fn fp8(options: ParseStream<'_>, format: Span) -> Result<Wire> {
    let (mut element, mut block, mut scale) = (None, None, None);
    while !options.is_empty() {
        let name: Ident = options.parse().map_err(|error| Error::new(error.span(), WIRE))?;
        let given_before = match name.to_string().as_str() {
            "e4m3" => element.replace("E4m3").is_some(),
            "e5m2" => element.replace("E5m2").is_some(),
            "block" => {
                colon(options, "block: 128")?;
                block.replace(options.parse()?).is_some()
            }
            "scale" => {
                colon(options, "scale: f32")?;
                let of: Ident = options.parse()?;
                let variant = match of.to_string().as_str() {
                    "f32" => "F32",
                    "power_of_two" => "PowerOfTwo",
                    "ue8m0" => "Ue8m0",
                    _ => return Err(Error::new(of.span(), "scales are `f32`, `power_of_two` or `ue8m0`")),
                };
                scale.replace(variant).is_some()
            }
            _ => return Err(Error::new(name.span(), format!("fp8 has no option `{name}`: {WIRE}"))),
        };
        end_of_option(options, &name, given_before)?;
    }
    match (element, block, scale) {
        (Some(element), Some(block), Some(scale)) => Ok(Wire::Fp8 { element, block, scale }),
        _ => Err(Error::new(format, FP8)),
    }
}

/// `row: 3584, sides: [448]`, in any order.
fn opaque(options: ParseStream<'_>, format: Span) -> Result<Wire> {
    let (mut row, mut sides) = (None, None);
    while !options.is_empty() {
        let name: Ident = options.parse().map_err(|error| Error::new(error.span(), WIRE))?;
        let given_before = match name.to_string().as_str() {
            "row" => {
                colon(options, "row: 3584")?;
                row.replace(options.parse()?).is_some()
            }
            "sides" => {
                colon(options, "sides: [448]")?;
                let list;
                bracketed!(list in options);
                let list = list.parse_terminated(Expr::parse, Token![,])?;
                if list.len() > MOST_SIDES {
                    let message = format!("a row has at most {MOST_SIDES} side tensors: put two into one");
                    return Err(Error::new_spanned(&list, message));
                }
                sides.replace(list.into_iter().collect()).is_some()
            }
            _ => return Err(Error::new(name.span(), format!("opaque has no option `{name}`: {OPAQUE}"))),
        };
        end_of_option(options, &name, given_before)?;
    }
    let row = row.ok_or_else(|| Error::new(format, OPAQUE))?;
    Ok(Wire::Opaque { row, sides: sides.unwrap_or_default() })
}

fn colon(options: ParseStream<'_>, example: &str) -> Result<()> {
    options.parse::<Token![:]>().map_err(|error| Error::new(error.span(), format!("write `{example}`")))?;
    Ok(())
}

fn end_of_option(options: ParseStream<'_>, name: &Ident, given_before: bool) -> Result<()> {
    if given_before {
        return Err(Error::new(name.span(), format!("`{name}` is given twice: give it once")));
    }
    if !options.is_empty() {
        options.parse::<Token![,]>().map_err(|error| Error::new(error.span(), WIRE))?;
    }
    Ok(())
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

    /// The value, where it stands.
    fn number(&mut self, field: &str, value: &Expr) -> Number {
        let number = number(value).and_then(|number| {
            let outside = || {
                Error::new_spanned(value, format!("{field} must be from 0 to {}: {number} is not", u32::MAX))
            };
            u32::try_from(number).map_err(|_| outside())
        });
        let value_of = number.unwrap_or_else(|error| {
            self.add(error);
            0
        });
        Number { value: value_of.into(), span: value.span() }
    }
}

/// A number and the place of what it follows from, which errors point at.
#[derive(Clone, Copy)]
struct Number {
    value: u64,
    span: Span,
}

impl ToTokens for Number {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let mut literal = Literal::u64_unsuffixed(self.value);
        literal.set_span(self.span);
        tokens.append(literal);
    }
}

/// The const parameters of `dispatch` that follow from the wire: what `Shape` computes, and tests compare.
struct Moving {
    row_bytes: Number,
    side_words: Number,
    format: u32,
    scales: u32,
    block: Number,
}

pub(crate) fn expand(input: TokenStream) -> Result<TokenStream> {
    let Model { root, attributes, visibility, name, fields } = parse2(input)?;
    let mut mistakes = Mistakes::default();
    let (mut hidden, mut top_k, mut experts, mut wire): (Option<Number>, _, _, _) = (None, None, None, None);
    let (mut target, mut version) = (None, None);
    for Field { name: field, value } in &fields {
        let twice = match (field.to_string().as_str(), value) {
            (text @ "hidden", Value::Number(value)) => hidden.replace(mistakes.number(text, value)).is_some(),
            (text @ "top_k", Value::Number(value)) => top_k.replace(mistakes.number(text, value)).is_some(),
            (text @ "experts", Value::Number(value)) => {
                experts.replace(mistakes.number(text, value)).is_some()
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
    let elements = hidden.unwrap_or(Number { value: 0, span: name.span() });
    let none = Number { value: 0, span: Span::call_site() };
    let bf16 = Moving {
        row_bytes: Number { value: 2 * elements.value, ..elements },
        side_words: none,
        format: 0,
        scales: 0,
        block: none,
    };
    let (moving, wire) = match wire {
        None | Some(Wire::Bf16) => (bf16, quote!(#root::Wire::Bf16)),
        Some(Wire::Fp8 { element, block, scale }) => {
            let block = mistakes.number("block", block);
            let count =
                elements.value.checked_div(block.value).map_or(0, |_| elements.value.div_ceil(block.value));
            if block.value == 0 {
                mistakes.add(Error::new(block.span, "block must be at least 1: 0 is not"));
            }
            let is_byte = *scale == "Ue8m0";
            let quantises = [16, 32, 64, 128].contains(&block.value);
            let moving = Moving {
                row_bytes: elements,
                side_words: Number { value: if is_byte { count.div_ceil(4) } else { count }, ..elements },
                format: if quantises { 1 + u32::from(*element == "E5m2") } else { 0 },
                scales: if quantises { u32::from(*scale != "F32") + u32::from(is_byte) } else { 0 },
                block: if quantises { block } else { none },
            };
            let (element, scale) =
                (Ident::new(element, Span::call_site()), Ident::new(scale, Span::call_site()));
            let fields =
                quote!(element: #root::Float8::#element, block: #block, scale: #root::ScaleFormat::#scale);
            (moving, quote!(#root::Wire::Fp8(#root::Fp8 { #fields })))
        }
        Some(Wire::Opaque { row, sides }) => {
            let row = mistakes.number("row", row);
            let mut sides: Vec<Number> = sides.iter().map(|side| mistakes.number("a side", side)).collect();
            let bytes: u64 = sides.iter().map(|side| side.value).sum();
            let span = sides.last().map_or(row.span, |side| side.span);
            sides.resize(MOST_SIDES, none);
            let moving =
                Moving { row_bytes: row, side_words: Number { value: bytes.div_ceil(4), span }, ..bf16 };
            (moving, quote!(#root::Wire::Opaque(#root::Opaque { row_bytes: #row, sides: [#(#sides),*] })))
        }
    };
    let Moving { row_bytes, side_words, format, scales, block } = moving;
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
                    ROW_BYTES = #row_bytes, SIDE_WORDS = #side_words, TOP_K = #top_k,
                    FORMAT = #format, SCALES = #scales, BLOCK = #block
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
