//! `specialise!`: kernels and const parameters in, constants with PTX out.

use crossdock_codegen::{Error as CodegenError, back};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::{
    Attribute, Error, Expr, LitFloat, Path, Result, Token, Visibility, braced, bracketed, parse2, token,
};

use crate::arguments;
use crate::constant::number;
use crate::lower::{parse_all, unique};
use crate::state::{Loaded, Pending, State, many};

/// `/// docs pub const DISPATCH = path::to::dispatch { HIDDEN = 7168, TOP_K = 8 } for sm_90a, ptx
/// 8.6;`
struct Wanted {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    kernel: Path,
    parameters: Vec<(Ident, Expr)>,
    target: Option<Wish>,
}

/// What follows `for`: a target, and perhaps a PTX version.
struct Wish {
    target: Ident,
    version: Option<LitFloat>,
}

mod keyword {
    syn::custom_keyword!(ptx);
}

impl Parse for Wish {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let wanted = |error: Error| Error::new(error.span(), "write `for sm_90a`, or `for sm_90a, ptx 8.6`");
        let target = input.parse().map_err(wanted)?;
        let version = match input.parse::<Option<Token![,]>>()? {
            Some(_) => {
                input.parse::<keyword::ptx>().map_err(wanted)?;
                Some(input.parse().map_err(wanted)?)
            }
            None => None,
        };
        Ok(Wish { target, version })
    }
}

impl Wish {
    fn options(&self) -> Result<back::Options> {
        let version = self.version.as_ref().map(LitFloat::to_string);
        back::Options::new(&self.target.to_string(), version.as_deref()).map_err(|error| {
            match (&error, &self.version) {
                (CodegenError::Parameter { parameter, .. }, Some(version)) if parameter == "ptx" => {
                    Error::new_spanned(version, error.to_string())
                }
                _ => Error::new_spanned(&self.target, error.to_string()),
            }
        })
    }
}

impl Parse for Wanted {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        input.parse::<Token![const]>().map_err(instead)?;
        let name = input.parse().map_err(instead)?;
        if input.peek(Token![:]) {
            return Err(input.error("the type follows from the kernel: leave it out"));
        }
        input.parse::<Token![=]>().map_err(instead)?;
        let kernel = input.call(Path::parse_mod_style).map_err(instead)?;
        if kernel.segments.len() < 2 {
            return Err(Error::new_spanned(
                kernel,
                "name the kernel with its device module, as in `my_kernels::code::reduce`",
            ));
        }
        if !input.peek(token::Brace) {
            return Err(input
                .error("the const parameters are missing: write `{ NAME = 1 }`, or `{}` if there are none"));
        }
        let content;
        braced!(content in input);
        let mut parameters = Vec::new();
        while !content.is_empty() {
            let name: Ident = content
                .parse()
                .map_err(|error| Error::new(error.span(), "name a const parameter: write `NAME = 1`"))?;
            if content.parse::<Token![=]>().is_err() {
                return Err(content.error(format!("write `{name} = value`")));
            }
            parameters.push((name, content.parse()?));
            if !content.is_empty() && content.parse::<Token![,]>().is_err() {
                return Err(content.error("separate const parameters with commas"));
            }
        }
        let target = match input.parse::<Option<Token![for]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        if input.parse::<Token![;]>().is_err() {
            let message = "end this constant with `;`, after a target if there is one: `{ .. } for sm_90a;`";
            return Err(Error::new_spanned(&name, message));
        }
        Ok(Wanted { attributes, visibility, name, kernel, parameters, target })
    }
}

/// An item that is none of `specialise!`.
fn instead(error: Error) -> Error {
    Error::new(error.span(), "write `pub const NAME = path::to::code::kernel { PARAMETER = 1 };`")
}

impl Wanted {
    /// The path of the device module, and the kernel's name in it.
    fn split(&self) -> (TokenStream, Ident) {
        let mut module = self.kernel.clone();
        let kernel = module.segments.pop().map(|segment| segment.ident);
        module.segments.pop_punct();
        (module.to_token_stream(), kernel.unwrap_or_else(|| format_ident!("kernel")))
    }
}

struct Items(TokenStream, Vec<Wanted>, TokenStream);

impl Parse for Items {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let root;
        bracketed!(root in input);
        let root = root.parse()?;
        let rest: TokenStream = input.fork().parse()?;
        Ok(Items(root, many(input)?, rest))
    }
}

pub(crate) fn start(input: TokenStream) -> Result<TokenStream> {
    let Items(root, wanted, payload) = parse2(input)?;
    let modules = wanted.iter().enumerate().map(|(position, wanted)| Pending {
        tag: Some(position),
        digest: None,
        path: wanted.split().0,
    });
    let then = format_ident!("specialise_linked");
    let state = State { root: root.clone(), then, pending: modules.collect(), loaded: Vec::new(), payload };
    Ok(quote!(#root::__private::link! { #state }))
}

struct Payload(Vec<Wanted>);

impl Parse for Payload {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        many(input).map(Payload)
    }
}

pub(crate) fn finish(input: TokenStream) -> Result<TokenStream> {
    let State { root, loaded, payload, .. } = parse2(input)?;
    let Payload(wanted) = parse2(payload)?;
    if loaded.iter().any(|module| module.ir.value().is_empty()) {
        return Err(Error::new(
            Span::call_site(),
            "these kernels have errors in the crate that defines them",
        ));
    }
    let mut mistakes: Vec<Error> = Vec::new();
    let mut output = TokenStream::new();
    let modules = parse_all(&loaded)?;
    let program = back::link(unique(modules.iter().cloned()))
        .map_err(|error| Error::new(Span::call_site(), error.to_string()))?;
    for (position, wanted) in wanted.iter().enumerate() {
        let at = |(loaded, module): (&Loaded, &crossdock_codegen::ir::Module)| {
            (loaded.tag == Some(position)).then(|| module.name.clone())
        };
        let module = loaded.iter().zip(&modules).find_map(at).unwrap_or_default();
        match image(&program, &module, wanted, &root) {
            Ok(tokens) => output.extend(tokens),
            // Kernels of one set share their relations: each is reported once.
            Err(error) => mistakes.extend(
                error
                    .into_iter()
                    .filter(|error| !mistakes.iter().any(|known| same(known, error)))
                    .collect::<Vec<_>>(),
            ),
        }
    }
    let all = mistakes.into_iter().reduce(|mut all, next| {
        all.combine(next);
        all
    });
    all.map_or(Ok(output), Err)
}

fn same(one: &Error, other: &Error) -> bool {
    let place = |error: &Error| (error.span().start().line, error.span().start().column);
    place(one) == place(other) && one.to_string() == other.to_string()
}

fn image(program: &back::Program, module: &str, wanted: &Wanted, root: &TokenStream) -> Result<TokenStream> {
    let (path, kernel) = wanted.split();
    let mut parameters = Vec::new();
    let mut unknown: Option<Error> = None;
    for (name, value) in &wanted.parameters {
        match (number(value), &mut unknown) {
            (Ok(value), _) => parameters.push((name.to_string(), value)),
            (Err(error), Some(all)) => all.combine(error),
            (Err(error), None) => unknown = Some(error),
        }
    }
    if let Some(error) = unknown {
        return Err(error);
    }
    let borrowed: Vec<(&str, i128)> =
        parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let name = format!("{module}::{kernel}");
    let options = wanted.target.as_ref().map_or(Ok(back::Options::default()), Wish::options)?;
    let specialised = back::specialise(program, &name, &borrowed, &options);
    let specialised = specialised.map_err(|error| match error {
        CodegenError::NoSuchKernel { .. } => no_such_kernel(program, module, &kernel),
        error => located(&error, wanted),
    })?;
    let Wanted { attributes, visibility, name, .. } = wanted;
    let arguments = arguments::name(&kernel);
    let ptx = specialised.ptx.to_string();
    let needs = specialised.needs;
    let back::LaunchNeeds { block_is_most, grid_dimensions, shared_bytes, dynamic_shared_unit, .. } = needs;
    let block = needs.block.extents();
    Ok(quote! {
        #(#attributes)*
        #visibility const #name: #root::__private::KernelImage<#path::#arguments> =
            #root::__private::KernelImage::new(#ptx, #root::__private::LaunchNeeds {
                block: #root::__private::Dim3::new(#(#block),*),
                block_is_most: #block_is_most,
                grid_dimensions: #grid_dimensions,
                shared_bytes: #shared_bytes,
                dynamic_shared_unit: #dynamic_shared_unit,
            });
    })
}

/// What the module has instead.
fn no_such_kernel(program: &back::Program, module: &str, kernel: &Ident) -> Error {
    let kernels = program.kernels().into_iter().filter(|known| known.module == module);
    let names: Vec<String> = kernels.map(|known| format!("`{}`", known.name)).collect();
    let has = match names.is_empty() {
        true => "none: mark a function with `#[kernel(warps = 8)]`".to_string(),
        false => names.join(", "),
    };
    Error::new(kernel.span(), format!("this device module has no kernel `{kernel}`: it has {has}"))
}

/// The error at the value that causes it, as far as that is known.
fn located(error: &CodegenError, wanted: &Wanted) -> Error {
    if let CodegenError::Several(errors) = error {
        let all = errors.iter().map(|error| located(error, wanted)).reduce(|mut all, next| {
            all.combine(next);
            all
        });
        return all.unwrap_or_else(|| Error::new_spanned(&wanted.kernel, error.to_string()));
    }
    let culprits: &[String] = match error {
        CodegenError::Relation { parameters, .. } => parameters,
        CodegenError::Parameter { parameter, .. } => std::slice::from_ref(parameter),
        _ => &[],
    };
    let given =
        culprits.iter().find_map(|culprit| wanted.parameters.iter().rfind(|(name, _)| name == culprit));
    match given {
        // A value that breaks a relation or does not fit; a name that is unknown or repeated.
        Some((_, value)) if matches!(error, CodegenError::Relation { .. }) => {
            Error::new_spanned(value, error.to_string())
        }
        Some((name, value)) => match error.to_string().contains(" must be ") {
            true => Error::new_spanned(value, error.to_string()),
            false => Error::new(name.span(), error.to_string()),
        },
        None => Error::new_spanned(&wanted.kernel, error.to_string()),
    }
}
