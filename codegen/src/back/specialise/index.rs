//! Which thread this is, and other special registers.

use crossdock_ptx::opcode;

use super::Specialiser;
use super::frame::Frame;
use super::value::{Value, Want};
use crate::back::constant::Constant;
use crate::back::emit::{Argument, Class, Register};
use crate::ir::{Axis, Intrinsic, Span};

/// Of each special register that a dimension has: along x, y and z.
type Registers = [&'static str; 3];

const THREAD: Registers = ["%tid.x", "%tid.y", "%tid.z"];
const BLOCK: Registers = ["%ctaid.x", "%ctaid.y", "%ctaid.z"];
const BLOCKS: Registers = ["%nctaid.x", "%nctaid.y", "%nctaid.z"];

impl<'p> Specialiser<'p> {
    /// What a special register holds.
    pub(super) fn special(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        intrinsic: Intrinsic,
        want: &Want,
    ) -> Value {
        let block = self.attributes.block;
        let of_grid = self.dimensions_of_grid();
        if let Some(known) = self.known_index(intrinsic) {
            return Value::Constant(Constant::Integer(known.into()));
        }
        self.at(frame, span);
        let anything = Want::anything();
        match intrinsic {
            Intrinsic::ThreadOn(axis) => Value::Register(self.copy(THREAD[axis as usize], want)),
            Intrinsic::BlockOn(axis) => Value::Register(self.copy(BLOCK[axis as usize], want)),
            Intrinsic::BlocksOn(axis) => Value::Register(self.copy(BLOCKS[axis as usize], want)),
            Intrinsic::ThreadInBlock => {
                let axes = Axis::ALL.iter().filter(|axis| axis.of(block) > 1);
                let steps: Vec<_> =
                    axes.map(|&axis| (axis, Argument::Integer(axis.of(block).into()))).collect();
                self.linear(THREAD, &steps, want)
            }
            Intrinsic::BlockInGrid => {
                let mut steps = Vec::new();
                for &axis in &Axis::ALL[..of_grid] {
                    // Nothing lies beyond the last dimension.
                    let size = match axis as usize + 1 == of_grid {
                        true => Argument::Integer(1),
                        false => Argument::Register(self.copy(BLOCKS[axis as usize], &anything)),
                    };
                    steps.push((axis, size));
                }
                self.linear(BLOCK, &steps, want)
            }
            Intrinsic::BlocksInGrid => {
                let wanted = |dimensions| if dimensions == of_grid { want } else { &anything };
                let mut all = self.copy(BLOCKS[0], wanted(1));
                for axis in 1..of_grid {
                    let more = self.copy(BLOCKS[axis], &anything);
                    let product = self.result(wanted(axis + 1), Class::Bits32);
                    let factors = vec![Argument::Register(all), Argument::Register(more)];
                    self.body.pure(opcode!(mul.lo.u32), product, factors);
                    all = product;
                }
                Value::Register(all)
            }
            Intrinsic::GlobalTimer => {
                let result = self.result(want, Class::Bits64);
                // The clock moves: reading it is an effect.
                let clock = vec![Argument::Special("%globaltimer".into())];
                self.body.effect(opcode!(mov.u64), Argument::Register(result), clock);
                Value::Register(result)
            }
            _ => Value::Register(self.copy("%laneid", want)),
        }
    }

    /// What holds for every thread: the block's size, which the entry fixes, and the index and size along dimensions
    /// that the kernel's blocks or grids do not have.
    fn known_index(&self, intrinsic: Intrinsic) -> Option<u32> {
        let block = self.attributes.block;
        let beyond = |axis: Axis| axis as usize >= self.dimensions_of_grid();
        match intrinsic {
            Intrinsic::ThreadsInBlock => Some(self.attributes.threads()),
            Intrinsic::ThreadsOn(axis) => Some(axis.of(block)),
            Intrinsic::ThreadOn(axis) => (axis.of(block) == 1).then_some(0),
            Intrinsic::BlockOn(axis) => beyond(axis).then_some(0),
            Intrinsic::BlocksOn(axis) => beyond(axis).then_some(1),
            _ => None,
        }
    }

    fn dimensions_of_grid(&self) -> usize {
        self.attributes.grid_dimensions.clamp(1, 3) as usize
    }

    /// `first + size of first * (second + size of second * ..)`, of the registers of these dimensions.
    fn linear(&mut self, registers: Registers, steps: &[(Axis, Argument)], want: &Want) -> Value {
        let (mut index, anything): (Option<Register>, _) = (None, Want::anything());
        for (position, (axis, size)) in steps.iter().enumerate().rev() {
            let first = position == 0;
            let want = if first { want } else { &anything };
            index = Some(match index {
                None => self.copy(registers[*axis as usize], want),
                Some(beyond) => {
                    let own = self.copy(registers[*axis as usize], &anything);
                    let result = self.result(want, Class::Bits32);
                    let sources = vec![Argument::Register(beyond), size.clone(), Argument::Register(own)];
                    self.body.pure(opcode!(mad.lo.u32), result, sources);
                    result
                }
            });
        }
        index.map_or(Value::Constant(Constant::Integer(0)), Value::Register)
    }

    /// A special register in one that operations take.
    fn copy(&mut self, name: &'static str, want: &Want) -> Register {
        let result = self.result(want, Class::Bits32);
        self.body.pure(opcode!(mov.u32), result, vec![Argument::Special(name.into())]);
        result
    }
}
