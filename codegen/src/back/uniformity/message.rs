//! The sentences: what must be reached together, where the threads part, what makes them part, and
//! what to write.

use super::control::{Control, Way};
use super::fact::{Level, Origin, Position};
use crate::ir::{Intrinsic, Module, Threads};

/// Tells which file a line is in when it is not the one that the sentence is about.
pub(super) struct Files<'a> {
    pub(super) modules: &'a [Module],
    pub(super) here: usize,
}

impl Files<'_> {
    fn line(&self, at: Position) -> String {
        if at.span.line == 0 {
            return String::new();
        }
        let file = |module: usize| self.modules.get(module).map_or("", |module| module.file.as_str());
        match file(at.module) == file(self.here) {
            true => format!(" on line {}", at.span.line),
            false => format!(" on line {} of {}", at.span.line, file(at.module)),
        }
    }
}

/// An operation that names threads.
#[derive(Clone, Copy)]
pub(super) enum Operation<'a> {
    Intrinsic(Intrinsic),
    /// An instruction of inline PTX.
    Asm(&'a str),
}

impl Operation<'_> {
    fn name(self, all_lanes: bool) -> String {
        match self {
            Operation::Intrinsic(intrinsic) => name(intrinsic, all_lanes),
            Operation::Asm(opcode) => format!("`{opcode}`"),
        }
    }
}

/// How Rust code calls a warp operation or barrier.
fn name(intrinsic: Intrinsic, all_lanes: bool) -> String {
    let row = intrinsic.row();
    let among = if row.has_members() && !all_lanes { "_among" } else { "" };
    format!("`{}{among}`", row.rust_name())
}

/// Who must reach an operation that names all.
pub(super) fn must(operation: Operation<'_>, least: Level) -> String {
    let threads = match (operation, least) {
        (_, Level::Block) => "threads of the block",
        (Operation::Intrinsic(intrinsic), _) if intrinsic.row().threads == Threads::Block => {
            "threads of the block"
        }
        _ => "lanes of the warp",
    };
    format!("all {threads} must reach this {} together", operation.name(true))
}

/// Who must reach an operation whose mask is the groups of `match_any`.
pub(super) fn among(operation: Operation<'_>) -> String {
    format!("all lanes of every group must reach this {} together", operation.name(false))
}

/// Why a mask is not taken.
pub(super) fn members(operation: Operation<'_>) -> String {
    format!(
        "it is not provable that exactly the lanes of this mask reach {} with it: use the mask that `match_any` gave, \
         or inside `if p` the mask of `ballot(p)` for the same binding `p`, or vouch for it with `assume_members(mask)`",
        operation.name(false)
    )
}

/// The sentence about threads that have parted further than `least`.
pub(super) fn parted(files: &Files<'_>, must: &str, least: Level, control: &Control) -> String {
    let (who, escape) = match control.level {
        Level::Lane => ("lanes", least),
        _ => ("warps", least),
    };
    let escape = match escape {
        Level::Block => "assume_block_uniform",
        _ => "assume_warp_uniform",
    };
    let Some(parting) = &control.parting else { return format!("{must}, but some {who} do not") };
    let line = |at| files.line(at);
    let how = match parting.way {
        Way::Branch => format!("the branch{} diverges", line(parting.at)),
        Way::Count => format!("{who} run the loop{} a different number of times", line(parting.at)),
        Way::Break(at) => format!("some {who} leave the loop{} while others stay in it", line(at)),
        Way::Continue(at) => format!("some {who} `continue`{} while others do not", line(at)),
        Way::Return(at) => format!("some {who} `return`{} while others go on", line(at)),
    };
    let subject = match &parting.subject {
        Some(name) => format!("`{name}`"),
        None if parting.way == Way::Count => "its bound".to_string(),
        None => "the condition".to_string(),
    };
    let because = match parting.origin {
        Some(Origin::Operation(operation, at)) => format!("because it comes from {operation}{}", line(at)),
        Some(Origin::Lanes(intrinsic, all_lanes, at)) => {
            format!("because it comes from {}{}", name(intrinsic, all_lanes), line(at))
        }
        Some(Origin::Assigned(at, parted)) => {
            format!("because it is assigned{} after {who} part{}", line(at), line(parted))
        }
        None => "here".to_string(),
    };
    format!(
        "{must}, but {how}: {subject} differs between {who} {because}; move it to where all are, or vouch for the \
         condition with `{escape}(..)`"
    )
}
