//! Calls of subroutines and returns from them, lane by lane: every lane has a stack of its own.

use super::environment::{Raised, Site, raise};
use super::private::{Activation, Private};
use crate::code::FRAME;
use crate::error::FaultKind;
use crate::memory::Region;
use crate::op::{Callee, Place, Subroutine};
use crate::register::{Slot, lanes};

fn slots(range: &std::ops::Range<Slot>) -> impl Iterator<Item = usize> {
    range.clone().map(usize::from)
}

/// Copies bytes between two frames of a lane, unwritten ones as such.
fn pass(local: &mut Region, from: usize, to: usize, bytes: u32) {
    for at in 0..bytes as usize {
        if local.is_written(from + at, 1) {
            let value = local.value(from + at, 1);
            local.set_value(to + at, 1, value);
        }
    }
}

/// Enters the subroutine that the first lane of `mask` calls; returns the lanes that call it, and
/// where it begins.
pub(super) fn call(site: &mut Site<'_, '_>, index: u32) -> Result<(u32, u32), Raised> {
    let Site { env, private, r, pc, mask, .. } = site;
    let (code, pc, mask) = (env.code, *pc, *mask);
    let op = &code.calls[index as usize];
    let (taken, number) = match &op.callee {
        Callee::Direct(number) => (mask, *number),
        Callee::Indirect { address, candidates } => {
            let addresses = &r.longs[usize::from(*address)];
            let first = mask.trailing_zeros();
            let called = addresses[first as usize];
            let Some(&(_, number)) = candidates.iter().find(|(address, _)| *address == called) else {
                let text = format!("{called:#x} is not the address of a function with the call's prototype");
                return raise(first as usize, FaultKind::Call(text));
            };
            let same = lanes(mask).filter(|&lane| addresses[lane] == called);
            (same.fold(0, |found, lane| found | 1 << lane), number)
        }
    };
    let subroutine: &Subroutine = &code.subroutines[number as usize];
    let caller_bytes = match op.caller {
        None => code.frame_bytes,
        Some(caller) => code.subroutines[caller as usize].frame_bytes,
    };
    if private.activations.is_empty() {
        private.activations = vec![Vec::new(); 32];
    }
    for lane in lanes(taken) {
        let frame = r.longs[usize::from(FRAME)][lane];
        let base = frame + u64::from(caller_bytes);
        if base + u64::from(subroutine.frame_bytes) > private.local_bytes as u64 {
            let text = format!(
                "stack overflow: {} calls deep, the frames take more than {} bytes of local memory",
                private.activations[lane].len() + 1,
                private.local_bytes
            );
            return raise(lane, FaultKind::Call(text));
        }
        private.activations[lane].push(Activation {
            pc,
            call: index,
            subroutine: number,
            frame,
            words: slots(&subroutine.words).map(|slot| r.words[slot][lane]).collect(),
            longs: slots(&subroutine.longs).map(|slot| r.longs[slot][lane]).collect(),
            predicates: slots(&subroutine.predicates)
                .map(|slot| r.predicates[slot] >> lane & 1 == 1)
                .collect(),
        });
        let start = lane * private.local_bytes;
        let (from, to) = (start + frame as usize, start + base as usize);
        for (actual, formal) in op.actuals.iter().zip(&subroutine.formals).skip(op.results) {
            pass_place(&mut private.local, (from, actual), (to, formal));
        }
        r.longs[usize::from(FRAME)][lane] = base;
    }
    Ok((taken, subroutine.code.start))
}

fn pass_place(local: &mut Region, (from, source): (usize, &Place), (to, target): (usize, &Place)) {
    let (from, to) = (from + source.offset as usize, to + target.offset as usize);
    pass(local, from, to, source.bytes.min(target.bytes));
}

/// Leaves the subroutine; returns the lanes that go back to the same call as the first lane of
/// `mask`, and the instruction after it.
pub(super) fn leave(site: &mut Site<'_, '_>) -> Result<(u32, u32), Raised> {
    let Site { env, private, spin, r, mask, .. } = site;
    let (code, mask) = (env.code, *mask);
    let back = |private: &Private, lane: usize| private.activations.get(lane)?.last().map(|last| last.pc);
    let first = mask.trailing_zeros() as usize;
    let Some(target) = back(private, first) else {
        let text = "the function was not called".to_owned();
        return raise(first, FaultKind::Call(text));
    };
    let mut taken = 0;
    for lane in lanes(mask).filter(|&lane| back(private, lane) == Some(target)).collect::<Vec<_>>() {
        let Some(activation) = private.activations[lane].pop() else { continue };
        taken |= 1 << lane;
        let subroutine = &code.subroutines[activation.subroutine as usize];
        let op = &code.calls[activation.call as usize];
        let start = lane * private.local_bytes;
        let base = r.longs[usize::from(FRAME)][lane];
        let (from, to) = (start + base as usize, start + activation.frame as usize);
        for (actual, formal) in op.actuals.iter().zip(&subroutine.formals).take(op.results) {
            pass_place(&mut private.local, (from, formal), (to, actual));
        }
        r.longs[usize::from(FRAME)][lane] = activation.frame;
        for (slot, value) in slots(&subroutine.words).zip(&activation.words) {
            r.words[slot][lane] = *value;
        }
        for (slot, value) in slots(&subroutine.longs).zip(&activation.longs) {
            r.longs[slot][lane] = *value;
        }
        for (slot, value) in slots(&subroutine.predicates).zip(&activation.predicates) {
            r.predicates[slot] = r.predicates[slot] & !(1 << lane) | u32::from(*value) << lane;
        }
        spin.left(&subroutine.code);
    }
    Ok((taken, target + 1))
}
