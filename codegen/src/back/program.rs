//! A linked program: all modules that a kernel may reach, with every name resolved.

use rustc_hash::FxHashMap;

use super::signature::{KernelParameter, KernelSignature};
use crate::Error;
use crate::ir::{Constant, EnumDefinition, Function, Module, Path, StructDefinition, Type};

/// Linked and validated modules. Only [`link`](fn@super::link) makes one.
#[derive(Clone, Debug)]
pub struct Program {
    pub(super) modules: Vec<Module>,
    structs: FxHashMap<Path, (usize, usize)>,
    enums: FxHashMap<Path, (usize, usize)>,
    constants: FxHashMap<Path, (usize, usize)>,
    functions: FxHashMap<Path, (usize, usize)>,
}

impl Program {
    /// All items by their paths. A repeated name keeps its first meaning; validation reports the
    /// second.
    pub(super) fn of(modules: Vec<Module>) -> Program {
        let mut program = Program {
            modules,
            structs: FxHashMap::default(),
            enums: FxHashMap::default(),
            constants: FxHashMap::default(),
            functions: FxHashMap::default(),
        };
        for (index, module) in program.modules.iter().enumerate() {
            let path = |item: &str| Path::new(&module.name, item);
            for (position, structure) in module.structs.iter().enumerate() {
                program.structs.entry(path(&structure.name)).or_insert((index, position));
            }
            for (position, definition) in module.enums.iter().enumerate() {
                program.enums.entry(path(&definition.name)).or_insert((index, position));
            }
            for (position, constant) in module.constants.iter().enumerate() {
                program.constants.entry(path(&constant.name)).or_insert((index, position));
            }
            for (position, function) in module.functions.iter().enumerate() {
                program.functions.entry(path(&function.name)).or_insert((index, position));
            }
        }
        program
    }

    /// The kernels, in module and source order.
    pub fn kernels(&self) -> Vec<KernelSignature> {
        let mut kernels = Vec::new();
        for module in &self.modules {
            for function in &module.functions {
                let Some(attributes) = &function.kernel else { continue };
                kernels.push(KernelSignature {
                    name: function.name.clone(),
                    module: module.name.clone(),
                    const_parameters: function.const_parameters.clone(),
                    parameters: parameters(function),
                    attributes: attributes.clone(),
                });
            }
        }
        kernels
    }

    /// The struct at `path`, or a sentence.
    pub(super) fn structure(&self, path: &Path) -> Result<&StructDefinition, String> {
        match self.structs.get(path) {
            Some((module, position)) => Ok(&self.modules[*module].structs[*position]),
            None => Err(format!("there is no struct `{path}`")),
        }
    }

    /// The types of a struct's fields; none of anything else.
    pub(super) fn fields(&self, ty: &Type) -> Vec<Type> {
        let Type::Struct(path) = ty else { return Vec::new() };
        let Ok(structure) = self.structure(path) else { return Vec::new() };
        structure.fields.iter().map(|field| field.ty.clone()).collect()
    }

    /// The enum at `path`.
    pub(super) fn enumeration(&self, path: &Path) -> Option<&EnumDefinition> {
        self.enums.get(path).map(|(module, position)| &self.modules[*module].enums[*position])
    }

    /// The constant at `path` and the index of its module.
    pub(super) fn constant(&self, path: &Path) -> Option<(usize, &Constant)> {
        self.constants
            .get(path)
            .map(|(module, position)| (*module, &self.modules[*module].constants[*position]))
    }

    /// The function at `path` and the index of its module.
    pub(super) fn function(&self, path: &Path) -> Option<(usize, &Function)> {
        self.functions
            .get(path)
            .map(|(module, position)| (*module, &self.modules[*module].functions[*position]))
    }

    /// The kernel called `name`, which may be a full path.
    pub(super) fn kernel(&self, name: &str) -> Result<(usize, &Function), Error> {
        let mut found = Vec::new();
        for (index, module) in self.modules.iter().enumerate() {
            for function in module.functions.iter().filter(|function| function.kernel.is_some()) {
                if function.name == name || format!("{}::{}", module.name, function.name) == name {
                    found.push((index, function));
                }
            }
        }
        match found.as_slice() {
            [one] => Ok(*one),
            _ => Err(Error::NoSuchKernel { name: name.to_string(), available: self.kernel_names() }),
        }
    }

    /// Kernel names; full paths where a name alone is ambiguous.
    fn kernel_names(&self) -> Vec<String> {
        let kernels = self.kernels();
        let is_unique = |name: &str| kernels.iter().filter(|kernel| kernel.name == name).count() == 1;
        kernels
            .iter()
            .map(|kernel| match is_unique(&kernel.name) {
                true => kernel.name.clone(),
                false => format!("{}::{}", kernel.module, kernel.name),
            })
            .collect()
    }
}

/// The run-time parameters of a kernel function.
pub(super) fn parameters(function: &Function) -> Vec<KernelParameter> {
    function
        .locals
        .iter()
        .take(function.parameters)
        .map(|local| KernelParameter { name: local.name.clone(), ty: local.ty.clone() })
        .collect()
}
