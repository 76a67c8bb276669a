//! Nothing contains, defines or calls itself: inlining, layout and constants come to an end.

use std::collections::{BTreeMap, BTreeSet};

use crate::Mistake;
use crate::back::program::Program;
use crate::ir::{Block, Expr, ExprKind, Path, Projection, Size, Span, StatementKind, Type};

/// An item that may depend on others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Struct(Path),
    Constant(Path),
    Function(Path),
}

impl Item {
    fn text(&self) -> String {
        match self {
            Item::Struct(path) | Item::Constant(path) | Item::Function(path) => path.item.clone(),
        }
    }
}

/// Registers and empty fields that a struct may have in all; more is refused before anything walks
/// through them.
const MOST_FIELDS: u64 = 65_536;

/// Reports every item that depends on itself.
pub(super) fn check(program: &Program, mistakes: &mut Vec<Mistake>) {
    let mut uses: BTreeMap<Item, BTreeSet<Item>> = BTreeMap::new();
    let mut places: BTreeMap<Item, (String, Span)> = BTreeMap::new();
    for module in &program.modules {
        let path = |item: &str| Path::new(&module.name, item);
        let mut add = |item: Item, span: Span, found: BTreeSet<Item>| {
            places.insert(item.clone(), (module.file.clone(), span));
            uses.insert(item, found);
        };
        for structure in &module.structs {
            let mut found = BTreeSet::new();
            structure.fields.iter().for_each(|field| in_type(&field.ty, &mut found));
            add(Item::Struct(path(&structure.name)), structure.span, found);
        }
        for constant in &module.constants {
            let mut found = BTreeSet::new();
            in_type(&constant.ty, &mut found);
            in_expression(&constant.value, &mut found);
            add(Item::Constant(path(&constant.name)), constant.span, found);
        }
        for function in &module.functions {
            let mut found = BTreeSet::new();
            function.locals.iter().for_each(|local| in_type(&local.ty, &mut found));
            in_type(&function.result, &mut found);
            in_block(&function.body, &mut found);
            add(Item::Function(path(&function.name)), function.span, found);
        }
    }
    let order = match in_order(&uses) {
        Ok(order) => order,
        Err(cycles) => {
            for cycle in cycles {
                let names =
                    cycle.iter().map(|item| format!("`{}`", item.text())).collect::<Vec<_>>().join(" -> ");
                let what = match &cycle[0] {
                    Item::Struct(_) => "a struct cannot contain itself: use a pointer",
                    Item::Constant(_) => "a constant cannot depend on itself",
                    Item::Function(_) => {
                        "everything is inlined, so a function cannot call itself: write a loop"
                    }
                };
                let (file, span) = places.get(&cycle[0]).cloned().unwrap_or_default();
                mistakes.push(Mistake { file, span, message: format!("{what} ({names})") });
            }
            return;
        }
    };
    let mut sizes: BTreeMap<Path, u64> = BTreeMap::new();
    for item in order {
        let Item::Struct(path) = item else { continue };
        let Ok(structure) = program.structure(&path) else { continue };
        let size = structure
            .fields
            .iter()
            .fold(0u64, |sum, field| sum.saturating_add(fields_of(&field.ty, &sizes)))
            .saturating_add(1);
        if size > MOST_FIELDS {
            let (file, span) = places.get(&Item::Struct(path.clone())).cloned().unwrap_or_default();
            let message = format!("`{}` has more than {MOST_FIELDS} fields in all: use pointers", path.item);
            mistakes.push(Mistake { file, span, message });
        }
        sizes.insert(path, size.min(MOST_FIELDS));
    }
}

/// Fields of a type, arrays counted once.
fn fields_of(ty: &Type, structs: &BTreeMap<Path, u64>) -> u64 {
    match ty {
        Type::Struct(path) => structs.get(path).copied().unwrap_or(1),
        Type::Tuple(parts) => {
            parts.iter().fold(1u64, |sum, part| sum.saturating_add(fields_of(part, structs)))
        }
        Type::Array(element, _) => fields_of(element, structs),
        _ => 1,
    }
}

/// Items with dependencies first, or the cycles.
fn in_order(uses: &BTreeMap<Item, BTreeSet<Item>>) -> Result<Vec<Item>, Vec<Vec<Item>>> {
    let mut done: BTreeSet<&Item> = BTreeSet::new();
    let mut order = Vec::new();
    let mut cycles = Vec::new();
    for start in uses.keys() {
        // Depth first with an own stack: chains may be long.
        let mut stack: Vec<(&Item, Vec<&Item>)> = Vec::new();
        let mut next = Some(start);
        loop {
            if let Some(item) = next.take() {
                if done.contains(item) {
                    // Already ordered.
                } else if let Some(position) = stack.iter().position(|(open, _)| *open == item) {
                    let mut cycle: Vec<Item> =
                        stack[position..].iter().map(|(item, _)| (*item).clone()).collect();
                    cycle.push(item.clone());
                    cycles.push(cycle);
                } else {
                    let pending = uses.get(item).map_or_else(Vec::new, |found| found.iter().rev().collect());
                    stack.push((item, pending));
                }
            }
            let Some((item, pending)) = stack.last_mut() else { break };
            match pending.pop() {
                Some(item) => next = Some(item),
                None => {
                    done.insert(item);
                    order.push((*item).clone());
                    stack.pop();
                }
            }
        }
    }
    if cycles.is_empty() { Ok(order) } else { Err(cycles) }
}

fn in_size(size: &Size, found: &mut BTreeSet<Item>) {
    if let Size::Constant(path) = size {
        found.insert(Item::Constant(path.clone()));
    }
}

/// What the layout of a type depends on: pointers have one whatever they point to.
fn in_type(ty: &Type, found: &mut BTreeSet<Item>) {
    match ty {
        Type::Struct(path) => {
            found.insert(Item::Struct(path.clone()));
        }
        Type::Tuple(parts) => parts.iter().for_each(|part| in_type(part, found)),
        Type::Array(element, size) => {
            in_size(size, found);
            in_type(element, found);
        }
        Type::Unit
        | Type::Parameter(_)
        | Type::Scalar(_)
        | Type::Enum(..)
        | Type::Pointer(..)
        | Type::Peers(_)
        | Type::Slice(_) => {}
    }
}

fn in_expression(expression: &Expr, found: &mut BTreeSet<Item>) {
    super::flow::each(expression, &mut |part| {
        in_type(&part.ty, found);
        match &part.kind {
            ExprKind::Constant(path) => {
                found.insert(Item::Constant(path.clone()));
            }
            ExprKind::Call { function, const_arguments, .. } => {
                found.insert(Item::Function(function.clone()));
                const_arguments.iter().for_each(|argument| in_expression(argument, found));
            }
            _ => {}
        }
    });
}

fn in_block(block: &Block, found: &mut BTreeSet<Item>) {
    for statement in block {
        match &statement.kind {
            StatementKind::Assign(place, value) => {
                in_expression(value, found);
                for projection in &place.projections {
                    if let Projection::Index(index) = projection {
                        in_expression(index, found);
                    }
                }
            }
            StatementKind::Evaluate(value) | StatementKind::Return(Some(value)) => {
                in_expression(value, found)
            }
            StatementKind::If { condition, then, otherwise } => {
                in_expression(condition, found);
                in_block(then, found);
                in_block(otherwise, found);
            }
            StatementKind::Loop { body } => in_block(body, found),
            StatementKind::Roles(roles) => {
                for role in roles {
                    role.constants().for_each(|constant| in_expression(constant, found));
                    in_block(&role.body, found);
                }
            }
            StatementKind::For { start, end, body, .. } => {
                in_expression(start, found);
                in_expression(end, found);
                in_block(body, found);
            }
            StatementKind::Break(_) | StatementKind::Continue(_) | StatementKind::Return(None) => {}
            StatementKind::Assert { condition, arguments, .. } => {
                std::iter::once(condition).chain(arguments).for_each(|part| in_expression(part, found));
            }
        }
    }
}
