//! Bodies of constants and functions: names and types first, then the IR, callees before callers.

use std::collections::BTreeMap;

use syn::{FnArg, Pat};

use super::attributes;
use super::body::Body;
use super::diagnostic::Diagnostics;
use super::flatten::{self, Costs};
use super::items::{ConstantItem, FunctionItem};
use super::modifiers;
use super::names::Environment;
use super::position;
use super::terms::Term;
use super::tree::{Node, NodeKind};
use super::types::Scope;
use crate::ir::{Constant, Function, Module, Path};

/// Lowers the constants, in source order.
pub(super) fn constants(
    items: &[ConstantItem<'_>],
    environment: &Environment<'_>,
    costs: &Costs,
    diagnostics: &mut Diagnostics,
) -> Vec<Constant> {
    let mut constants = Vec::new();
    for item in items {
        let Some(ty) = environment.constant(&environment.own(&item.name)) else { continue };
        let function = environment.function_of(&item.name);
        let scope = Scope { self_type: &item.self_type, function, ..Scope::outside_functions(environment) };
        let mut body = Body::new(scope, None);
        let root = body.expression(item.value);
        body.expect(&root, &Term::from(ty));
        let value = if is_sound(&body) { flatten::constant(&mut body, &root, costs) } else { None };
        diagnostics.absorb(body.diagnostics);
        if let Some(value) = value {
            constants.push(Constant {
                name: item.name.clone(),
                ty: ty.clone(),
                value,
                span: position(item.span),
            });
        }
    }
    constants
}

/// Whether no mistake was found in it, nor in what it mentions.
fn is_sound(body: &Body<'_>) -> bool {
    body.diagnostics.count() == 0 && !body.table.has_reported()
}

/// A function whose names and types are worked out.
struct Prepared<'a> {
    body: Body<'a>,
    root: Node,
}

/// Lowers the functions, in source order. `costs` learns which of them are cheap.
pub(super) fn functions(
    items: &[FunctionItem<'_>],
    environment: &Environment<'_>,
    costs: &mut Costs,
    diagnostics: &mut Diagnostics,
) -> Vec<Function> {
    let prepared: Vec<Option<Prepared<'_>>> = items.iter().map(|item| prepare(item, environment)).collect();
    let order = callees_first(items, &prepared, environment);
    let mut prepared = prepared;
    let mut lowered: BTreeMap<usize, Function> = BTreeMap::new();
    for index in order {
        let (item, Some(mut prepared)) = (&items[index], prepared[index].take()) else { continue };
        let path = environment.own(&item.name);
        let Some(signature) = environment.signature(&path) else { continue };
        if is_sound(&prepared.body)
            && let Some(result) = &signature.result
        {
            let (locals, block) = flatten::function(&mut prepared.body, &prepared.root, costs);
            let function = Function {
                name: item.name.clone(),
                kernel: item.kernel.clone(),
                is_const: item.written.constness.is_some(),
                type_parameters: signature.type_parameters.clone(),
                const_parameters: signature.const_parameters.clone(),
                parameters: signature.parameters.len(),
                result: result.clone(),
                locals,
                body: block,
                span: position(item.written.ident.span()),
            };
            if let Some(cost) = flatten::of_function(&function, costs) {
                costs.insert(path, cost);
            }
            lowered.insert(index, function);
        }
        diagnostics.absorb(prepared.body.diagnostics);
    }
    lowered.into_values().collect()
}

fn prepare<'a>(item: &'a FunctionItem<'_>, environment: &'a Environment<'a>) -> Option<Prepared<'a>> {
    let signature = environment.signature(&environment.own(&item.name))?;
    let scope = Scope {
        environment,
        type_parameters: &signature.type_parameters,
        const_parameters: &signature.const_parameters,
        self_type: &item.self_type,
        function: Some(&item.name),
        refused: &signature.refused,
    };
    let mut body = Body::new(scope, None);
    let result = body.table.stated(signature.result.as_ref());
    body.result = Some(result.clone());
    for (input, ty) in item.written.inputs.iter().zip(&signature.parameters) {
        let term = body.table.stated(ty.as_ref());
        match input {
            FnArg::Receiver(receiver) => {
                body.declare("self", term, receiver.mutability.is_some(), receiver.self_token.span);
            }
            FnArg::Typed(typed) => match &*typed.pat {
                Pat::Ident(name) => {
                    let mutable = name.mutability.is_some();
                    let local = body.declare(&name.ident.to_string(), term, mutable, name.ident.span());
                    body.variables[local.0 as usize].modifier = modifiers::of_type(&typed.ty, environment);
                }
                _ => {
                    body.hidden("unused", term, false, typed.colon_token.span);
                }
            },
        }
    }
    attributes::check_body(item.block, &mut body.diagnostics);
    let root = body.block(item.block);
    let span = match &root.kind {
        NodeKind::Block(_, Some(tail)) => tail.span,
        _ => item.written.ident.span(),
    };
    body.expect_at(span, &root.term, &result);
    Some(Prepared { body, root })
}

/// The functions' indices, each after those that it calls.
fn callees_first(
    items: &[FunctionItem<'_>],
    prepared: &[Option<Prepared<'_>>],
    environment: &Environment<'_>,
) -> Vec<usize> {
    let indices: BTreeMap<Path, usize> =
        items.iter().enumerate().map(|(index, item)| (environment.own(&item.name), index)).collect();
    let (mut order, mut visited) = (Vec::new(), vec![false; items.len()]);
    for start in 0..items.len() {
        // Each entry is a function and how many of its callees have been looked at.
        let mut stack = vec![(start, 0)];
        while let Some((index, position)) = stack.pop() {
            if position == 0 && std::mem::replace(&mut visited[index], true) {
                continue;
            }
            let calls = prepared[index].as_ref().map_or(&[][..], |prepared| &prepared.body.calls);
            match calls.get(position) {
                Some(callee) => {
                    stack.push((index, position + 1));
                    if let Some(callee) = indices.get(callee)
                        && !visited[*callee]
                    {
                        stack.push((*callee, 0));
                    }
                }
                None => order.push(index),
            }
        }
    }
    order
}

/// Which functions of the known modules are cheap.
pub(super) fn known_costs<'m>(modules: impl Iterator<Item = &'m Module> + Clone) -> Costs {
    let mut costs = Costs::new();
    loop {
        let before = costs.len();
        for module in modules.clone() {
            for function in &module.functions {
                let path = Path::new(&module.name, &function.name);
                if !costs.contains_key(&path)
                    && let Some(cost) = flatten::of_function(function, &costs)
                {
                    costs.insert(path, cost);
                }
            }
        }
        if costs.len() == before {
            return costs;
        }
    }
}
