//! Every device module of this crate by its path, for tools that resolve imports without rustc; and
//! the targets for which their kernels differ, for tests of every image.

use std::sync::LazyLock;

use crate::{DeviceModule, kernels, layout, library, numbers};

/// All but the kernels themselves.
static LIBRARY: [(&str, &DeviceModule); 27] = [
    ("library::code", &library::code::__device::MODULE),
    ("layout::code", &layout::code::__device::MODULE),
    ("library::lane::approximate::code", &library::approximate::code::__device::MODULE),
    ("library::lane::bits::code", &library::bits::code::__device::MODULE),
    ("library::lane::copies::code", &library::copies::code::__device::MODULE),
    ("library::lane::fences::code", &library::fences::code::__device::MODULE),
    ("library::block::mbarrier::code", &library::mbarrier::code::__device::MODULE),
    ("library::lane::multicast::halves::code", &library::multicast::halves::code::__device::MODULE),
    ("library::lane::multicast::floats::code", &library::multicast::floats::code::__device::MODULE),
    ("library::lane::multicast::code", &library::multicast::code::__device::MODULE),
    ("library::block::reductions::code", &library::reductions::code::__device::MODULE),
    ("library::lane::hardware::code", &library::hardware::code::__device::MODULE),
    ("library::grid::overlap::code", &library::overlap::code::__device::MODULE),
    ("library::warp::together::code", &library::together::code::__device::MODULE),
    ("numbers::float8::code", &numbers::float8::code::__device::MODULE),
    ("numbers::half::code", &numbers::half::code::__device::MODULE),
    ("numbers::quantise::code", &numbers::quantise::code::__device::MODULE),
    ("numbers::vector::code", &numbers::vector::code::__device::MODULE),
    ("kernels::dispatch::expand::code", &kernels::dispatch::expand::code::__device::MODULE),
    ("kernels::stager::code", &kernels::stager::code::__device::MODULE),
    ("kernels::dispatch::quantise::code", &kernels::dispatch::quantise::code::__device::MODULE),
    ("kernels::records::code", &kernels::records::code::__device::MODULE),
    ("kernels::routing::code", &kernels::routing::code::__device::MODULE),
    ("kernels::rows::code", &kernels::rows::code::__device::MODULE),
    ("kernels::router::scores::code", &kernels::router::scores::code::__device::MODULE),
    ("kernels::router::weights::code", &kernels::router::weights::code::__device::MODULE),
    ("kernels::signal::code", &kernels::signal::code::__device::MODULE),
];

macro_rules! modules {
    ($(#[$of_set:meta])* $set:ident $model:tt $named:ident $by:tt {
        $($(#[$of_kernel:meta])* $name:ident($arguments:ident): $($parameter:ident),*;)+
    }) => {
        [$((concat!("kernels::", stringify!($name), "::code"), &kernels::$name::code::__device::MODULE)),+]
    };
}

/// By what `target_is_at_least` is asked, and the oldest.
static TARGETS: [&str; 4] = ["sm_80", "sm_89", "sm_90", "sm_100"];

impl DeviceModule {
    /// The targets from which on a kernel of this crate is made in another way. Images for targets
    /// between two of them execute the same instructions.
    pub fn shipped_targets() -> &'static [&'static str] {
        &TARGETS
    }

    /// The device modules of this crate, each with its path in it, such as `library::code`.
    pub fn shipped() -> &'static [(&'static str, &'static DeviceModule)] {
        static MODULES: LazyLock<Vec<(&str, &DeviceModule)>> = LazyLock::new(|| {
            let mut modules = LIBRARY.to_vec();
            modules.extend::<[(_, &DeviceModule); _]>(crate::__kernels!(KernelSet => [modules]));
            modules.extend::<[(_, &DeviceModule); _]>(crate::__kernels!(RouterKernel => [modules]));
            modules
        });
        &MODULES
    }

    /// The module that device code imports from by a path in the crate, such as `library::copies`,
    /// with or without `::code`.
    pub fn imported(path: &str) -> Option<&'static DeviceModule> {
        let path = path.strip_suffix("::code").unwrap_or(path);
        let path = if path == "prelude" { "library" } else { path };
        let is_it = |known: &str| {
            let known = known.trim_end_matches("::code");
            // The folders of the library say who executes, and are not part of its paths.
            let (folder, rest) =
                known.strip_prefix("library::").and_then(|rest| rest.split_once("::")).unzip();
            match (folder, path.strip_prefix("library::")) {
                (Some("lane" | "warp" | "block" | "grid"), Some(asked)) => rest == Some(asked),
                _ => known == path,
            }
        };
        DeviceModule::shipped().iter().find(|(known, _)| is_it(known)).map(|(_, module)| *module)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn is_device_file(text: &str) -> bool {
        let mut lines = text.lines().map(str::trim);
        lines.any(|line| line == "#[device]") && lines.any(|line| line == "pub mod code {")
    }

    /// The paths of all files below `folder` that hold a device module, and their texts.
    fn device_files(folder: &Path, inside: &str, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).expect("the sources") {
            let path = entry.expect("an entry").path();
            let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let name = if inside.is_empty() { stem } else { format!("{inside}::{stem}") };
            if path.is_dir() {
                device_files(&path, &name, found);
            } else {
                let text = std::fs::read_to_string(&path).expect("text");
                if is_device_file(&text) {
                    found.push((format!("{}::code", name.trim_end_matches("::mod")), text));
                }
            }
        }
    }

    fn sources() -> Vec<(String, String)> {
        let mut found = Vec::new();
        device_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut found);
        found
    }

    #[test]
    fn no_device_module_is_forgotten() {
        let mut found: Vec<String> = sources().into_iter().map(|(path, _)| path).collect();
        let mut known: Vec<String> =
            DeviceModule::shipped().iter().map(|(path, _)| (*path).to_string()).collect();
        found.sort();
        known.sort();
        assert_eq!(found, known);
    }

    #[test]
    fn no_target_is_forgotten() {
        let mut asked = BTreeSet::from([80]);
        for (path, text) in sources() {
            for (_, rest) in
                text.match_indices("target_is_at_least(").map(|(at, word)| text.split_at(at + word.len()))
            {
                let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
                asked.insert(number.parse::<u32>().unwrap_or_else(|_| panic!("{path} asks with a constant")));
            }
            assert!(!text.contains("target_is_specific("), "{path}: images for `a` targets differ: list one");
        }
        let asked: Vec<String> = asked.iter().map(|number| format!("sm_{number}")).collect();
        assert_eq!(asked, TARGETS);
    }
}
