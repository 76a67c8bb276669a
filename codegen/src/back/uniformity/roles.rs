//! Warp roles, and who reaches the barriers that a kernel numbers.
//!
//! A role is entered where the whole block is together, and then its threads are together. A
//! barrier is reached by the warps of all roles that use it: their number must be the number that
//! it waits for, or it waits forever or opens too early.

use std::rc::Rc;

use super::control::{Control, Parting, Way};
use super::fact::{Fact, Level, Position};
use super::statements::{Flow, unite};
use super::{Analysis, Step, Walk};
use crate::Mistake;
use crate::back::constant::Constant;
use crate::ir::{Expr, Span, WarpRole};

/// A role that was met.
pub(super) struct Met {
    /// Its place in the inlined source.
    site: Vec<usize>,
    name: String,
    /// Its warps, one bit each.
    warps: u32,
}

/// Who reaches a named barrier.
pub(super) struct Reached {
    threads: i128,
    /// The warps that come, one bit each.
    warps: u32,
    /// The roles that come.
    roles: Vec<String>,
    first: Position,
}

impl<'p> Analysis<'p> {
    /// Every role is walked by its own threads; after them all, what they assigned differs between
    /// warps.
    pub(super) fn roles(&mut self, walk: &mut Walk<'p>, roles: &'p [WarpRole], span: Span) -> Step<Flow> {
        self.must(walk, "all threads of the block must reach these roles together", self.whole_block, span);
        let here = walk.control();
        let at = walk.position(span);
        let (saved, around) = (walk.base.clone(), walk.around_role.replace(walk.loops.len()));
        let before = walk.locals.clone();
        let mut ends = Vec::new();
        for role in roles {
            let role_here = self.met(walk, role);
            walk.base = Control { role: Some(role_here), ..here.clone() };
            walk.locals.clone_from(&before);
            if self.block(walk, &role.body)? == Flow::Continues {
                ends.push(std::mem::take(&mut walk.locals));
            }
        }
        walk.base = saved;
        walk.around_role = around;
        let mut ends = ends.into_iter();
        let Some(mut met) = ends.next() else { return Ok(Flow::Leaves) };
        ends.for_each(|state| unite(&mut met, &state));
        let parting = Parting { at, way: Way::Branch, subject: None, origin: None };
        let apart = Control { level: Level::Warp, parting: Some(Rc::new(parting)), ..Control::together() };
        for (local, before) in met.iter_mut().zip(before) {
            if *local != before {
                *local = local.take().map(|value| apart.assigned(value, at));
            }
        }
        walk.locals = met;
        Ok(Flow::Continues)
    }

    /// The position of a role among those that were met.
    fn met(&mut self, walk: &Walk<'p>, role: &'p WarpRole) -> usize {
        let mut site = self.path.clone();
        site.push(std::ptr::from_ref(role) as usize);
        if let Some(known) = self.roles.iter().position(|met| met.site == site) {
            return known;
        }
        let number = |expression: &Expr| match self
            .evaluator
            .expression(walk.module, &walk.parameters, expression)
            .as_deref()
        {
            Ok([Constant::Integer(number)]) => Some((*number).clamp(0, 32) as u32),
            _ => None,
        };
        let below = |warp: u32| 1u32.checked_shl(warp).map_or(u32::MAX, |bit| bit - 1);
        let warps = match (number(&role.start), number(&role.end)) {
            (Some(start), Some(end)) => below(end) & !below(start),
            // Not known yet: it may be one warp, of which the least is asked.
            _ => 1,
        };
        self.roles.push(Met { site, name: role.name.clone(), warps });
        self.roles.len() - 1
    }

    /// Checks that all threads of the role, or outside roles of the block, are here.
    pub(super) fn all_of_role(&mut self, walk: &Walk<'p>, what: &str, span: Span) {
        let (threads, least) = match walk.control().role.map(|role| &self.roles[role]) {
            Some(role) if role.warps.count_ones() == 1 => (format!("the role `{}`", role.name), Level::Warp),
            Some(role) => (format!("the role `{}`", role.name), Level::Block),
            None => ("the block".to_string(), self.whole_block),
        };
        self.must(walk, &format!("all threads of {threads} must reach this {what} together"), least, span);
    }

    /// The sentence for something that waits for the whole block where only a role is.
    pub(super) fn whole_block_in_role(&self, operation: &str, role: usize) -> String {
        let Met { name, warps, .. } = &self.roles[role];
        format!(
            "{operation} waits for all threads of the block, and here are only the {} of the role `{name}`: write \
             `role_barrier()`, or a `NamedBarrier` that other roles reach too",
            warps.count_ones() * 32
        )
    }

    /// Notes who reaches a named barrier.
    pub(super) fn reach(&mut self, walk: &Walk<'p>, facts: &[Fact], span: Span) {
        // Who comes is known when const parameters are.
        if self.open {
            return;
        }
        let numbers =
            facts.first().and_then(|id| id.constant).zip(facts.get(1).and_then(|threads| threads.constant));
        let Some((Constant::Integer(id), Constant::Integer(threads))) = numbers else {
            let message = "the number and the threads of a named barrier are constants: make a `const` of it";
            return self.refuse(walk, span, message.to_string());
        };
        let (warps, name) = match walk.control().role.map(|role| &self.roles[role]) {
            Some(role) => (role.warps, format!("the role `{}`", role.name)),
            None => (u32::MAX, "the whole block".to_string()),
        };
        let first = walk.outside.unwrap_or_else(|| walk.position(span));
        let reached =
            self.named_barriers.entry(id).or_insert(Reached { threads, warps: 0, roles: Vec::new(), first });
        reached.warps |= warps;
        if !reached.roles.contains(&name) {
            reached.roles.push(name);
        }
        let known = reached.threads;
        if known != threads {
            let message = format!(
                "barrier {id} waits for {threads} threads here and for {known} elsewhere: use the same `NamedBarrier` everywhere"
            );
            self.refuse(walk, span, message);
        }
    }

    /// Checks that as many threads reach each named barrier as it waits for.
    pub(super) fn barriers_are_reached_by_their_threads(&mut self, warps: u32) {
        for (id, reached) in std::mem::take(&mut self.named_barriers) {
            let all = 1u32.checked_shl(warps).map_or(u32::MAX, |bit| bit - 1);
            let threads = (reached.warps & all).count_ones() * 32;
            if i128::from(threads) == reached.threads {
                continue;
            }
            let message = format!(
                "barrier {id} waits for {} threads, and {threads} reach it, those of {}: write {threads}, or let the others come",
                reached.threads,
                reached.roles.join(" and ")
            );
            let Position { module, span } = reached.first;
            let file = self.program.modules[module].file.clone();
            self.mistakes.push(Mistake { file, span, message });
            self.called_at.push(None);
        }
    }
}
