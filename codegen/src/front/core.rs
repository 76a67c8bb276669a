//! The core library: the methods of scalars that PTX has no instruction for, and `%` of floats, as
//! device code.
//!
//! Its sources in `codegen/src/core` are compiled once in a process. A public function there is a
//! method of every type that its first type parameter may be, under its own name; a second type
//! parameter stands for the unsigned integer of the same width. Calls are inlined at the place
//! where the method is called, so that nothing is left of a function that is not used.

use std::sync::LazyLock;

use syn::{Item, Visibility};

use super::{Dependency, Source, dependencies, lower_within};
use crate::ir::{Function, Module, Path, Scalar};

/// The modules, each after those that it imports.
const SOURCES: [(&str, &str); 4] = [
    ("integer", include_str!("../core/integer.rs")),
    ("unsigned", include_str!("../core/unsigned.rs")),
    ("signed", include_str!("../core/signed.rs")),
    ("float", include_str!("../core/float.rs")),
];

/// The compiled library.
#[derive(Debug, Default)]
pub struct Core {
    /// Its modules.
    pub modules: Vec<Module>,
    /// The public functions: module and position in it.
    methods: Vec<(usize, usize)>,
}

/// The core library.
///
/// # Panics
///
/// When its sources have a mistake, which every test of this crate would find.
pub fn core() -> &'static Core {
    static CORE: LazyLock<Core> = LazyLock::new(|| {
        let mut core = Core::default();
        for (name, source) in SOURCES {
            core.add(name, source);
        }
        core
    });
    &CORE
}

impl Core {
    fn add(&mut self, name: &str, source: &str) {
        let file = syn::parse_file(source).expect("the core library is Rust");
        let imported = |dependency: &Dependency| {
            let last = dependency.path.segments.last().map(|segment| segment.ident.to_string());
            self.modules.iter().find(|module| Some(&module.name[Module::CORE.len() + 2..]) == last.as_deref())
        };
        let written = dependencies(&file.items).expect("the core library imports from itself");
        let imports: Vec<&Module> = written.iter().filter_map(imported).collect();
        let (own, path) = (format!("{}::{name}", Module::CORE), format!("core/{name}.rs"));
        let origin = Source { name: &own, file: &path, text: None };
        let module = lower_within(&file.items, &origin, &imports, &[], None);
        let module = module.unwrap_or_else(|mistakes| panic!("{path}: {mistakes:?}"));
        let public = file.items.iter().filter_map(|item| match item {
            Item::Fn(function) if matches!(function.vis, Visibility::Public(_)) => Some(&function.sig.ident),
            _ => None,
        });
        for name in public {
            let position = module.functions.iter().position(|function| *name == function.name);
            self.methods.extend(position.map(|position| (self.modules.len(), position)));
        }
        self.modules.push(module);
    }

    /// The methods of a scalar.
    fn of(&self, receiver: Scalar) -> impl Iterator<Item = (&Module, &Function)> {
        let all = self.methods.iter().map(|(module, position)| {
            let module = &self.modules[*module];
            (module, &module.functions[*position])
        });
        all.filter(move |(_, function)| {
            function.parameters > 0
                && function
                    .type_parameters
                    .first()
                    .is_some_and(|first| first.bound.members().contains(&receiver))
        })
    }

    /// The names of all methods.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        self.methods.iter().map(|(module, position)| self.modules[*module].functions[*position].name.as_str())
    }

    /// The names of a scalar's methods.
    pub(super) fn names(&self, receiver: Scalar) -> impl Iterator<Item = String> {
        self.of(receiver).map(|(_, function)| function.name.clone())
    }

    /// The function that is a method of that scalar.
    pub(super) fn method(&self, name: &str, receiver: Scalar) -> Option<Path> {
        let (module, function) = self.of(receiver).find(|(_, function)| function.name == name)?;
        Some(Path::new(&module.name, &function.name))
    }
}
