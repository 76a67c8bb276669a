//! Warp roles and named barriers: who has which warps, registers and barriers, all known here.

use crossdock_ptx::opcode;

use std::collections::BTreeMap;

use super::control::meet;
use super::frame::{Flow, Frame};
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::Mistake;
use crate::back::constant::Constant;
use crate::back::emit::{Argument, Class};
use crate::ir::{BarrierKind, Block, Expr, Intrinsic, Span, WarpRole};

/// Registers that `setmaxnreg` gives a thread (PTX ISA section 9.7.19.5): multiples of 8.
const REGISTERS: std::ops::RangeInclusive<u32> = 24..=256;
/// Warps that change their registers together.
const WARPGROUP: u32 = 4;
/// Barriers of a block (PTX ISA section 9.7.13.1). Barrier 0 is that of `block_barrier`.
const LAST_BARRIER: u32 = 15;

/// What is known of the roles of a kernel.
#[derive(Debug, Default)]
pub(super) struct Roles {
    /// Every role by its place in the inlined source, in the order in which they were met.
    known: Vec<Vec<usize>>,
    /// The role that is being written down: its position among all, its name and its threads.
    current: Option<(usize, String, u32)>,
    /// Where registers were changed.
    registers_at: Option<Vec<usize>>,
    /// Barriers of roles, by number.
    own_barriers: BTreeMap<u32, String>,
    /// Named barriers that the kernel numbers itself, with their first use.
    named_barriers: BTreeMap<u32, Mistake>,
    /// Barriers of inline PTX with the threads that they wait for, 0 for all, and their first use;
    /// `None` is a number that is known only when the kernel runs.
    asm_barriers: BTreeMap<Option<u32>, (i128, Mistake)>,
}

/// What one role has.
struct Share<'p> {
    name: &'p str,
    start: u32,
    end: u32,
    registers: Option<u32>,
    body: &'p Block,
    site: Vec<usize>,
}

impl<'p> Specialiser<'p> {
    /// Warps that follow one another take the branches in their order; each branch is one role.
    pub(super) fn roles(
        &mut self,
        frame: &mut Frame<'p>,
        roles: &'p [WarpRole],
        span: Span,
    ) -> Outcome<Flow> {
        if let Some((_, name, _)) = &self.roles.current {
            let message =
                format!("the role `{name}` cannot have roles of its own: state all roles side by side");
            return Err(self.mistake(frame, span, message));
        }
        if let Some(stop) = self.unless_block_is_exact(frame, span, "roles divide the warps of a block") {
            return Err(stop);
        }
        let shares = self.shares(frame, roles, span)?;
        let bodies: Vec<&Block> = shares.iter().map(|share| share.body).collect();
        let assigned = frame.assigned_in(&bodies);
        self.bring_home(frame, &assigned)?;
        let thread = match shares.len() {
            1 => None,
            _ => {
                let index = self.special(frame, span, Intrinsic::ThreadInBlock, &Want::anything());
                Some(self.register(&index, Class::Bits32))
            }
        };
        let [after] = self.body.labels(["end_roles"]);
        let before = frame.locals.clone();
        let mut ends = Vec::new();
        frame.uncertain += 1;
        for (position, share) in shares.iter().enumerate() {
            let [next] = self.body.labels(["next_role"]);
            let last = position + 1 == shares.len();
            if let Some(thread) = thread.filter(|_| !last) {
                let beyond = self.body.register(Class::Predicate, None);
                let bound = Argument::Integer(i128::from(share.end * 32));
                self.body.pure(opcode!(setp.ge.u32), beyond, vec![Argument::Register(thread), bound]);
                self.body.branch(Some((beyond, false)), next);
            }
            frame.locals.clone_from(&before);
            if let (Some(count), Some(launch)) = (share.registers, self.attributes.max_registers)
                && count != launch
            {
                let opcode = match count < launch {
                    true => opcode!(setmaxnreg.dec.sync.aligned.u32),
                    false => opcode!(setmaxnreg.inc.sync.aligned.u32),
                };
                let operand = vec![Argument::Integer(i128::from(count))];
                self.body.perform(opcode, operand);
            }
            let role = self.role_at(&share.site);
            self.roles.current = Some((role, share.name.to_string(), (share.end - share.start) * 32));
            let flow = self.block(frame, share.body);
            self.roles.current = None;
            if flow? == Flow::Continues {
                self.bring_home(frame, &assigned)?;
                if !last {
                    self.body.branch(None, after);
                }
                ends.push(std::mem::take(&mut frame.locals));
            }
            self.body.place(next);
        }
        frame.uncertain -= 1;
        self.body.place(after);
        if ends.is_empty() {
            return Ok(Flow::Leaves);
        }
        frame.locals = meet(ends);
        Ok(Flow::Continues)
    }

    /// A mistake, if launches choose how many warps a block has.
    fn unless_block_is_exact(&mut self, frame: &Frame<'p>, span: Span, what: &str) -> Option<super::Stop> {
        let message = format!(
            "{what}, and launches of this kernel choose how many there are: state `warps` or `threads` in place of `max_threads`"
        );
        self.attributes.block_is_most.then(|| self.mistake(frame, span, message))
    }

    /// The position of a role among all roles of the kernel.
    fn role_at(&mut self, site: &[usize]) -> usize {
        if let Some(known) = self.roles.known.iter().position(|known| known == site) {
            return known;
        }
        self.roles.known.push(site.to_vec());
        self.roles.known.len() - 1
    }

    /// The roles in the order of their warps, when every warp of the block has exactly one and
    /// registers add up.
    fn shares(
        &mut self,
        frame: &mut Frame<'p>,
        roles: &'p [WarpRole],
        span: Span,
    ) -> Outcome<Vec<Share<'p>>> {
        let warps = self.attributes.warps();
        let mut shares = Vec::with_capacity(roles.len());
        for role in roles {
            let (start, end) = (self.number(frame, &role.start)?, self.number(frame, &role.end)?);
            let registers = match &role.registers {
                Some(registers) => Some(self.number(frame, registers)?).filter(|count| *count != 0),
                None => None,
            };
            let name = &role.name;
            if start >= end {
                let message = format!(
                    "the role `{name}` has no warps: {start}..{end} is empty, so widen it or leave the role out"
                );
                return Err(self.mistake(frame, role.start.span, message));
            }
            if end > warps {
                let message = format!(
                    "the role `{name}` has warps up to {}, and the kernel has only warps 0 to {}: write `warps = {end}` at `#[kernel(..)]` or end the role earlier",
                    end - 1,
                    warps - 1
                );
                return Err(self.mistake(frame, role.end.span, message));
            }
            let mut site = frame.site.clone();
            site.push(std::ptr::from_ref(role) as usize);
            if let Some(count) = registers {
                let span = role.registers.as_ref().map_or(span, |registers| registers.span);
                self.check_registers(frame, span, name, (start, end), count)?;
            }
            shares.push(Share { name, start, end, registers, body: &role.body, site });
        }
        shares.sort_by_key(|share| share.start);
        let mut covered = 0;
        let mut last: Option<&Share<'_>> = None;
        for share in &shares {
            if let Some(last) = last.filter(|_| share.start < covered) {
                let message = format!(
                    "warp {} is in the roles `{}` and `{}`: every warp has one role, so let their ranges follow one another",
                    share.start, last.name, share.name
                );
                return Err(self.mistake(frame, span, message));
            }
            if share.start > covered {
                return Err(self.missing(frame, span, covered..share.start));
            }
            covered = share.end;
            last = Some(share);
        }
        if covered < warps {
            return Err(self.missing(frame, span, covered..warps));
        }
        self.check_budget(frame, span, &shares)?;
        Ok(shares)
    }

    fn missing(&mut self, frame: &Frame<'p>, span: Span, warps: std::ops::Range<u32>) -> super::Stop {
        let who = match warps.len() {
            1 => format!("warp {} has", warps.start),
            _ => format!("warps {} to {} have", warps.start, warps.end - 1),
        };
        let message = format!(
            "{who} no role: write `#[role(name, warps = {}..{})] {{ .. }}` beside these roles, with an empty block if they do nothing",
            warps.start, warps.end
        );
        self.mistake(frame, span, message)
    }

    /// Whether one role's registers are a number that the hardware takes, for whole warpgroups.
    fn check_registers(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        name: &str,
        (start, end): (u32, u32),
        count: u32,
    ) -> Outcome<()> {
        let message = if !REGISTERS.contains(&count) || !count.is_multiple_of(8) {
            format!("the role `{name}` asks for {count} registers: write a multiple of 8 from 24 to 256")
        } else if !start.is_multiple_of(WARPGROUP) || !end.is_multiple_of(WARPGROUP) {
            format!(
                "the role `{name}` changes the registers of warps {start} to {}, and four warps change theirs together: let it \
                 begin and end at a multiple of 4",
                end - 1
            )
        } else if self.attributes.max_registers.is_none() {
            format!(
                "the role `{name}` asks for registers, and the kernel does not state what the launch gives: write \
                 `#[kernel(warps = {}, max_registers = 128)]`",
                self.attributes.warps()
            )
        } else {
            return Ok(());
        };
        Err(self.mistake(frame, span, message))
    }

    /// Whether the roles' registers are those that the launch gives, handed out anew, and only
    /// once.
    fn check_budget(&mut self, frame: &Frame<'p>, span: Span, shares: &[Share<'p>]) -> Outcome<()> {
        let Some(launch) = self.attributes.max_registers else { return Ok(()) };
        if shares.iter().all(|share| share.registers.is_none()) {
            return Ok(());
        }
        let of = |share: &Share<'_>| (share.end - share.start) * share.registers.unwrap_or(launch);
        let (asked, given) = (shares.iter().map(of).sum::<u32>(), self.attributes.warps() * launch);
        if asked > given {
            let parts: Vec<String> = shares
                .iter()
                .map(|share| format!("{} x {}", share.end - share.start, share.registers.unwrap_or(launch)))
                .collect();
            let message = format!(
                "the roles ask for {} = {asked} registers (warps x registers per thread), and the launch gives {} x {launch} = \
                 {given}: lower a role's registers or raise `max_registers`",
                parts.join(" + "),
                self.attributes.warps()
            );
            return Err(self.mistake(frame, span, message));
        }
        let site = shares.first().map(|share| share.site.clone());
        if !frame.loops.is_empty()
            || self.roles.registers_at.as_ref().is_some_and(|at| Some(at) != site.as_ref())
        {
            let message = "registers are handed out once, outside loops: put the loop into the roles";
            return Err(self.mistake(frame, span, message));
        }
        self.roles.registers_at = site;
        Ok(())
    }

    /// A constant `u32` of a role.
    fn number(&mut self, frame: &Frame<'p>, expression: &Expr) -> Outcome<u32> {
        let value = self.evaluator.expression(frame.module, &frame.parameters, expression);
        match value.map_err(|mistake| self.record(mistake))?.as_slice() {
            [Constant::Integer(number)] if u32::try_from(*number).is_ok() => Ok(*number as u32),
            _ => Err(self.mistake(frame, expression.span, "a role is described by constants of type u32")),
        }
    }

    /// `role_barrier()`: a barrier of the role's own, counted down from the last.
    pub(super) fn role_barrier(&mut self, frame: &Frame<'p>, span: Span) -> Outcome<Vec<Value>> {
        let Some((position, name, threads)) = self.roles.current.clone() else {
            let message = "`role_barrier` waits for the threads of a role, and this is outside of all roles: write `block_barrier()`";
            return Err(self.mistake(frame, span, message));
        };
        let Some(id) = LAST_BARRIER.checked_sub(position as u32).filter(|id| *id > 0) else {
            let message = format!(
                "the role `{name}` has no barrier left: a kernel has at most {LAST_BARRIER} roles with barriers of their own"
            );
            return Err(self.mistake(frame, span, message));
        };
        self.roles.own_barriers.insert(id, name);
        self.at(frame, span);
        let operands = [id, threads].map(|number| Argument::Integer(i128::from(number)));
        self.body.perform(opcode!(bar.sync), operands.to_vec());
        Ok(Vec::new())
    }

    /// `bar.sync`, `bar.arrive` and `bar.red` with a number and a count.
    pub(super) fn named_barrier(
        &mut self,
        frame: &mut Frame<'p>,
        span: Span,
        kind: BarrierKind,
        arguments: &'p [Expr],
        want: &Want,
    ) -> Outcome<Vec<Value>> {
        let [id, threads, asked @ ..] = arguments else {
            return Err(self.mistake(frame, span, "a named barrier takes its number and its threads"));
        };
        if let Some(stop) = self.unless_block_is_exact(frame, span, "a named barrier counts warps of a block")
        {
            return Err(stop);
        }
        let id = self.scalar(frame, id, &Want::anything())?;
        let threads = self.scalar(frame, threads, &Want::anything())?;
        let (Value::Constant(Constant::Integer(id)), Value::Constant(Constant::Integer(threads))) =
            (id, threads)
        else {
            let message = "the number and the threads of a named barrier are constants: make a `const` of it";
            return Err(self.mistake(frame, span, message));
        };
        let message = if !(1..=i128::from(LAST_BARRIER)).contains(&id) {
            format!(
                "there is no named barrier {id}: write 1 to {LAST_BARRIER} (barrier 0 is that of `block_barrier`)"
            )
        } else if threads % 32 != 0 || !(32..=i128::from(self.attributes.threads())).contains(&threads) {
            format!(
                "barrier {id} cannot wait for {threads} threads: write a multiple of 32 from 32 to the block's {}",
                self.attributes.threads()
            )
        } else {
            String::new()
        };
        if !message.is_empty() {
            return Err(self.mistake(frame, span, message));
        }
        let (module, place) = frame.outside.unwrap_or((frame.module, span));
        let file = self.program.modules[module].file.clone();
        let use_here = Mistake { file, span: place, message: String::new() };
        self.roles.named_barriers.entry(id as u32).or_insert(use_here);
        let mut operands = vec![Argument::Integer(id), Argument::Integer(threads)];
        if let [asked] = asked {
            let asked = self.scalar(frame, asked, &Want::anything())?;
            operands.push(self.argument(&asked, Class::Predicate));
        }
        self.at(frame, span);
        let (opcode, class) = match kind {
            BarrierKind::Synchronise => (opcode!(bar.sync), None),
            BarrierKind::Arrive => (opcode!(bar.arrive), None),
            BarrierKind::Any => (opcode!(bar.red.or.pred), Some(Class::Predicate)),
            BarrierKind::All => (opcode!(bar.red.and.pred), Some(Class::Predicate)),
            BarrierKind::Count => (opcode!(bar.red.popc.u32), Some(Class::Bits32)),
        };
        let Some(class) = class else {
            self.body.perform(opcode, operands);
            return Ok(Vec::new());
        };
        let result = self.result(want, class);
        self.body.effect(opcode, Argument::Register(result), operands);
        Ok(vec![Value::Register(result)])
    }

    /// A barrier of inline PTX: `number`, unless it is known only when the kernel runs, and the
    /// threads that it waits for, 0 for all.
    pub(super) fn asm_barrier(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        number: Option<i128>,
        threads: i128,
    ) -> Outcome<()> {
        let is_exact = !self.attributes.block_is_most;
        let whole = threads == 0 || is_exact && threads == i128::from(self.attributes.threads());
        let message = match number {
            Some(0) if !whole => {
                "barrier 0 is that of `block_barrier`, which all threads reach: write another number"
                    .to_string()
            }
            Some(0) => return Ok(()),
            Some(number) if !(1..=i128::from(LAST_BARRIER)).contains(&number) => {
                format!("there is no barrier {number}: write 0 to {LAST_BARRIER}")
            }
            _ => String::new(),
        };
        if !message.is_empty() {
            return Err(self.mistake(frame, span, message));
        }
        let file = self.program.modules[frame.module].file.clone();
        let use_here = Mistake { file, span, message: String::new() };
        let number = number.map(|number| number as u32);
        let known = self.roles.asm_barriers.entry(number).or_insert((threads, use_here)).0;
        if let Some(number) = number
            && known != threads
        {
            let message = format!(
                "barrier {number} waits for {threads} threads here and for {known} elsewhere: write the same number of threads"
            );
            return Err(self.mistake(frame, span, message));
        }
        Ok(())
    }

    /// Reports barriers that the kernel numbers itself and that a role has as its own, and those of
    /// inline PTX that are others too.
    pub(super) fn barriers_are_apart(&mut self) {
        for (number, (_, first)) in std::mem::take(&mut self.roles.asm_barriers) {
            let message = match number {
                None if self.roles.own_barriers.is_empty() && self.roles.named_barriers.is_empty() => continue,
                None => "the number of this barrier is known only when the kernel runs, and the kernel has named barriers or \
                         barriers of roles: write a constant"
                    .to_string(),
                Some(number) if self.roles.named_barriers.contains_key(&number) => format!(
                    "barrier {number} is a `NamedBarrier` elsewhere in this kernel: write another number, or use that barrier"
                ),
                Some(number) => match self.roles.own_barriers.get(&number) {
                    Some(name) => format!(
                        "barrier {number} is the `role_barrier` of the role `{name}`: write another number"
                    ),
                    None => continue,
                },
            };
            let _ = self.record(Mistake { message, ..first });
        }
        let least = self.roles.own_barriers.keys().next().copied().unwrap_or_default();
        for (id, name) in std::mem::take(&mut self.roles.own_barriers) {
            if let Some(first) = self.roles.named_barriers.get(&id) {
                let message = format!(
                    "barrier {id} is the `role_barrier` of the role `{name}`: number this one from 1 to {}",
                    least.saturating_sub(1)
                );
                let mistake = Mistake { message, ..first.clone() };
                let _ = self.record(mistake);
            }
        }
    }
}
