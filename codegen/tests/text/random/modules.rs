//! Random items and modules.

use std::collections::BTreeMap;

use crossdock_codegen::Dim3;
use crossdock_codegen::ir::{
    self, Constant, EnumDefinition, Field, KernelAttributes, Local, Module, Path, Statement, StatementKind,
    StructDefinition, Type,
};

use super::choices::Choices;
use super::expressions::Function;
use super::literals;
use super::types::{self, Callable, Items};

/// Two modules, the second importing the first.
pub(super) fn pair(choices: &mut Choices, odd_names: bool) -> [Module; 2] {
    let mut items = Items::default();
    let first = module(choices, &mut items, "package::layout::code", &[], odd_names);
    let second = module(choices, &mut items, "package::dispatch::code", &[&first], odd_names);
    [first, second]
}

fn module(
    choices: &mut Choices,
    items: &mut Items,
    name: &str,
    imports: &[&Module],
    odd_names: bool,
) -> Module {
    let mut module = Module {
        name: name.to_string(),
        file: format!("src/{}.rs", name.replace("::", "/")),
        imports: imports.iter().map(|module| module.name.clone()).collect(),
        structs: Vec::new(),
        enums: Vec::new(),
        constants: Vec::new(),
        functions: Vec::new(),
        lines: BTreeMap::new(),
    };
    for number in 0..choices.below(3) {
        let definition = enumeration(choices, format!("Enum{number}"), odd_names);
        let values = definition.variants.iter().map(|(_, value)| *value).collect();
        items.enums.push((path(&module, &definition.name), definition.scalar, values));
        module.enums.push(definition);
    }
    for number in 0..choices.below(3) {
        let definition = structure(choices, items, format!("Struct{number}"));
        let fields = definition.fields.iter().map(|field| field.ty.clone()).collect();
        items.structs.push((path(&module, &definition.name), fields));
        module.structs.push(definition);
    }
    for number in 0..choices.below(3) {
        let constant = constant(choices, items, format!("CONSTANT_{number}"), odd_names);
        items.constants.push((path(&module, &constant.name), constant.ty.clone()));
        module.constants.push(constant);
    }
    for number in 0..1 + choices.below(4) {
        let function = function(choices, items, format!("function_{number}"), odd_names);
        if function.kernel.is_none() {
            items.functions.push(Callable {
                path: path(&module, &function.name),
                is_const: function.is_const,
                const_parameters: function.const_parameters.iter().map(|(_, scalar)| *scalar).collect(),
                parameters: function.locals[..function.parameters]
                    .iter()
                    .map(|local| local.ty.clone())
                    .collect(),
                result: function.result.clone(),
            });
        }
        module.functions.push(function);
    }
    for _ in 0..choices.below(4) {
        module.lines.insert(choices.number(), format!("let {} = \"\\\";", literals::name(choices, true)));
    }
    module
}

fn path(module: &Module, item: &str) -> Path {
    Path::new(&module.name, item)
}

fn structure(choices: &mut Choices, items: &Items, name: String) -> StructDefinition {
    let tuple = choices.once_in(2);
    let fields = (0..1 + choices.below(4))
        .map(|number| Field {
            name: if tuple { number.to_string() } else { format!("field_{number}") },
            ty: types::value(choices, items, 1),
        })
        .collect();
    StructDefinition {
        name,
        type_parameters: Vec::new(),
        fields,
        align: choices.one(&[1, 8, 16]),
        span: types::span(choices),
    }
}

fn enumeration(choices: &mut Choices, name: String, odd_names: bool) -> EnumDefinition {
    let scalar = types::integer(choices);
    let variants = (0..1 + choices.below(4))
        .map(|number| {
            let name = format!("{}{number}", literals::name(choices, odd_names));
            match literals::literal(choices, scalar) {
                ir::ExprKind::Integer(value) => (name, value),
                _ => (name, 0),
            }
        })
        .collect();
    EnumDefinition { name, scalar, stated: true, variants, span: types::span(choices) }
}

fn constant(choices: &mut Choices, items: &Items, name: String, odd_names: bool) -> Constant {
    let ty = types::value(choices, items, 1);
    let span = types::span(choices);
    let mut function = body(choices, items, true, odd_names);
    Constant { name, value: function.value(&ty, 3), ty, span }
}

fn body<'c>(choices: &'c mut Choices, items: &Items, is_const: bool, odd_names: bool) -> Function<'c> {
    Function {
        choices,
        items: items.clone(),
        is_const,
        const_parameters: Vec::new(),
        locals: Vec::new(),
        assigned: Vec::new(),
        fixed: Vec::new(),
        loops: 0,
        odd_names,
    }
}

fn function(choices: &mut Choices, items: &Items, name: String, odd_names: bool) -> ir::Function {
    let is_kernel = choices.once_in(2);
    let is_const = !is_kernel && choices.once_in(3);
    let size = |choices: &mut Choices| 1 + choices.below(16) as u32;
    let kernel = is_kernel.then(|| KernelAttributes {
        block: match choices.below(3) {
            0 => Dim3::from((32, size(choices))),
            1 => Dim3::new(size(choices), 8, 4),
            _ => Dim3::from(32 * size(choices)),
        },
        block_is_most: choices.once_in(3),
        grid_dimensions: 1 + choices.below(3) as u32,
        max_registers: if choices.once_in(2) { Some(64) } else { None },
    });
    let mut const_parameters = Vec::new();
    for number in 0..choices.below(3) {
        let scalar = types::scalar(choices);
        let scalar = if scalar.is_float() { ir::Scalar::U32 } else { scalar };
        const_parameters.push((format!("PARAMETER_{number}"), scalar));
    }
    let locals: Vec<Local> = (0..choices.below(4))
        .map(|_| Local {
            name: literals::name(choices, odd_names),
            ty: types::parameter(choices, items, is_const, is_kernel),
        })
        .collect();
    let result = if is_kernel || choices.once_in(3) { Type::Unit } else { types::value(choices, items, 1) };
    let span = types::span(choices);
    let parameters = locals.len();
    let mut function = body(choices, items, is_const, odd_names);
    function.const_parameters.clone_from(&const_parameters);
    function.assigned = vec![true; parameters];
    function.locals = locals;
    let mut block = function.block(3, &result);
    let returns = matches!(block.last().map(|last| &last.kind), Some(StatementKind::Return(_)));
    if result != Type::Unit && !returns {
        // A jump cannot end the body: it stands in no loop.
        let kind = StatementKind::Return(Some(function.value(&result, 3)));
        block.push(Statement { kind, span: types::span(function.choices) });
    }
    let locals = function.locals;
    ir::Function {
        name,
        kernel,
        is_const,
        type_parameters: Vec::new(),
        const_parameters,
        parameters,
        result,
        locals,
        body: block,
        span,
    }
}
