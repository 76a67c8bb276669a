//! Generic structs and functions become one for each list of types that they are used with.
//!
//! What comes after linking knows no type parameters: an instance is an item of its own, called
//! `Pair<f32>`, in the module that defines the generic one. Instances are made where something that
//! is no longer generic mentions them, until nothing mentions a new one.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::Mistake;
use crate::ir::{
    BinaryOp, Block, Expr, ExprKind, Function, Module, Path, Projection, Scalar, Span, StatementKind,
    StructDefinition, Type, TypeParameter,
};

/// Instances that a program may have: more come from a function that calls itself with ever larger
/// types.
const MOST_INSTANCES: usize = 16_384;

/// A generic item.
#[derive(Clone)]
enum Generic {
    Struct(StructDefinition),
    Function(Function),
}

impl Generic {
    fn parameters(&self) -> &[TypeParameter] {
        match self {
            Generic::Struct(definition) => &definition.type_parameters,
            Generic::Function(function) => &function.type_parameters,
        }
    }
}

/// Replaces the generic items of all modules by their instances. Those of the module `whole` are
/// made for every type that they may have, so that what is wrong with one of them is found where it
/// is defined.
pub(super) fn instantiate(modules: &mut [Module], whole: Option<&str>) -> Vec<Mistake> {
    let mut instances = Instances::default();
    for (index, module) in modules.iter_mut().enumerate() {
        let name = &module.name;
        for definition in module.structs.extract_if(.., |it| !it.type_parameters.is_empty()) {
            let path = Path::new(name, &definition.name);
            instances.generic.insert(path, (index, Generic::Struct(definition)));
        }
        for function in module.functions.extract_if(.., |it| !it.type_parameters.is_empty()) {
            let path = Path::new(name, &function.name);
            instances.generic.insert(path, (index, Generic::Function(function)));
        }
    }
    for module in modules.iter_mut() {
        instances.begin(module);
        instances.module(module);
    }
    for path in instances.of_module(whole) {
        instances.named(&path);
    }
    while let Some(path) = instances.wanted.pop() {
        if instances.names.len() > MOST_INSTANCES {
            let message = format!(
                "`{}` is made for more than {MOST_INSTANCES} types: a generic function cannot call itself with other types",
                path.item
            );
            instances.mistake(Span::default(), message);
            break;
        }
        instances.make(&path, modules);
    }
    instances.mistakes
}

#[derive(Default)]
struct Instances {
    /// Generic items with the index of their module.
    generic: FxHashMap<Path, (usize, Generic)>,
    wanted: Vec<Path>,
    /// What the instances are called.
    names: FxHashMap<Path, Path>,
    /// The names that are taken.
    taken: FxHashSet<Path>,
    mistakes: Vec<Mistake>,
    /// The file of what is looked at.
    file: String,
    /// Whether that is part of the core library, whose instructions belong to the line that calls
    /// it.
    is_core: bool,
}

impl Instances {
    fn mistake(&mut self, span: Span, message: String) {
        self.mistakes.push(Mistake { file: self.file.clone(), span, message });
    }

    /// What is looked at from here on is part of that module.
    fn begin(&mut self, module: &Module) {
        self.file.clone_from(&module.file);
        self.is_core = module.krate() == Module::CORE;
    }

    /// Every list of arguments that the bounds of a module's functions allow.
    fn of_module(&self, module: Option<&str>) -> Vec<Path> {
        let mut found = Vec::new();
        let functions = self.generic.iter().filter(|(path, (_, item))| {
            Some(path.module.as_str()) == module && matches!(item, Generic::Function(_))
        });
        for (path, (_, item)) in functions {
            let mut lists = vec![Vec::new()];
            for parameter in item.parameters() {
                let members = parameter.bound.members();
                lists = lists
                    .iter()
                    .flat_map(|list: &Vec<Type>| {
                        members.iter().map(|member| [list.as_slice(), &[Type::Scalar(*member)]].concat())
                    })
                    .take(1024)
                    .collect();
            }
            found.extend(lists.into_iter().map(|arguments| Path { arguments, ..path.clone() }));
        }
        found.sort_by(|left, right| right.cmp(left));
        found
    }

    /// Puts an instance into its module.
    fn make(&mut self, path: &Path, modules: &mut [Module]) {
        let generic = Path::new(&path.module, &path.item);
        let Some((module, item)) = self.generic.get(&generic).cloned() else { return };
        let names = item.parameters().to_vec();
        let stands_for = Arguments { names: &names, types: &path.arguments };
        let name = self.named(path).item;
        self.begin(&modules[module]);
        match item {
            Generic::Struct(mut definition) => {
                definition.type_parameters.clear();
                definition.name = name;
                for field in &mut definition.fields {
                    self.ty(&mut field.ty, &stands_for, definition.span);
                }
                modules[module].structs.push(definition);
            }
            Generic::Function(mut function) => {
                function.type_parameters.clear();
                function.name = name;
                self.function(&mut function, &stands_for);
                modules[module].functions.push(function);
            }
        }
    }

    fn module(&mut self, module: &mut Module) {
        let nothing = Arguments { names: &[], types: &[] };
        for definition in &mut module.structs {
            let span = definition.span;
            definition.fields.iter_mut().for_each(|field| self.ty(&mut field.ty, &nothing, span));
        }
        for constant in &mut module.constants {
            self.ty(&mut constant.ty, &nothing, constant.span);
            self.expression(&mut constant.value, &nothing);
        }
        module.functions.iter_mut().for_each(|function| self.function(function, &nothing));
    }

    fn function(&mut self, function: &mut Function, arguments: &Arguments<'_>) {
        let span = function.span;
        function.locals.iter_mut().for_each(|local| self.ty(&mut local.ty, arguments, span));
        self.ty(&mut function.result, arguments, span);
        self.block(&mut function.body, arguments);
    }

    /// Puts types in place of type parameters, and instances in place of generic items.
    fn ty(&mut self, ty: &mut Type, arguments: &Arguments<'_>, span: Span) {
        match ty {
            Type::Unit | Type::Scalar(_) | Type::Enum(..) => {}
            Type::Parameter(name) => match arguments.of(name) {
                Some(stands_for) => *ty = stands_for.clone(),
                None => {
                    let message = format!("there is no type parameter `{name}` here");
                    self.mistake(span, message);
                    *ty = Type::Scalar(Scalar::U32);
                }
            },
            Type::Struct(path) => self.path(path, "struct", arguments, span),
            Type::Tuple(parts) => parts.iter_mut().for_each(|part| self.ty(part, arguments, span)),
            Type::Array(inner, _) | Type::Pointer(_, inner) | Type::Peers(inner) | Type::Slice(inner) => {
                self.ty(inner, arguments, span);
            }
        }
    }

    /// The instance that a path with type arguments means, which is wanted from here on.
    fn path(&mut self, path: &mut Path, what: &str, arguments: &Arguments<'_>, span: Span) {
        path.arguments.iter_mut().for_each(|ty| self.ty(ty, arguments, span));
        let parameters = match self.generic.get(&Path::new(&path.module, &path.item)) {
            Some((_, item)) => item.parameters(),
            None => &[],
        };
        if parameters.len() != path.arguments.len() {
            let message = format!(
                "the {what} `{}` takes {} type argument(s), {} given",
                path.item,
                parameters.len(),
                path.arguments.len()
            );
            self.mistake(span, message);
            path.arguments.clear();
            return;
        }
        let outside = parameters.iter().zip(&path.arguments).find_map(|(parameter, ty)| {
            let stays = parameter.bound.has(ty);
            (!stays).then(|| {
                let (item, name, bound) = (&path.item, &parameter.name, parameter.bound.name());
                format!("`{item}` takes `{name}: {bound}`, and `{ty}` is none")
            })
        });
        if let Some(message) = outside {
            self.mistake(span, message);
            path.arguments.clear();
            return;
        }
        if !path.arguments.is_empty() {
            *path = self.named(path);
        }
    }

    /// The path of an instance, which is wanted from here on.
    fn named(&mut self, path: &Path) -> Path {
        if let Some(known) = self.names.get(path) {
            return known.clone();
        }
        let mut named = Path::new(&path.module, path.name());
        // Structs of two modules may have one name.
        while !self.taken.insert(named.clone()) {
            named.item.push('\'');
        }
        self.names.insert(path.clone(), named.clone());
        self.wanted.push(path.clone());
        named
    }

    fn block(&mut self, block: &mut Block, arguments: &Arguments<'_>) {
        for statement in block {
            if self.is_core {
                statement.span = Span::default();
            }
            match &mut statement.kind {
                StatementKind::Assign(place, value) => {
                    for projection in &mut place.projections {
                        if let Projection::Index(index) = projection {
                            self.expression(index, arguments);
                        }
                    }
                    self.expression(value, arguments);
                }
                StatementKind::Evaluate(value) | StatementKind::Return(Some(value)) => {
                    self.expression(value, arguments);
                }
                StatementKind::If { condition, then, otherwise } => {
                    self.expression(condition, arguments);
                    self.block(then, arguments);
                    self.block(otherwise, arguments);
                }
                StatementKind::Loop { body } => self.block(body, arguments),
                StatementKind::Roles(roles) => {
                    for role in roles {
                        for constant in
                            [&mut role.start, &mut role.end].into_iter().chain(&mut role.registers)
                        {
                            self.expression(constant, arguments);
                        }
                        self.block(&mut role.body, arguments);
                    }
                }
                StatementKind::For { start, end, body, .. } => {
                    self.expression(start, arguments);
                    self.expression(end, arguments);
                    self.block(body, arguments);
                }
                StatementKind::Break(_) | StatementKind::Continue(_) | StatementKind::Return(None) => {}
                StatementKind::Assert { condition, arguments: values, .. } => {
                    self.expression(condition, arguments);
                    values.iter_mut().for_each(|value| self.expression(value, arguments));
                }
            }
        }
    }

    fn expression(&mut self, expression: &mut Expr, arguments: &Arguments<'_>) {
        if self.is_core {
            expression.span = Span::default();
        }
        let span = expression.span;
        self.ty(&mut expression.ty, arguments, span);
        match expression.ty.scalar() {
            Some(scalar) if scalar.is_float() => call_for_remainder(&mut expression.kind, scalar),
            _ => {}
        }
        match &mut expression.kind {
            ExprKind::Bool(_)
            | ExprKind::Integer(_)
            | ExprKind::Float(_)
            | ExprKind::Local(_)
            | ExprKind::ConstParameter(_)
            | ExprKind::Constant(_) => {}
            ExprKind::Unary(_, operand)
            | ExprKind::Cast(operand)
            | ExprKind::Field(operand, _)
            | ExprKind::Repeat(operand) => self.expression(operand, arguments),
            ExprKind::Binary(_, left, right) | ExprKind::Index(left, right) => {
                self.expression(left, arguments);
                self.expression(right, arguments);
            }
            ExprKind::Asm(asm, values) => {
                for ty in asm.operands.iter_mut().filter_map(|operand| operand.role.ty_mut()) {
                    self.ty(ty, arguments, span);
                }
                *asm = asm.with_types();
                values.iter_mut().for_each(|value| self.expression(value, arguments));
            }
            ExprKind::Aggregate(parts) | ExprKind::Intrinsic(_, parts) => {
                parts.iter_mut().for_each(|part| self.expression(part, arguments));
            }
            ExprKind::Select { condition, then, otherwise } => {
                for part in [condition, then, otherwise] {
                    self.expression(part, arguments);
                }
            }
            ExprKind::Call { function, const_arguments, arguments: values } => {
                self.path(function, "function", arguments, span);
                const_arguments.iter_mut().chain(values).for_each(|value| self.expression(value, arguments));
            }
        }
    }
}

/// PTX has no `%` of floats: the core library has it.
fn call_for_remainder(kind: &mut ExprKind, scalar: Scalar) {
    if let ExprKind::Binary(BinaryOp::Remainder, left, right) = kind {
        let mut function = Path::new(format!("{}::float", Module::CORE), "remainder");
        function.arguments = vec![Type::Scalar(scalar), Type::Scalar(scalar.unsigned())];
        let arguments = vec![(**left).clone(), (**right).clone()];
        *kind = ExprKind::Call { function, const_arguments: Vec::new(), arguments };
    }
}

/// What stands for the type parameters of the item that is looked at.
struct Arguments<'a> {
    names: &'a [TypeParameter],
    types: &'a [Type],
}

impl Arguments<'_> {
    fn of(&self, name: &str) -> Option<&Type> {
        let position = self.names.iter().position(|parameter| parameter.name == name)?;
        self.types.get(position)
    }
}
