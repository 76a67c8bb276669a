//! The end of a device module's chain: check, lower, and define what others fetch.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crossdock_codegen::{Error, Mistake, back, front, ir, text};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::{File, Item, LitStr, Result, braced, parse2};

use crate::arguments;
use crate::device::{errors, import};
use crate::state::{Loaded, Pending, State, raw};

/// The payload: the module's name and items.
struct Payload {
    name: LitStr,
    items: File,
}

impl Parse for Payload {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name = input.parse()?;
        let items;
        braced!(items in input);
        Ok(Payload { name, items: items.parse()? })
    }
}

pub(crate) fn expand(input: TokenStream) -> Result<TokenStream> {
    let State { root, loaded, payload, .. } = parse2(input)?;
    let Payload { name, items } = parse2(payload)?;
    let source = SourceFile::of(name.span());
    let identity = source.identity(&name.value());
    let (lowered, mistakes) = match lower(&identity, &source, &items, &loaded) {
        Ok(lowered) => (lowered, None),
        Err(error) => (None, Some(error.into_compile_error())),
    };
    let parameters = items.items.iter().filter_map(|item| match item {
        Item::Struct(item) => arguments::of_struct(item, lowered.as_ref().map(|it| &it.launchable), &root),
        _ => None,
    });
    let parameters: Vec<TokenStream> = parameters.collect();
    let ir = lowered.map(|lowered| lowered.ir).unwrap_or_default();
    let imports = match front::dependencies(&items.items) {
        Ok(dependencies) => (0..dependencies.len()).map(import).collect::<Vec<_>>(),
        Err(_) => Vec::new(),
    };
    let digest = |position| loaded.iter().find(|it| it.tag == Some(position)).map(|it| hash(&it.ir.value()));
    let fetched = imports.iter().enumerate().map(|(position, name)| Pending {
        tag: None,
        digest: digest(position),
        path: quote!(__device::imports::#name),
    });
    let ir = raw(&ir);
    let unique = format_ident!("__crossdock_ir_{:016x}", hash(&(&identity, source.line)));
    Ok(quote! {
        #mistakes
        #(#parameters)*

        #[doc(hidden)]
        #[macro_export]
        macro_rules! #unique {
            ([$($callback:tt)*] $($state:tt)*) => {
                $($callback)* ! { $($state)* #ir [#(#fetched)*] }
            };
        }
        #[doc(hidden)]
        pub use #unique as ir;

        /// The IR of this module, for specialisation at run time.
        pub static MODULE: #root::__private::DeviceModule = #root::__private::DeviceModule {
            ir: #ir,
            imports: &[#(&imports::#imports::__device::MODULE),*],
        };
    })
}

/// What a module becomes.
struct Lowered {
    /// Its IR text.
    ir: String,
    /// The names of the structs that a launch can pass to a kernel.
    launchable: Vec<String>,
}

/// What the module becomes; nothing without an error when an import already has errors of its own.
fn lower(identity: &str, source: &SourceFile, items: &File, loaded: &[Loaded]) -> Result<Option<Lowered>> {
    if loaded.iter().any(|module| module.ir.value().is_empty()) {
        return Ok(None);
    }
    let modules = parse_all(loaded)?;
    let direct = loaded.iter().zip(&modules).filter_map(|(loaded, module)| Some((loaded.tag?, module)));
    let mut direct: Vec<(usize, &ir::Module)> = direct.collect();
    direct.sort_by_key(|(position, _)| *position);
    let direct: Vec<&ir::Module> = direct.into_iter().map(|(_, module)| module).collect();
    let all: Vec<&ir::Module> = modules.iter().collect();
    let text = source.path.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
    let source = front::Source { name: identity, file: &source.shown, text: text.as_deref() };
    let module = front::lower(&items.items, &source, &direct, &all).map_err(errors)?;
    let (ir, name) = (text::print(&module), module.name.clone());
    let launchable = module.launchable_structs(&modules);
    let linked = back::define(unique(modules.into_iter().chain([module])), &name);
    let mistakes = match &linked {
        Ok(program) => back::examine(program, &name),
        Err(Error::Invalid(mistakes)) => mistakes.clone(),
        Err(error) => {
            vec![Mistake { file: String::new(), span: ir::Span::default(), message: error.to_string() }]
        }
    };
    match mistakes.is_empty() {
        true => Ok(Some(Lowered { ir, launchable })),
        false => Err(errors(located(mistakes, source.file, &items.items))),
    }
}

/// Each module once.
pub(crate) fn unique(modules: impl IntoIterator<Item = ir::Module>) -> Vec<ir::Module> {
    let mut unique: Vec<ir::Module> = Vec::new();
    for module in modules {
        if !unique.contains(&module) {
            unique.push(module);
        }
    }
    unique
}

/// Mistakes at the tokens that stand where they point, or else at the first token that is left.
fn located(mistakes: Vec<Mistake>, file: &str, items: &[Item]) -> Vec<front::Diagnostic> {
    let mut tokens = BTreeMap::new();
    items.iter().for_each(|item| places(item.to_token_stream(), &mut tokens));
    let locate = |mistake: Mistake| {
        let at = (mistake.span.line as usize, mistake.span.column as usize);
        let here = mistake.file == file;
        let known = tokens.range(..=at).next_back().filter(|_| here);
        match known {
            Some((_, span)) => front::Diagnostic { span: *span, message: mistake.message },
            None => front::Diagnostic { span: Span::call_site(), message: mistake.to_string() },
        }
    };
    mistakes.into_iter().map(locate).collect()
}

/// Where each token starts.
fn places(tokens: TokenStream, found: &mut BTreeMap<(usize, usize), Span>) {
    for token in tokens {
        let start = token.span().start();
        found.entry((start.line, start.column)).or_insert(token.span());
        if let TokenTree::Group(group) = token {
            places(group.stream(), found);
        }
    }
}

/// Parses the IR of every module that arrived.
pub(crate) fn parse_all(loaded: &[Loaded]) -> Result<Vec<ir::Module>> {
    let parse = |loaded: &Loaded| {
        let failed = |error: crossdock_codegen::Error| syn::Error::new(Span::call_site(), error.to_string());
        text::parse(&loaded.ir.value()).map_err(failed)
    };
    loaded.iter().map(parse).collect()
}

/// The Rust file that a device module stands in.
struct SourceFile {
    path: Option<PathBuf>,
    /// Package name and path inside the package: the same on every machine.
    shown: String,
    line: usize,
}

impl SourceFile {
    fn of(span: Span) -> Self {
        let path = span.local_file();
        let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
        let absolute =
            path.as_deref().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()));
        let inside =
            absolute.as_deref().and_then(|path| path.strip_prefix(&manifest).ok()).map(Path::to_path_buf);
        let inside = inside
            .or_else(|| path.as_deref().and_then(Path::file_name).map(PathBuf::from))
            .unwrap_or_default();
        let shown =
            [package].into_iter().chain(inside.iter().map(|part| part.to_string_lossy().into_owned()));
        let shown = shown.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        SourceFile { path, shown, line: span.start().line }
    }

    /// A name like a Rust path: crate, file below `src`, module.
    fn identity(&self, module: &str) -> String {
        let krate = std::env::var("CARGO_CRATE_NAME").unwrap_or_else(|_| "crate".to_string());
        let below = self.shown.split_once('/').map_or("", |(_, rest)| rest);
        let below = below.strip_prefix("src/").unwrap_or(below).trim_end_matches(".rs");
        let parts = below.split('/').filter(|part| !matches!(*part, "" | "lib" | "main" | "mod"));
        let path = [krate.as_str()].into_iter().chain(parts).chain([module]);
        path.map(|part| part.replace(|c: char| !c.is_alphanumeric() && c != '_', "_"))
            .collect::<Vec<_>>()
            .join("::")
    }
}

pub(crate) fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
