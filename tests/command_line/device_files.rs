//! `crossdock ptx --file`: kernels of somebody's own file, and what is said about its mistakes.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::{crossdock_in, text};

const KERNELS: &str = r#"//! Somebody's kernels.
use crossdock::device;

#[device]
pub mod scaling {
    use crossdock::prelude::*;

    pub const STEP: u32 = 2;

    pub fn scaled(value: u32, by: u32) -> u32 {
        value * by + STEP
    }
}

pub mod inner {
    use crossdock::device;

    #[device]
    pub mod code {
        use crossdock::prelude::*;
        use super::super::scaling::scaled;

        /// Scales a row.
        #[kernel(warps = 2)]
        pub fn scale<const BY: u32, const TWICE: bool>(values: Global<u32>, count: u32) {
            const { assert!(BY > 0, "BY must be positive: {} is not", BY) };
            let index = block_in_grid() * threads_in_block() + thread_in_block();
            if index < count {
                let place = values.at(index);
                let mut value = scaled(place.read(), BY);
                if TWICE {
                    value = scaled(value, BY);
                }
                place.write(value);
            }
        }
    }
}
"#;

const BARE: &str = r#"/// Copies a word.
#[kernel(warps = 1)]
fn copy(from: Global<u32>, to: Peer<u32>) {
    if lane() == 0 {
        to.store(from.read(), Release, System);
    }
}
"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("kernels.rs"), KERNELS).expect("written");
    fs::write(folder.path().join("bare.rs"), BARE).expect("written");
    folder
}

fn printed(folder: &Path, arguments: &str) -> String {
    let output = crossdock_in(folder, arguments);
    assert!(output.status.success(), "{arguments}: {}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "", "{arguments}");
    text(&output.stdout).to_string()
}

#[test]
fn a_kernel_of_a_file_is_printed() {
    let folder = folder();
    let ptx = printed(folder.path(), "ptx --file kernels.rs --kernel scale --param BY=3 --param TWICE=true");
    assert_eq!(crossdock_ptx::parse(&ptx).map(|module| module.check()), Ok(Ok(())));
    insta::assert_snapshot!("file", ptx);
    // The only kernel needs no name, and the target is anybody's choice.
    let same = printed(folder.path(), "ptx --file kernels.rs --param TWICE=true --param BY=3");
    assert_eq!(same, ptx);
    let newer = printed(folder.path(), "ptx --file bare.rs --target sm_90a");
    assert!(newer.starts_with(".version 8.4\n.target sm_90a\n"), "{newer}");
}

#[test]
fn the_text_is_the_same_from_everywhere() {
    let (one, other) = (folder(), folder());
    let inside = one.path().join("inside");
    fs::create_dir(&inside).expect("made");
    let asked = "--kernel scale --param BY=3 --param TWICE=false";
    let first = printed(one.path(), &format!("ptx --file kernels.rs {asked}"));
    assert_eq!(printed(&inside, &format!("ptx --file ../kernels.rs {asked}")), first);
    assert_eq!(
        printed(one.path(), &format!("ptx --file {}/kernels.rs {asked}", other.path().display())),
        first
    );
    assert!(first.contains(".file 1 \"kernels.rs\""), "{first}");
}

#[test]
fn kernels_are_listed_and_shown_as_ir() {
    let folder = folder();
    assert_eq!(
        printed(folder.path(), "ptx --file kernels.rs --list"),
        "scale<const BY: u32, const TWICE: bool>(values: Global<u32>, count: u32) warps = 2\n"
    );
    assert_eq!(
        printed(folder.path(), "ptx --file bare.rs --list"),
        "copy(from: Global<u32>, to: Peer<u32>) warps = 1\n"
    );
    for arguments in
        ["ptx --file bare.rs --ir", "ptx --file kernels.rs --kernel scale --ir", "ptx --kernel dispatch --ir"]
    {
        let ir = printed(folder.path(), arguments);
        let module =
            crossdock_codegen::text::parse(&ir).unwrap_or_else(|error| panic!("{arguments}: {error}"));
        assert_eq!(crossdock_codegen::text::print(&module), ir, "{arguments}");
    }
}

/// crossdock's own sources are files like any other.
#[test]
fn shipped_kernels_come_out_as_they_are_shipped() {
    let kernels = Path::new(env!("CARGO_MANIFEST_DIR")).join("device/src/kernels");
    let asked = "--file count.rs --param TOP_K=2 --param EXPERTS=64";
    let from_file = printed(&kernels, &format!("ptx {asked}"));
    let shipped = printed(&kernels, "ptx --kernel count --top-k 2 --experts 64");
    let code = |ptx: &str| {
        let lines =
            ptx.lines().map(str::trim).filter(|line| !line.starts_with(".file") && !line.starts_with(".loc"));
        lines.map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(code(&from_file), code(&shipped));
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let folder = folder();
    let sources = [
        ("syntax.rs", "#[kernel(warps = 1)]\nfn f( {}\n".to_string()),
        ("nothing.rs", "fn main() {}\n".to_string()),
        ("many.rs", BARE.replace("if lane() == 0 {", "let double = |x: u32| x * 2;\n\tlet r = &from;\n    if let 0 = lane() {")),
        ("divergent.rs", BARE.replace("to.store", "warp_barrier();\n        to.store")),
        ("circle.rs", "#[device] mod a { use super::b::f; pub fn g() { f(); } }\n#[device] mod b { use super::a::g; pub fn f() { g(); } }\n".to_string()),
        ("elsewhere.rs", "#[device] mod a { use crate::other::code::f; pub fn g() { f(); } }\n".to_string()),
        ("recursive.rs", "#[device] mod a { pub fn g(n: u32) -> u32 { if n == 0 { 0 } else { g(n - 1) } } }\n".to_string()),
        ("target.rs", "#[kernel(warps = 1)]\nfn f(to: Global<u16>, value: f32) {\n    to.write(pack_e4m3(value, value));\n}\n".to_string()),
        ("index.rs", "#[kernel(warps = 1)]\nfn f<const N: usize>(to: Global<u32>, at: u32) {\n    let list = [1u32; N];\n    to.write(list[at as usize]);\n}\n".to_string()),
        ("deep.rs", format!("#[kernel(warps = 1)]\nfn f() {{ let x = {}1; }}\n", "-".repeat(50_000))),
        ("nested.rs", format!("#[kernel(warps = 1)]\nfn f() {{ let x = {}1u32{}; }}\n", "(".repeat(3_000), ")".repeat(3_000))),
    ];
    for (name, source) in &sources {
        fs::write(folder.path().join(name), source).expect("written");
    }
    fs::write(folder.path().join("bytes.rs"), [0xff, 0xfe, 0]).expect("written");
    fs::write(folder.path().join("large.rs"), vec![b' '; 300 << 10]).expect("written");
    let mut transcript = String::new();
    for arguments in [
        "syntax.rs",
        "nothing.rs",
        "many.rs",
        "divergent.rs",
        "circle.rs",
        "elsewhere.rs",
        "recursive.rs",
        "target.rs",
        "index.rs --param N=4",
        "deep.rs",
        "nested.rs",
        "bytes.rs",
        "large.rs",
        "missing.rs",
        ".",
        "kernels.rs",
        "kernels.rs --param BY=3",
        "kernels.rs --param BY=0 --param TWICE=true",
        "kernels.rs --param BY=-1 --param TWICE=true",
        "kernels.rs --param BY=1 --param TWICE=true --param MORE=1",
        "kernels.rs --param BY",
        "kernels.rs --param BY=many",
        "kernels.rs --kernel copy",
        "kernels.rs --target hopper",
        "kernels.rs --hidden 64",
    ] {
        let output = crossdock_in(folder.path(), &format!("ptx --file {arguments}"));
        assert_eq!(output.status.code(), Some(2), "{arguments}: {}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "", "{arguments}");
        let shown: String = text(&output.stderr).chars().take(1500).collect();
        writeln!(transcript, "$ crossdock ptx --file {arguments}\n{shown}").expect("strings grow");
    }
    insta::assert_snapshot!(transcript);
}

/// A kernel in the tool's file imports as it would with the macro, by the short path and by the one
/// of the module itself.
#[test]
fn files_import_as_macros_do() {
    for import in [
        "crossdock::numbers::half::bf16",
        "crossdock::numbers::half::code::bf16",
        "crossdock::library::approximate::approximate_exp2",
        "crossdock::library::multicast::floats::*",
        "crossdock::library::code::B128",
        "crossdock::library::*",
    ] {
        let file =
            format!("use {import};\n#[kernel(warps = 1)]\npub fn k(x: Global<u32>) {{ x.write(1); }}\n");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("k.rs"), file).expect("written");
        let output = crossdock_in(folder.path(), "ptx --file k.rs");
        assert!(output.status.success(), "{import}: {}", text(&output.stderr));
    }
}
