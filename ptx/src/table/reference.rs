//! The reference page: the table as markdown.

use std::fmt::Write;

use super::slots::SLOTS;
use super::{Convergence, Effect, SECTIONS};
use crate::special::{SPECIAL, Shape};

/// Every form of every instruction, every slot and every special register, as a markdown page.
pub fn reference() -> String {
    let mut page = String::from(
        "# PTX instructions\n\nGenerated from the instruction table. `{...}` is optional, `.<name>` is a slot (listed \
         below), `.a|.b` are alternatives. In operands, `d=type` is written, `a:type` is read, `!` may be negated, \
         `~` may be wider.\n\n",
    );
    for section in SECTIONS {
        page.push_str("| form | operands | PTX | GPU | memory | executed by |\n|---|---|---|---|---|---|\n");
        for row in section.iter() {
            let effect = match row.effect {
                Effect::None => "",
                Effect::Read => "read",
                Effect::Write => "write",
                Effect::ReadWrite => "read and write",
                Effect::Fence => "fence",
                Effect::Async => "async",
            };
            let convergence = match row.convergence {
                Convergence::None => "thread",
                Convergence::Warp => "warp",
                Convergence::Block => "block",
            };
            line(
                &mut page,
                &[
                    &code(row.grammar),
                    &code(row.operands),
                    &row.requirement.version.to_string(),
                    &row.requirement.sm.to_string(),
                    effect,
                    convergence,
                ],
            );
        }
        page.push('\n');
    }
    page.push_str("## Slots\n\n| slot | modifiers |\n|---|---|\n");
    for (name, alternatives) in SLOTS {
        let alternatives: Vec<String> = alternatives.iter().map(|a| code(&format!(".{a}"))).collect();
        line(&mut page, &[&code(name), &alternatives.join(" ")]);
    }
    page.push_str("\n## Special registers\n\n| register | type |\n|---|---|\n");
    for (name, ty, shape) in SPECIAL {
        let components = if *shape == Shape::Vector { "{.x,.y,.z}" } else { "" };
        line(&mut page, &[&code(&format!("{name}{components}")), &code(&ty.to_string())]);
    }
    page
}

fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{}`", text.replace('|', "\\|")) }
}

fn line(page: &mut String, cells: &[&str]) {
    // Writing to a string cannot fail.
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}
