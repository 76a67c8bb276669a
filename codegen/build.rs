//! A fingerprint of the compiler's sources, so that PTX which another version of it made is never
//! taken for its own.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let mut hasher = DefaultHasher::new();
    // The instruction table and the printer stand beside this crate in the repository; a published
    // one has its version.
    for folder in ["src", "../ptx/src"] {
        if Path::new(folder).is_dir() {
            println!("cargo::rerun-if-changed={folder}");
            let mut files = Vec::new();
            collect(Path::new(folder), &mut files);
            files.sort();
            for file in files {
                file.hash(&mut hasher);
                fs::read(&file).unwrap_or_default().hash(&mut hasher);
            }
        }
    }
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    println!("cargo::rustc-env=CROSSDOCK_FINGERPRINT={version}-{:016x}", hasher.finish());
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
