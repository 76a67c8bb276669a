//! `specialise!`: kernels and const parameters in, constants with PTX out.

use crossdock_codegen::{Error as CodegenError, back};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Error, Expr, ExprLit, ExprUnary, Lit, LitFloat, Path, Result, Token, UnOp, Visibility, braced,
    bracketed, parse2,
};

use crate::arguments;
use crate::lower::parse_all;
use crate::state::{Loaded, Pending, State, many};

/// `/// docs pub const DISPATCH = path::to::dispatch { HIDDEN = 7168, TOP_K = 8 } for sm_90a, ptx 8.6;`
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
        let target = input.parse()?;
        let version = match input.parse::<Option<Token![,]>>()? {
            Some(_) => {
                input.parse::<keyword::ptx>()?;
                Some(input.parse()?)
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
        input.parse::<Token![const]>()?;
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        let kernel = input.call(Path::parse_mod_style)?;
        let content;
        braced!(content in input);
        let parameter = |input: ParseStream<'_>| {
            let name = input.parse()?;
            input.parse::<Token![=]>()?;
            Ok((name, input.parse()?))
        };
        let parameters: Punctuated<(Ident, Expr), Token![,]> =
            Punctuated::parse_terminated_with(&content, parameter)?;
        let target = match input.parse::<Option<Token![for]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        input.parse::<Token![;]>()?;
        if kernel.segments.len() < 2 {
            return Err(Error::new_spanned(
                kernel,
                "name the kernel with its device module, as in `my_kernels::code::reduce`",
            ));
        }
        let parameters = parameters.into_iter().collect();
        Ok(Wanted { attributes, visibility, name, kernel, parameters, target })
    }
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
    let modules = wanted
        .iter()
        .enumerate()
        .map(|(position, wanted)| Pending { tag: Some(position), path: wanted.split().0 });
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
    let mut all: Option<Error> = None;
    let mut output = TokenStream::new();
    let modules = parse_all(&loaded)?;
    let mut unique: Vec<crossdock_codegen::ir::Module> = Vec::new();
    for module in &modules {
        if !unique.contains(module) {
            unique.push(module.clone());
        }
    }
    let program = back::link(unique).map_err(|error| Error::new(Span::call_site(), error.to_string()))?;
    for (position, wanted) in wanted.iter().enumerate() {
        let at = |(loaded, module): (&Loaded, &crossdock_codegen::ir::Module)| {
            (loaded.tag == Some(position)).then(|| module.name.clone())
        };
        let module = loaded.iter().zip(&modules).find_map(at).unwrap_or_default();
        match image(&program, &module, wanted, &root) {
            Ok(tokens) => output.extend(tokens),
            Err(error) => match &mut all {
                Some(all) => all.combine(error),
                None => all = Some(error),
            },
        }
    }
    all.map_or(Ok(output), Err)
}

fn image(program: &back::Program, module: &str, wanted: &Wanted, root: &TokenStream) -> Result<TokenStream> {
    let (path, kernel) = wanted.split();
    let mut parameters = Vec::new();
    for (name, value) in &wanted.parameters {
        parameters.push((name.to_string(), number(value)?));
    }
    let borrowed: Vec<(&str, i128)> =
        parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let name = format!("{module}::{kernel}");
    let options = wanted.target.as_ref().map_or(Ok(back::Options::default()), Wish::options)?;
    let specialised = back::specialise(program, &name, &borrowed, &options);
    let specialised = specialised.map_err(|error| located(&error, wanted))?;
    let Wanted { attributes, visibility, name, .. } = wanted;
    let arguments = arguments::name(&kernel);
    let ptx = specialised.ptx.to_string();
    let threads = specialised.block_threads;
    let shared = u32::try_from(specialised.shared_bytes).unwrap_or(u32::MAX);
    Ok(quote! {
        #(#attributes)*
        #visibility const #name: #root::__private::KernelImage<#path::#arguments> =
            #root::__private::KernelImage::new(#ptx, #threads, #shared);
    })
}

/// The error at the value that causes it, as far as that is known.
fn located(error: &CodegenError, wanted: &Wanted) -> Error {
    let culprits: &[String] = match error {
        CodegenError::Relation { parameters, .. } => parameters,
        CodegenError::Parameter { parameter, .. } => std::slice::from_ref(parameter),
        _ => &[],
    };
    let value =
        culprits.iter().find_map(|culprit| wanted.parameters.iter().find(|(name, _)| name == culprit));
    match value {
        Some((_, value)) => Error::new_spanned(value, error.to_string()),
        None => Error::new_spanned(&wanted.kernel, error.to_string()),
    }
}

/// The value of an integer or bool literal.
fn number(value: &Expr) -> Result<i128> {
    match value {
        Expr::Group(group) => number(&group.expr),
        Expr::Paren(inner) => number(&inner.expr),
        Expr::Lit(ExprLit { lit: Lit::Int(integer), .. }) => integer.base10_parse(),
        Expr::Lit(ExprLit { lit: Lit::Bool(boolean), .. }) => Ok(i128::from(boolean.value)),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => Ok(-number(expr)?),
        _ => {
            Err(Error::new_spanned(value, "a macro cannot evaluate this: write an integer or `true`/`false`"))
        }
    }
}
