//! The loop over instructions, compiled twice: for the build's baseline and for processors with AVX2 and FMA.

use super::environment::{Environment, Event, Raised, Running};
use super::{
    access, asynchronous, call, compare, convert, float, integer, lane_function, multicast, packing, place,
    system, warp_op,
};
use crate::clock::Clock;
use crate::error::FaultKind;
use crate::op::{ClockRead, Op, WarpOp};
use crate::register::{PredicateSource, Registers, Slot};

/// Executes until an [`Event`].
pub(crate) fn run(env: &mut Environment<'_>, running: &mut Running<'_>) -> Result<Event, Raised> {
    #[cfg(target_arch = "x86_64")]
    if env.wide {
        // SAFETY: `wide` is only set where the processor has the features that the function is compiled for.
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

/// Executes straight runs of instructions: what ends a turn and what is counted is looked at between runs only.
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
    macro_rules! check {
        ($result:expr) => {
            if let Err(raised) = $result {
                stop!(behind Err(raised));
            }
        };
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
            Op::Move32 { d, a } => r.map(mask, d, a, |x: u32| x),
            Op::Move64 { d, a } => r.map(mask, d, a, |x: u64| x),
            Op::MovePredicate { d, a } => {
                let value = r.predicate(a);
                r.set_predicate(d, value, mask);
            }
            Op::Pack16 { d, low, high } => {
                r.map_two(mask, [d, low, high], |low: u32, high: u32| (low & 0xffff) | high << 16);
            }
            Op::Unpack16 { low, high, a } => {
                let source = r.words[usize::from(a)].0;
                if low != crate::register::NONE {
                    let out = source.map(|x| x & 0xffff);
                    r.store(low, &out, mask);
                }
                if high != crate::register::NONE {
                    let out = source.map(|x| x >> 16);
                    r.store(high, &out, mask);
                }
            }
            Op::Pack32 { d, low, high } => {
                r.map_two(mask, [d, low, high], |low: u32, high: u32| u64::from(low) | u64::from(high) << 32);
            }
            Op::Unpack32 { low, high, a } => {
                if low != crate::register::NONE {
                    r.map(mask, low, a, |x: u64| x as u32);
                }
                if high != crate::register::NONE {
                    r.map(mask, high, a, |x: u64| (x >> 32) as u32);
                }
            }
            Op::PackMany(index) => packing::pack_many(r, mask, &code.packs[index as usize]),
            Op::UnpackMany(index) => packing::unpack_many(r, mask, &code.packs[index as usize]),
            Op::Unary { width, kind, d, a } => integer::unary(r, mask, width, kind, d, a),
            Op::Count { width, kind, d, a } => integer::count(r, mask, width, kind, d, a),
            Op::Binary16 { kind, d, a, b } => check!(fault(integer_binary16(r, mask, kind, [d, a, b]))),
            Op::Binary32 { kind, d, a, b } => check!(fault(integer::binary::<u32>(r, mask, kind, [d, a, b]))),
            Op::Binary64 { kind, d, a, b } => check!(fault(integer::binary::<u64>(r, mask, kind, [d, a, b]))),
            Op::Shift { width, kind, d, a, b } => integer::shift(r, mask, width, kind, [d, a, b]),
            Op::MultiplyAdd { width, d, a, b, c } => integer::multiply_add(r, mask, width, [d, a, b, c]),
            Op::MultiplyAddHigh { width, signed, d, a, b, c } => {
                integer::multiply_add_high(r, mask, width, signed, [d, a, b, c]);
            }
            Op::MultiplyWide { width, signed, d, a, b } => {
                integer::multiply_wide(r, mask, width, signed, [d, a, b])
            }
            Op::MultiplyAddWide { width, signed, d, a, b, c } => {
                integer::multiply_add_wide(r, mask, width, signed, [d, a, b, c]);
            }
            Op::AddCarry { wide, subtract, carry_in, carry_out, d, a, b } => {
                integer::add_carry(r, mask, (wide, subtract, carry_in, carry_out), [d, a, b]);
            }
            Op::SumOfDifferences { width, signed, d, a, b, c } => {
                integer::sum_of_differences(r, mask, width, signed, [d, a, b, c]);
            }
            Op::ExtractBits { wide, signed, d, a, position, length } => {
                integer::extract_bits(r, mask, wide, signed, [d, a, position, length]);
            }
            Op::InsertBits { wide, d, a, b, position, length } => {
                integer::insert_bits(r, mask, wide, [d, a, b, position, length]);
            }
            Op::Permute { mode, d, a, b, c } => integer::permute(r, mask, mode, [d, a, b, c]),
            Op::Logic3 { table, d, a, b, c } => integer::logic3(r, mask, table, [d, a, b, c]),
            Op::FunnelShift { left, clamp, d, a, b, c } => {
                integer::funnel_shift(r, mask, left, clamp, [d, a, b, c])
            }
            Op::DotProduct4 { a_signed, b_signed, d, a, b, c } => {
                integer::dot_product4(r, mask, a_signed, b_signed, [d, a, b, c]);
            }
            Op::DotProduct2 { a_signed, b_signed, high, d, a, b, c } => {
                integer::dot_product2(r, mask, (a_signed, b_signed, high), [d, a, b, c]);
            }
            Op::PredicateLogic { kind, d, a, b } => {
                let value = compare::boolean(kind, r.predicate(a), r.predicate(b));
                r.set_predicate(d, value, mask);
            }
            Op::Compare { ty, test, flush, d, q, a, b } => {
                let result = compare::compare(r, ty, test, flush, a, b);
                r.set_predicate(d, result, mask);
                r.set_predicate(q, !result, mask);
            }
            Op::CompareCombine(index) => compare::compare_combine(r, mask, &code.compares[index as usize]),
            Op::Set(index) => compare::set(r, mask, &code.compares[index as usize]),
            Op::Select { wide: false, d, a, b, p } => compare::select::<u32>(r, mask, [d, a, b], p),
            Op::Select { wide: true, d, a, b, p } => compare::select::<u64>(r, mask, [d, a, b], p),
            Op::SelectSign { wide, float, d, a, b, c } => {
                compare::select_sign(r, mask, wide, float, [d, a, b, c])
            }
            Op::Float32 { kind, mode, d, a, b } => float::binary32(r, mask, kind, mode, [d, a, b]),
            Op::Float64 { kind, saturate, d, a, b } => float::binary64(r, mask, kind, saturate, [d, a, b]),
            Op::Fma32 { mode, d, a, b, c } => float::fma32(r, mask, mode, [d, a, b, c]),
            Op::Fma64 { d, a, b, c } => float::fma64(r, mask, [d, a, b, c]),
            Op::Directed32 { kind, rounding, mode, d, a, b } => {
                float::directed32(r, mask, kind, rounding, mode, [d, a, b]);
            }
            Op::DirectedFma32 { rounding, mode, d, a, b, c } => {
                float::directed_fma32(r, mask, rounding, mode, [d, a, b, c]);
            }
            Op::FloatUnary32 { kind, mode, d, a } => float::unary32(r, mask, kind, mode, d, a),
            Op::FloatUnary64 { kind, d, a } => float::unary64(r, mask, kind, d, a),
            Op::Half { format, packed, kind, d, a, b, c } => {
                float::half_lanes(r, mask, (format, packed, kind), [d, a, b, c]);
            }
            Op::TestProperty { wide, property, d, a } => {
                compare::test_property(r, mask, wide, property, d, a)
            }
            Op::Convert(index) => convert::convert(r, mask, &code.conversions[index as usize]),
            Op::ConvertPair { to, rounding, relu, saturate, d, high, low } => {
                convert::convert_pair(r, mask, (to, rounding, relu, saturate), [d, high, low]);
            }
            Op::NarrowPair { to, from, rounding, relu, d, a } => {
                convert::narrow_pair(r, mask, (to, from), (rounding, relu), [d, a]);
            }
            Op::WidenPair { to, from, relu, d, a } => convert::widen_pair(r, mask, (to, from), relu, [d, a]),
            Op::Load(index) => {
                let op = &code.memory[index as usize];
                let addresses = access::addresses(r, op);
                check!(access::load(env, running.private, running.spin, r, op, (pc, mask), &addresses));
            }
            Op::Store(index) => {
                let op = &code.memory[index as usize];
                let addresses = access::addresses(r, op);
                check!(access::store(env, running.private, running.spin, r, op, (pc, mask), &addresses));
            }
            Op::Atomic(index) => {
                let op = &code.memory[index as usize];
                let addresses = access::addresses(r, op);
                check!(access::atomic(env, running.private, running.spin, r, op, (pc, mask), &addresses));
            }
            Op::Multicast(index) => {
                let op = &code.multicasts[index as usize];
                check!(multicast::execute(env, running.private, running.spin, r, op, (pc, mask)));
            }
            Op::LoadParameter { offset, d, long, bytes, signed } => {
                let unused = 64 - 8 * u32::from(bytes);
                let value = env.parameters.value(offset as usize, usize::from(bytes)) as u64;
                let value = if signed { ((value << unused) as i64 >> unused) as u64 } else { value };
                if long {
                    r.store(d, &[value; 32], mask);
                } else {
                    r.store(d, &[value as u32; 32], mask);
                }
            }
            Op::InSpace { space, d, a } => place::in_space(env, running.private, r, mask, space, [d, a]),
            Op::Fence(fence) => {
                if let (Some(detector), Some(clocks)) = (&mut env.detector, &mut running.private.clocks) {
                    detector.fence(clocks, &mut env.cluster.phases, fence, (pc, mask));
                }
            }
            Op::Nothing => {}
            Op::Warp(index) => {
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
            Op::ActiveMask { d } => r.store::<u32>(d, &[mask; 32], mask),
            Op::Barrier(_) => {
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
                if long {
                    r.store(d, &[value; 32], mask);
                } else {
                    r.store(d, &[value as u32; 32], mask);
                }
            }
            Op::Asynchronous(index) => {
                let op = &code.asynchronous[index as usize];
                match asynchronous::execute(env, running.private, running.spin, r, op, pc, mask) {
                    Ok(true) => {}
                    Ok(false) => stop!(before Ok(Event::Asynchronous)),
                    Err(raised) => stop!(behind Err(raised)),
                }
            }
            Op::Sleep { a } => {
                let longest = (0..32)
                    .filter(|lane| mask >> lane & 1 == 1)
                    .map(|lane| r.lane::<u32>(a, lane))
                    .max()
                    .unwrap_or(0);
                // The ISA caps a sleep at one millisecond.
                let until = Clock::after(env.now, u64::from(longest.min(1_000_000)));
                pc += 1;
                stop!(before Ok(Event::Sleep { until }));
            }
            Op::Call(_) | Op::Return => {
                let entered = if let Op::Call(index) = instruction.op {
                    call::call(env, running.private, r, (index, pc), mask)
                } else {
                    call::leave(env, running.private, running.spin, r, mask)
                };
                match entered {
                    Ok((taken, target)) if taken == group => {
                        end_run!(pc + 1);
                        (pc, start, end) = (target, target, target);
                    }
                    Ok((taken, target)) => {
                        // Lanes that call another function, or return to another call, come here again.
                        let rest = if taken == mask { pc + 1 } else { pc };
                        stop!(behind Ok(Event::Split { taken, target, rest }));
                    }
                    Err(raised) => stop!(behind Err(raised)),
                }
                continue;
            }
            Op::Function(index) => lane_function::execute(r, mask, &code.functions[index as usize]),
            Op::System(index) => {
                running.spin.stored = true;
                check!(system::execute(env, running.private, r, &code.system[index as usize], mask));
            }
            Op::Exit => stop!(behind Ok(Event::Exit(mask))),
            Op::Trap { name } => {
                let lane = Some(mask.trailing_zeros());
                stop!(behind Err(Raised { kind: FaultKind::Trap(name), lane }));
            }
        }
        pc += 1;
    }
}

#[inline(never)]
fn integer_binary16(
    r: &mut Registers,
    mask: u32,
    kind: crate::op::IntegerBinary,
    operands: [Slot; 3],
) -> Result<(), (FaultKind, u32)> {
    integer::binary::<u16>(r, mask, kind, operands)
}

fn fault(result: Result<(), (FaultKind, u32)>) -> Result<(), Raised> {
    result.map_err(|(kind, lane)| Raised { kind, lane: Some(lane) })
}
