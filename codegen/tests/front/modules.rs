//! Device modules from source text, and the IR as text without positions.

use crossdock_codegen::front::{self, Diagnostic, Source};
use crossdock_codegen::{ir, text};

/// The items of a device module.
pub(crate) fn items(source: &str) -> Vec<syn::Item> {
    syn::parse_file(source).expect("the test's source is Rust").items
}

/// Lowers a module without imports other than intrinsics.
pub(crate) fn lower(name: &str, source: &str) -> Result<ir::Module, Vec<Diagnostic>> {
    lower_with(name, source, &[])
}

/// Lowers a module whose `use` declarations lead to `imports`, in order.
pub(crate) fn lower_with(
    name: &str,
    source: &str,
    imports: &[&ir::Module],
) -> Result<ir::Module, Vec<Diagnostic>> {
    let origin = Source { name, file: "code.rs", text: Some(source) };
    front::lower(&items(source), &origin, imports, imports)
}

/// Lowers a module that has no mistakes.
pub(crate) fn lowered(source: &str) -> ir::Module {
    lower("code", source).unwrap_or_else(|mistakes| panic!("{}\n{source}", sentences(&mistakes).join("\n")))
}

/// The sentences of all mistakes.
pub(crate) fn sentences(mistakes: &[Diagnostic]) -> Vec<String> {
    mistakes.iter().map(|mistake| mistake.message.clone()).collect()
}

/// One function's IR as text, without positions.
pub(crate) fn function(source: &str, name: &str) -> String {
    let mut module = lowered(source);
    module.functions.retain(|function| function.name == name);
    module.structs.clear();
    module.constants.clear();
    module.lines.clear();
    canonical(&without_positions(&text::print(&module)))
}

/// The IR text as it is printed.
pub(crate) fn canonical(text: &str) -> String {
    match text::parse(text) {
        Ok(module) => text::print(&module),
        Err(error) => panic!("{error}\n{text}"),
    }
}

/// Removes `@line:column` from IR text.
fn without_positions(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('@') {
        plain.push_str(&rest[..start]);
        rest = rest[start + 1..].trim_start_matches(|c: char| c.is_ascii_digit() || c == ':');
    }
    plain + rest
}
