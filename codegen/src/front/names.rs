//! What names mean in a module: its own items, what it imports, and the built-in language.

use std::collections::{BTreeMap, BTreeSet};

use super::core::Core;
use super::dependencies::Imports;
use super::terms::Term;
use crate::ir::{self, EnumDefinition, Expr, Function, Path, Scalar, StructDefinition, Type, TypeParameter};

/// An item.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entity {
    Struct(Path),
    Enum(Path),
    Constant(Path),
    Function(Path),
}

/// What a caller needs to know of a function.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    pub(super) is_kernel: bool,
    pub(super) is_method: bool,
    /// Those of the method's struct first.
    pub(super) type_parameters: Vec<TypeParameter>,
    pub(super) const_parameters: Vec<(String, Scalar)>,
    /// `None` for a type that could not be read.
    pub(super) parameters: Vec<Option<Type>>,
    pub(super) result: Option<Type>,
    /// Generics that device code does not have.
    pub(super) refused: Vec<String>,
}

impl From<&Function> for Signature {
    fn from(function: &Function) -> Self {
        let parameters = &function.locals[..function.parameters.min(function.locals.len())];
        Signature {
            is_kernel: function.kernel.is_some(),
            is_method: parameters.first().is_some_and(|first| first.name == "self"),
            type_parameters: function.type_parameters.clone(),
            const_parameters: function.const_parameters.clone(),
            parameters: parameters.iter().map(|local| Some(local.ty.clone())).collect(),
            result: Some(function.result.clone()),
            refused: Vec::new(),
        }
    }
}

/// The items that a module can mention, its own included.
#[derive(Debug)]
pub(super) struct Environment<'a> {
    /// Name of the module that is being lowered.
    pub(super) module: &'a str,
    /// The methods of scalars that are device code; none while these are lowered.
    pub(super) core: Option<&'a Core>,
    names: BTreeMap<String, Entity>,
    globs: Vec<&'a ir::Module>,
    /// Built-in names that are imported under another one.
    renamed: BTreeMap<String, String>,
    structs: BTreeMap<Path, StructDefinition>,
    /// Type parameters of this module's structs, before their fields are known.
    struct_parameters: BTreeMap<String, Vec<TypeParameter>>,
    /// Fields of this module's structs whose types could not be read.
    unreadable: BTreeSet<(Path, String)>,
    enums: BTreeMap<Path, EnumDefinition>,
    constants: BTreeMap<Path, Type>,
    values: BTreeMap<Path, &'a Expr>,
    signatures: BTreeMap<Path, Signature>,
    /// This module's constants before they are lowered, for array lengths.
    sources: BTreeMap<String, &'a syn::Expr>,
    /// Constants that functions define: function and name.
    local_constants: BTreeSet<(String, String)>,
    /// This module's structs whose layout Rust does not promise.
    without_layout: BTreeSet<String>,
}

impl<'a> Environment<'a> {
    /// Everything that the imports give; the module's own items are declared afterwards.
    pub(super) fn new(
        module: &'a str,
        imports: &Imports,
        imported: &[&'a ir::Module],
        linked: &[&'a ir::Module],
        core: Option<&'a Core>,
    ) -> Self {
        let mut environment = Environment {
            module,
            core,
            names: BTreeMap::new(),
            globs: Vec::new(),
            renamed: BTreeMap::new(),
            structs: BTreeMap::new(),
            struct_parameters: BTreeMap::new(),
            unreadable: BTreeSet::new(),
            enums: BTreeMap::new(),
            constants: BTreeMap::new(),
            values: BTreeMap::new(),
            signatures: BTreeMap::new(),
            sources: BTreeMap::new(),
            local_constants: BTreeSet::new(),
            without_layout: BTreeSet::new(),
        };
        let core = core.into_iter().flat_map(|core| &core.modules);
        for known in linked.iter().chain(imported).copied().chain(core) {
            environment.learn(known);
        }
        for (dependency, known) in imports.dependencies.iter().zip(imported) {
            if dependency.names.all {
                environment.globs.push(known);
            }
            for name in &dependency.names.listed {
                if let Some(entity) = environment.item_of(known, &name.item.to_string()) {
                    environment.names.insert(name.local.to_string(), entity);
                }
            }
        }
        for name in &imports.intrinsics {
            if name.item != name.local {
                environment.renamed.insert(name.local.to_string(), name.item.to_string());
            }
        }
        environment
    }

    fn learn(&mut self, module: &'a ir::Module) {
        let path = |item: &str| Path::new(&module.name, item);
        for definition in &module.structs {
            self.structs.insert(path(&definition.name), definition.clone());
        }
        for definition in &module.enums {
            self.enums.insert(path(&definition.name), definition.clone());
        }
        for constant in &module.constants {
            self.constants.insert(path(&constant.name), constant.ty.clone());
            self.values.insert(path(&constant.name), &constant.value);
        }
        for function in &module.functions {
            self.signatures.insert(path(&function.name), Signature::from(function));
        }
    }

    fn item_of(&self, module: &ir::Module, item: &str) -> Option<Entity> {
        let path = Path::new(&module.name, item);
        if self.structs.contains_key(&path) {
            Some(Entity::Struct(path))
        } else if self.enums.contains_key(&path) {
            Some(Entity::Enum(path))
        } else if self.signatures.contains_key(&path) {
            Some(Entity::Function(path))
        } else if self.constants.contains_key(&path) {
            Some(Entity::Constant(path))
        } else {
            None
        }
    }

    /// Path of an item of this module.
    pub(super) fn own(&self, item: &str) -> Path {
        Path::new(self.module, item)
    }

    /// Makes a struct's name known before its fields are.
    pub(super) fn announce_struct(&mut self, name: &str, parameters: Vec<TypeParameter>, has_layout: bool) {
        self.struct_parameters.insert(name.to_string(), parameters);
        self.names.insert(name.to_string(), Entity::Struct(self.own(name)));
        if !has_layout {
            self.without_layout.insert(name.to_string());
        }
    }

    /// Makes an enum's name known before its variants are.
    pub(super) fn announce_enum(&mut self, name: &str) {
        self.names.insert(name.to_string(), Entity::Enum(self.own(name)));
    }

    pub(super) fn declare_enum(&mut self, definition: EnumDefinition) {
        self.enums.insert(self.own(&definition.name), definition);
    }

    pub(super) fn enumeration(&self, path: &Path) -> Option<&EnumDefinition> {
        self.enums.get(path)
    }

    /// The type of that struct or enum, with its own type parameters as arguments.
    pub(super) fn item_type(&self, path: &Path) -> Type {
        match self.enums.get(path) {
            Some(definition) => Type::Enum(path.clone(), definition.scalar),
            None => {
                let own = self.struct_parameters(path).iter();
                let arguments = own.map(|parameter| Type::Parameter(parameter.name.clone())).collect();
                Type::Struct(Path { arguments, ..path.clone() })
            }
        }
    }

    /// What a struct is generic over.
    pub(super) fn struct_parameters(&self, path: &Path) -> &[TypeParameter] {
        let own = if path.module == self.module { self.struct_parameters.get(&path.item) } else { None };
        match own {
            Some(parameters) => parameters,
            None => self.definition(path).map_or(&[], |definition| &definition.type_parameters),
        }
    }

    /// An enum in the type that has no `#[repr(..)]`, so that Rust does not promise how it is laid
    /// out.
    pub(super) fn without_repr(&self, term: &Term) -> Option<&str> {
        match term {
            Term::Enum(path, _) => {
                self.enums.get(path).filter(|definition| !definition.stated).map(|it| it.name.as_str())
            }
            Term::Array(element, _) => self.without_repr(element),
            Term::Tuple(parts) => parts.iter().find_map(|part| self.without_repr(part)),
            _ => None,
        }
    }

    /// Makes a constant's name and source known before its type is; `Struct::NAME` for associated
    /// constants.
    pub(super) fn announce_constant(&mut self, name: &str, source: &'a syn::Expr) {
        if !name.contains("::") {
            self.names.insert(name.to_string(), Entity::Constant(self.own(name)));
        }
        self.sources.insert(name.to_string(), source);
    }

    /// Makes a constant inside a function known: its path is `function::NAME`.
    pub(super) fn announce_local_constant(&mut self, function: &str, name: &str, source: &'a syn::Expr) {
        self.local_constants.insert((function.to_string(), name.to_string()));
        self.sources.insert(format!("{function}::{name}"), source);
    }

    /// The constant of that name that `function` defines.
    pub(super) fn local_constant(&self, function: Option<&str>, name: &str) -> Option<Path> {
        let key = (function?.to_string(), name.to_string());
        self.local_constants.contains(&key).then(|| self.own(&format!("{}::{name}", key.0)))
    }

    /// The function that defines the constant `item`, if one does.
    pub(super) fn function_of<'n>(&self, item: &'n str) -> Option<&'n str> {
        let (function, name) = item.rsplit_once("::")?;
        self.local_constant(Some(function), name).map(|_| function)
    }

    pub(super) fn declare_struct(&mut self, definition: StructDefinition, unreadable: Vec<String>) {
        let path = self.own(&definition.name);
        self.unreadable.extend(unreadable.into_iter().map(|field| (path.clone(), field)));
        self.structs.insert(self.own(&definition.name), definition);
    }

    pub(super) fn declare_constant(&mut self, name: &str, ty: Type) {
        self.constants.insert(self.own(name), ty);
    }

    /// `Struct::name` for methods.
    pub(super) fn declare_function(&mut self, name: &str, signature: Signature) {
        let path = self.own(name);
        if !name.contains("::") {
            self.names.insert(name.to_string(), Entity::Function(path.clone()));
        }
        self.signatures.insert(path, signature);
    }

    /// What an unqualified name means: own items and named imports first, then globs.
    pub(super) fn resolve(&self, name: &str) -> Option<Entity> {
        let named = self.names.get(name).cloned();
        named.or_else(|| self.globs.iter().find_map(|module| self.item_of(module, name)))
    }

    /// The built-in name that `name` stands for when no item has it.
    pub(super) fn built_in<'n>(&'n self, name: &'n str) -> &'n str {
        self.renamed.get(name).map_or(name, String::as_str)
    }

    /// The struct at `path`, whatever its type arguments are.
    pub(super) fn definition(&self, path: &Path) -> Option<&StructDefinition> {
        match path.arguments.is_empty() {
            true => self.structs.get(path),
            false => self.structs.get(&Path::new(&path.module, &path.item)),
        }
    }

    /// The types of a struct's fields; none of anything else.
    pub(super) fn fields(&self, ty: &Type) -> Vec<Type> {
        let Type::Struct(path) = ty else { return Vec::new() };
        let Some(definition) = self.definition(path) else { return Vec::new() };
        let fields = definition.fields.iter();
        fields.map(|field| field.ty.with(&definition.type_parameters, &path.arguments)).collect()
    }

    /// As [`fields`](Self::fields), without those whose types are mistakes that have been reported.
    pub(super) fn readable_fields(&self, ty: &Type) -> Vec<Type> {
        let mut fields = self.fields(ty);
        if let Type::Struct(path) = ty
            && let Some(definition) = self.definition(path)
        {
            let mut names = definition.fields.iter().map(|field| &field.name);
            fields.retain(|_| names.next().is_none_or(|name| !self.is_unreadable(path, name)));
        }
        fields
    }

    /// Whether the type of that field is a mistake that has been reported.
    pub(super) fn is_unreadable(&self, path: &Path, field: &str) -> bool {
        !self.unreadable.is_empty() && self.unreadable.contains(&(path.clone(), field.to_string()))
    }

    pub(super) fn constant(&self, path: &Path) -> Option<&Type> {
        self.constants.get(path)
    }

    pub(super) fn signature(&self, path: &Path) -> Option<&Signature> {
        self.signatures.get(path)
    }

    /// An associated function or constant of a struct: it lives in the struct's module.
    pub(super) fn associated(&self, owner: &Path, name: &str) -> Path {
        Path::new(&owner.module, format!("{}::{name}", owner.item))
    }

    /// Value of an imported constant.
    pub(super) fn value(&self, path: &Path) -> Option<&'a Expr> {
        self.values.get(path).copied()
    }

    /// Source of one of this module's constants.
    pub(super) fn source(&self, path: &Path) -> Option<&'a syn::Expr> {
        if path.module == self.module { self.sources.get(&path.item).copied() } else { None }
    }

    /// Whether the struct is one of this module's without `#[repr(C)]`.
    pub(super) fn lacks_layout(&self, path: &Path) -> bool {
        path.module == self.module && self.without_layout.contains(&path.item)
    }
}
