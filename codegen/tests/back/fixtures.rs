//! Fixtures: IR text whose first comment lines give the const parameters.

use std::path::{Path, PathBuf};

use crossdock_codegen::back::{self, Kernel, Options, Program};
use crossdock_codegen::{Error, text};

/// A kernel to specialise.
pub(crate) struct Fixture {
    /// File name without extension; also the kernel's name.
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) parameters: Vec<(String, i128)>,
}

/// Every fixture, by name.
pub(crate) fn all() -> Vec<Fixture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/back/fixtures");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the fixtures are there")
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            let parameters = text
                .lines()
                .map_while(|line| line.strip_prefix("// "))
                .filter_map(|line| line.split_once(" = "))
                .map(|(name, value)| (name.to_string(), value.parse().unwrap()))
                .collect();
            Fixture { name: path.file_stem().unwrap().to_str().unwrap().to_string(), text, parameters }
        })
        .collect()
}

impl Fixture {
    pub(crate) fn specialise(&self) -> Kernel {
        let parameters: Vec<(&str, i128)> =
            self.parameters.iter().map(|(name, value)| (&**name, *value)).collect();
        specialise(&self.text, &self.name, &parameters)
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

/// Links one module.
pub(crate) fn link(source: &str) -> Result<Program, Error> {
    back::link(vec![text::parse(source)?])
}

/// Links one module and specialises a kernel of it.
pub(crate) fn specialise(source: &str, kernel: &str, parameters: &[(&str, i128)]) -> Result<Kernel, Error> {
    back::specialise(&link(source)?, kernel, parameters, &Options::default())
}

/// The PTX body of a module's one kernel `k` without parameters, comments and positions.
pub(crate) fn body(source: &str, parameters: &[(&str, i128)]) -> Vec<String> {
    let kernel = specialise(source, "k", parameters).unwrap_or_else(|error| panic!("{error}\n{source}"));
    let text = kernel.ptx.to_string();
    let (_, body) = text.split_once("{\n").unwrap();
    body.lines()
        .map(str::trim)
        .filter(|line| {
            !line.starts_with("//") && !line.starts_with(".loc") && *line != "}" && !line.is_empty()
        })
        .map(str::to_string)
        .collect()
}
