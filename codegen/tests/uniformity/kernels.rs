//! Kernels from a few lines of Rust.

use crossdock_codegen::back::{self, Options};
use crossdock_codegen::{Error, front};

/// Compiles a kernel `k` of this block with this body, before the other items.
fn compile(block: &str, body: &str, items: &str) -> Result<(), Error> {
    let source = format!(
        "#[kernel({block})] fn k<const MODE: u32>(n: u32, out: Global<u32>, flag: Global<u32>) {{ {body} }}\n{items}"
    );
    let file = syn::parse_file(&source).expect("the test's source is Rust");
    let place = front::Source { name: "code", file: "code.rs", text: None };
    let module = front::lower(&file.items, &place, &[], &[])
        .unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{source}"));
    let program = back::link(vec![module])?;
    back::specialise(&program, "k", &[("MODE", 1)], &Options::default()).map(drop)
}

/// Takes a kernel of two warps.
#[track_caller]
pub(crate) fn takes(body: &str) {
    takes_with(2, body, "");
}

/// Takes a kernel of `warps` warps with other items.
#[track_caller]
pub(crate) fn takes_with(warps: u32, body: &str, items: &str) {
    takes_in(&format!("warps = {warps}"), body, items);
}

/// Takes a kernel with this block, such as `threads = (16, 4)`, and other items.
#[track_caller]
pub(crate) fn takes_in(block: &str, body: &str, items: &str) {
    if let Err(error) = compile(block, body, items) {
        panic!("{error}\n{block}: {body}\n{items}");
    }
}

/// Refuses a kernel of two warps at `line` with this sentence, and nothing else.
#[track_caller]
pub(crate) fn refuses(body: &str, line: u32, sentence: &str) {
    refuses_with(2, body, "", line, sentence);
}

/// Refuses a kernel of `warps` warps with other items.
#[track_caller]
pub(crate) fn refuses_with(warps: u32, body: &str, items: &str, line: u32, sentence: &str) {
    refuses_in(&format!("warps = {warps}"), body, items, line, sentence);
}

/// Refuses a kernel with this block and other items.
#[track_caller]
pub(crate) fn refuses_in(block: &str, body: &str, items: &str, line: u32, sentence: &str) {
    match compile(block, body, items) {
        Err(Error::Specialise(mistakes)) => {
            let found: Vec<(u32, &str)> =
                mistakes.iter().map(|mistake| (mistake.span.line, mistake.message.as_str())).collect();
            assert_eq!(found, [(line, sentence)], "{body}");
        }
        other => panic!("expected a refusal, found {other:?}\n{body}\n{items}"),
    }
}
