//! Takes out what control flow and folding left without use: unreachable lines, branches to the
//! next line, labels that nothing names, pure instructions whose results nobody reads, copies of a
//! value that has no other reader.
//!
//! Memory and warp instructions are never touched.

use super::{Argument, Assembly, Instruction, Line, Register, SourceLine};

/// Stands for a line that is about to go: no source line has the number 0.
const IDLE: Line = Line::Source(SourceLine { module: 0, line: 0, column: 0 });

impl Assembly {
    /// Cleans the body up until nothing changes.
    pub(super) fn clean(&mut self) {
        loop {
            let before = self.lines.len();
            self.drop_unreachable();
            self.turn_around();
            self.drop_idle_branches();
            self.drop_unused_labels();
            self.drop_unread();
            self.join_copies();
            if self.lines.len() == before {
                break;
            }
        }
        self.drop_idle_sources();
    }

    fn drop_unreachable(&mut self) {
        let mut reachable = true;
        self.lines.retain(|line| match line {
            Line::Label(_) => {
                reachable = true;
                true
            }
            Line::Branch(None, _) | Line::Return(None) => std::mem::replace(&mut reachable, false),
            _ => reachable,
        });
    }

    /// `@p bra over; bra target; over:` becomes `@!p bra target`.
    fn turn_around(&mut self) {
        for index in 0..self.lines.len().saturating_sub(2) {
            let [
                Line::Branch(Some((register, negated)), over),
                Line::Branch(None, target),
                Line::Label(label),
            ] = &self.lines[index..index + 3]
            else {
                continue;
            };
            if over == label {
                let (turned, idle) =
                    (Line::Branch(Some((*register, !negated)), *target), Line::Branch(None, *label));
                self.lines[index] = turned;
                // A branch to the next line, which goes next.
                self.lines[index + 1] = idle;
            }
        }
    }

    /// A branch whose target is among the labels right after it.
    fn drop_idle_branches(&mut self) {
        let idle: Vec<bool> = (0..self.lines.len())
            .map(|index| {
                let Line::Branch(_, target) = &self.lines[index] else { return false };
                self.lines[index + 1..]
                    .iter()
                    .take_while(|line| matches!(line, Line::Label(_) | Line::Source(_)))
                    .any(|line| *line == Line::Label(*target))
            })
            .collect();
        let mut idle = idle.into_iter();
        self.lines.retain(|_| !idle.next().unwrap_or(false));
    }

    fn drop_unused_labels(&mut self) {
        let mut used = vec![false; self.labels.len()];
        for line in &self.lines {
            if let Line::Branch(_, target) = line {
                used[target.0 as usize] = true;
            }
        }
        self.lines.retain(|line| !matches!(line, Line::Label(label) if !used[label.0 as usize]));
    }

    /// How often each register is read.
    fn reads(&self) -> Vec<u32> {
        let mut reads = vec![0u32; self.registers.len()];
        for line in &self.lines {
            match line {
                Line::Instruction(instruction) => instruction.sources(&mut |register| {
                    reads[register.0 as usize] += 1;
                }),
                Line::Branch(Some((register, _)), _) | Line::Return(Some((register, _))) => {
                    reads[register.0 as usize] += 1;
                }
                _ => {}
            }
        }
        reads
    }

    fn drop_unread(&mut self) {
        loop {
            let mut reads = self.reads();
            let before = self.lines.len();
            // Backwards, so that a chain that nobody reads goes in one pass.
            let mut keep = vec![true; before];
            for (index, line) in self.lines.iter().enumerate().rev() {
                let Line::Instruction(instruction) = line else { continue };
                let mut read = !instruction.pure;
                instruction.destinations(&mut |register| read |= reads[register.0 as usize] > 0);
                if !read {
                    keep[index] = false;
                    instruction.sources(&mut |register| reads[register.0 as usize] -= 1);
                }
            }
            let mut keep = keep.into_iter();
            self.lines.retain(|_| keep.next().unwrap_or(true));
            if self.lines.len() == before {
                return;
            }
        }
    }

    /// `op %a, ..; mov %b, %a` with no other use of `%a` becomes `op %b, ..` when nothing between
    /// them touches `%b`.
    fn join_copies(&mut self) {
        let reads = self.reads();
        let mut writes = vec![0u32; self.registers.len()];
        for line in &self.lines {
            if let Line::Instruction(instruction) = line {
                instruction.destinations(&mut |register| writes[register.0 as usize] += 1);
            }
        }
        for index in 0..self.lines.len() {
            let Some((to, from)) = self.copy_at(index) else { continue };
            if reads[from.0 as usize] != 1
                || writes[from.0 as usize] != 1
                || self.class(to) != self.class(from)
            {
                continue;
            }
            let Some(definition) = self.definition_before(index, from, to) else { continue };
            if let Line::Instruction(instruction) = &mut self.lines[definition] {
                let results = instruction.results;
                for argument in &mut instruction.arguments[..results] {
                    argument.registers_mut(&mut |register| {
                        if *register == from {
                            *register = to;
                        }
                    });
                }
            }
            self.lines[index] = IDLE;
        }
        self.lines.retain(|line| *line != IDLE);
    }

    fn copy_at(&self, index: usize) -> Option<(Register, Register)> {
        let Line::Instruction(instruction @ Instruction { guard: None, .. }) = &self.lines[index] else {
            return None;
        };
        match (instruction.opcode.name(), instruction.arguments.as_slice()) {
            ("mov", [Argument::Register(to), Argument::Register(from)]) => Some((*to, *from)),
            _ => None,
        }
    }

    /// The line in the same straight run before `index` that defines `from`, if no line in between
    /// touches `to`.
    fn definition_before(&self, index: usize, from: Register, to: Register) -> Option<usize> {
        for earlier in (0..index).rev() {
            match &self.lines[earlier] {
                Line::Source(_) => {}
                Line::Instruction(instruction) => {
                    let (mut defines, mut writes, mut reads) = (false, false, false);
                    instruction.destinations(&mut |register| {
                        defines |= register == from;
                        writes |= register == to;
                    });
                    instruction.sources(&mut |register| reads |= register == to);
                    if defines {
                        return (!writes && instruction.guard.is_none()).then_some(earlier);
                    }
                    if writes || reads {
                        return None;
                    }
                }
                _ => return None,
            }
        }
        None
    }

    /// A source line that no instruction follows before the next one, or that repeats the one
    /// above.
    fn drop_idle_sources(&mut self) {
        let idle: Vec<bool> = (0..self.lines.len())
            .map(|index| {
                matches!(self.lines[index], Line::Source(_))
                    && self.lines[index + 1..]
                        .iter()
                        .find(|line| !matches!(line, Line::Label(_)))
                        .is_none_or(|line| matches!(line, Line::Source(_) | Line::Branch(None, _)))
            })
            .collect();
        let mut idle = idle.into_iter();
        self.lines.retain(|_| !idle.next().unwrap_or(false));
        let mut last = None;
        self.lines.retain(|line| match line {
            Line::Source(source) => last.replace(*source) != Some(*source),
            _ => true,
        });
    }
}

impl Instruction {
    /// Every register that it writes.
    pub(super) fn destinations(&self, found: &mut impl FnMut(Register)) {
        self.arguments[..self.results].iter().for_each(|argument| argument.registers(found));
    }

    /// Every register that it reads.
    pub(super) fn sources(&self, found: &mut impl FnMut(Register)) {
        self.arguments[self.results..].iter().for_each(|argument| argument.registers(found));
        self.guard.iter().for_each(|(register, _)| found(*register));
    }
}
