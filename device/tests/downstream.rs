//! A stranger's crate that depends on this one under another name: it builds, its PTX is the same
//! in every folder, and one `kernels!` module costs its build little.
//!
//! It is built from scratch, so this is run by hand and in CI:
//! `cargo test -p crossdock-device --test downstream -- --ignored --nocapture`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const OWN: &str = r#"
/// A kernel of this crate.
#[dock::device]
pub mod code {
    use dock::library::reductions::warp_sum;
    use dock::prelude::*;

    /// Writes a number.
    #[kernel(warps = 1)]
    pub fn mark<const NUMBER: u32>(out: Global<u32>) {
        out.write(NUMBER);
    }

    /// A generic function of the other crate, for a type that this one chooses.
    #[kernel(warps = 1)]
    pub fn total(values: Global<f32>, out: Global<f32>) {
        out.write(warp_sum::<f32>(values.at(lane()).read()));
    }
}

dock::specialise! {
    const MARK = code::mark { NUMBER = 7 };
    const TOTAL = code::total {};
}
"#;

const MODEL: &str = r#"
dock::kernels! {
    /// DeepSeek-V3 shapes.
    pub mod deepseek_v3 { wire: fp8(e4m3, block: 128, scale: f32), hidden: 7 * 1024, top_k: 8, experts: 256 }
}
"#;

/// The crate in a folder, with or without the model.
fn write(folder: &Path, with_model: bool) {
    let device = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::create_dir_all(folder.join("src")).expect("made");
    let manifest = format!(
        "[package]\nname = \"somebody\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\ndock = {{ package = \"crossdock-device\", path = {device:?} }}\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest).expect("written");
    // The versions that are here already.
    fs::copy(device.join("../Cargo.lock"), folder.join("Cargo.lock")).expect("copied");
    let (model, shown) = match with_model {
        true => (MODEL, "deepseek_v3::DISPATCH.ptx"),
        false => ("", "\"\""),
    };
    let main = format!("fn main() {{\n    print!(\"{{}}{{}}{{}}\", MARK.ptx, TOTAL.ptx, {shown});\n}}\n");
    fs::write(folder.join("src/main.rs"), format!("{OWN}{model}{main}")).expect("written");
}

fn cargo(folder: &Path, target: &Path, verb: &str) -> Output {
    let mut command = Command::new(env!("CARGO"));
    command.args([verb, "--quiet", "--offline"]).current_dir(folder).env("CARGO_TARGET_DIR", target);
    let output = command.output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// The fastest of three builds of the crate alone.
fn build_time(folder: &Path, target: &Path, with_model: bool) -> Duration {
    let once = || {
        write(folder, with_model);
        let start = Instant::now();
        cargo(folder, target, "build");
        start.elapsed()
    };
    once();
    (0..3).map(|_| once()).min().unwrap_or_default()
}

#[test]
#[ignore = "builds this crate from scratch for a crate outside"]
fn a_crate_outside_builds_quickly_and_the_same_everywhere() {
    let place = tempfile::tempdir().expect("a folder");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("downstream");
    let (one, other) = (place.path().join("one"), place.path().join("somewhere/else/entirely"));
    let ptx = [&one, &other].map(|folder| {
        write(folder, true);
        cargo(folder, &target, "run").stdout
    });
    assert!(String::from_utf8_lossy(&ptx[0]).contains(".file 1 \"somebody/src/main.rs\""));
    assert!(ptx[0] == ptx[1], "the folder shows in the PTX");
    let (without, with) = (build_time(&one, &target, false), build_time(&one, &target, true));
    println!(
        "cargo build without `kernels!`: {without:.2?}, with: {with:.2?}, so it costs {:.2?}",
        with.saturating_sub(without)
    );
}
