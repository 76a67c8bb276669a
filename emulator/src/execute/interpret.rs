//! The loop over instructions, compiled twice: for the build's baseline and for processors with
//! AVX2 and FMA.

use super::environment::{Environment, Event, Raised, Running, Site, Step};
use super::{access, call, compare, convert, float, integer, model, moves, place, warp_op};
use crate::clock::Clock;
use crate::error::FaultKind;
use crate::op::{ClockRead, Op, WarpOp, operations};
use crate::register::{PredicateSource, lanes};

/// Executes until an [`Event`].
pub(crate) fn run(env: &mut Environment<'_>, running: &mut Running<'_>) -> Result<Event, Raised> {
    #[cfg(target_arch = "x86_64")]
    if env.wide {
        // SAFETY: `wide` is only set where the processor has the features that the function is
        // compiled for.
        return unsafe { run_avx2(env, running) };
    }
    interpret(env, running)
}

/// Whether the processor has what the second compilation of the loop needs.
pub(crate) fn is_wide_supported() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2(env: &mut Environment<'_>, running: &mut Running<'_>) -> Result<Event, Raised> {
    interpret(env, running)
}

/// What executing a row of the table gives: nothing, or a fault.
trait Outcome {
    fn fault(self) -> Option<Raised>;
}

impl Outcome for () {
    #[inline(always)]
    fn fault(self) -> Option<Raised> {
        None
    }
}

impl Outcome for Result<(), Raised> {
    #[inline(always)]
    fn fault(self) -> Option<Raised> {
        self.err()
    }
}

/// Executes straight runs of instructions: what ends a turn and what is counted is looked at
/// between runs only.
#[inline(always)]
fn interpret(env: &mut Environment<'_>, running: &mut Running<'_>) -> Result<Event, Raised> {
    let code = env.code;
    let group = running.mask;
    let r = &mut *running.registers;
    let mut pc = running.pc;
    let (budget, limit, meets) = (running.budget, running.limit, !running.meetings.is_empty());
    let mut left = budget;
    // Where the run began, and where it must be looked at again.
    let (mut start, mut end) = (pc, pc);
    // Counts the run up to an instruction that is not part of it.
    macro_rules! end_run {
        ($behind:expr) => {{
            let behind: u32 = $behind;
            env.counters.run(start, behind);
            left -= behind - start;
        }};
    }
    macro_rules! stop {
        (before $result:expr) => {
            stop!(pc, $result)
        };
        (behind $result:expr) => {
            stop!(pc + 1, $result)
        };
        ($behind:expr, $result:expr) => {{
            end_run!($behind);
            running.pc = pc;
            running.executed = budget - left;
            env.counters.lane_instructions += u64::from(running.executed) * u64::from(group.count_ones());
            return $result;
        }};
    }
    loop {
        if pc == end {
            end_run!(pc);
            start = pc;
            if left == 0 || left < budget && (pc >= limit || meets && running.meetings.contains(&pc)) {
                stop!(before Ok(Event::Pause));
            }
            end = if meets || pc >= limit { pc + 1 } else { limit.min(pc.saturating_add(left)) };
        }
        let instruction = &code.instructions[pc as usize];
        let guarded = instruction.guard != PredicateSource::ALWAYS;
        let mask = if guarded { group & r.predicate(instruction.guard) } else { group };
        macro_rules! site {
            () => {
                Site { env, private: running.private, spin: running.spin, r, pc, mask }
            };
        }
        macro_rules! execute {
            (lanes $run:path, $($operand:ident)*) => {
                if let Some(raised) = Outcome::fault($run(r, mask, $($operand),*)) {
                    stop!(behind Err(raised));
                }
            };
            (site $run:path, $($operand:ident)*) => {
                if let Some(raised) = Outcome::fault($run(&mut site!(), $($operand),*)) {
                    stop!(behind Err(raised));
                }
            };
        }
        macro_rules! dispatch {
            (
                lanes { $($lanes:ident { $($l:ident: $lt:ty),* } $lc:ident $le:ident => $lrun:path;)* }
                site { $($site:ident { $($s:ident: $st:ty),* } $sc:ident $se:ident => $srun:path;)* }
                control { $($control:tt)* }
            ) => {
                match instruction.op {
                    Op::Branch { target } => {
                        if mask == 0 {
                            pc += 1;
                        } else if mask == group {
                            let branch = pc;
                            end_run!(pc + 1);
                            (pc, start, end) = (target, target, target);
                            if target <= branch
                                && let Some(parking) = running.spin.back_edge(code, r, branch, group)
                            {
                                stop!(before Ok(Event::Park(parking)));
                            }
                        } else {
                            env.counters.divergent_branches += 1;
                            stop!(behind Ok(Event::Split { taken: mask, target, rest: pc + 1 }));
                        }
                        continue;
                    }
                    _ if mask == 0 => {}
                    $(Op::$lanes { $($l),* } => execute!(lanes $lrun, $($l)*),)*
                    $(Op::$site { $($s),* } => execute!(site $srun, $($s)*),)*
                    Op::Own { index, .. } => match env.operations[index as usize].execute(&mut site!()) {
                        Ok(Step::Next) => {}
                        Ok(Step::Wait(awaited)) => stop!(before Ok(Event::Await(awaited))),
                        Err(raised) => stop!(behind Err(raised)),
                    },
                    Op::Warp { index } => {
                        let op = &code.warp[index as usize];
                        let members = &r.words[usize::from(op.members())];
                        let named = members[mask.trailing_zeros() as usize];
                        let same = (0..32).all(|lane| mask >> lane & 1 == 0 || members[lane] == named);
                        if same && mask & !named == 0 && named & running.alive & !mask == 0 {
                            warp_op::execute(r, op, mask);
                            if let (WarpOp::Barrier { .. }, Some(clocks)) = (op, &mut running.private.clocks) {
                                clocks.meet(mask);
                            }
                        } else {
                            stop!(before Ok(Event::WarpSync(mask)));
                        }
                    }
                    Op::Barrier { .. } => {
                        running.spin.stored = true;
                        stop!(behind Ok(Event::Barrier(mask)));
                    }
                    Op::Clock { kind, d, long } => {
                        let executed = budget - left + (pc + 1 - start);
                        let cycles = env.now + u64::from(executed) / env.sharing;
                        let value = match kind {
                            ClockRead::Cycles => cycles,
                            ClockRead::CyclesHigh => cycles >> 32,
                            ClockRead::Nanoseconds => Clock::nanoseconds(cycles),
                            ClockRead::NanosecondsHigh => Clock::nanoseconds(cycles) >> 32,
                        };
                        moves::splat(r, mask, d, long, value);
                    }
                    Op::Sleep { a } => {
                        let longest = lanes(mask).map(|lane| r.lane::<u32>(a, lane)).max().unwrap_or(0);
                        // The ISA caps a sleep at one millisecond.
                        let until = Clock::after(env.now, u64::from(longest.min(1_000_000)));
                        pc += 1;
                        stop!(before Ok(Event::Sleep { until }));
                    }
                    Op::Call { .. } | Op::Return {} => {
                        let entered = if let Op::Call { index } = instruction.op {
                            call::call(&mut site!(), index)
                        } else {
                            call::leave(&mut site!())
                        };
                        match entered {
                            Ok((taken, target)) if taken == group => {
                                end_run!(pc + 1);
                                (pc, start, end) = (target, target, target);
                            }
                            Ok((taken, target)) => {
                                // Lanes that call another function, or return to another call, come
                                // here again.
                                let rest = if taken == mask { pc + 1 } else { pc };
                                stop!(behind Ok(Event::Split { taken, target, rest }));
                            }
                            Err(raised) => stop!(behind Err(raised)),
                        }
                        continue;
                    }
                    Op::Exit {} => stop!(behind Ok(Event::Exit(mask))),
                    Op::Trap { reason } => {
                        let lane = Some(mask.trailing_zeros());
                        stop!(behind Err(Raised { kind: FaultKind::Trap(reason.text()), lane }));
                    }
                }
            };
        }
        operations!(dispatch);
        pc += 1;
    }
}
