//! Which thread this is, and other special registers.

use crossdock_ptx::opcode;

use super::Specialiser;
use super::frame::Frame;
use super::value::{Value, Want};
use crate::back::constant::Constant;
use crate::back::emit::{Argument, Class, Register};
use crate::dim3::Dim3;
use crate::ir::{Axis, Intrinsic, KernelAttributes, Span};

/// Of each special register that a dimension has: along x, y and z.
type Registers = [&'static str; 3];

const THREAD: Registers = ["%tid.x", "%tid.y", "%tid.z"];
const THREADS: Registers = ["%ntid.x", "%ntid.y", "%ntid.z"];
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
        if let Some(known) = self.known_index(intrinsic) {
            return Value::Constant(Constant::Integer(known.into()));
        }
        self.at(frame, span);
        match intrinsic {
            Intrinsic::ThreadOn(axis) => Value::Register(self.copy(THREAD[axis as usize], want)),
            Intrinsic::BlockOn(axis) => Value::Register(self.copy(BLOCK[axis as usize], want)),
            Intrinsic::BlocksOn(axis) => Value::Register(self.copy(BLOCKS[axis as usize], want)),
            Intrinsic::ThreadsOn(axis) => Value::Register(self.copy(THREADS[axis as usize], want)),
            Intrinsic::ThreadsInBlock => self.product(THREADS, &self.axes_of_block(), want),
            Intrinsic::ThreadInBlock => {
                let exact = (!self.attributes.block_is_most).then_some(self.attributes.block);
                self.linear(THREAD, THREADS, &self.axes_of_block(), exact, want)
            }
            Intrinsic::BlocksInGrid => self.product(BLOCKS, self.axes_of_grid(), want),
            Intrinsic::BlockInGrid => self.linear(BLOCK, BLOCKS, self.axes_of_grid(), None, want),
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

    /// What holds for every thread: the block's size, if the entry fixes it, and the index and size
    /// along dimensions that the kernel's blocks or grids do not have.
    fn known_index(&self, intrinsic: Intrinsic) -> Option<u32> {
        let KernelAttributes { block, block_is_most, .. } = self.attributes;
        let of_grid = |axis| self.axes_of_grid().contains(&axis);
        match intrinsic {
            Intrinsic::ThreadsInBlock => (!block_is_most).then_some(self.attributes.threads()),
            Intrinsic::ThreadsOn(axis) => Some(axis.of(block)).filter(|size| *size == 1 || !block_is_most),
            Intrinsic::ThreadOn(axis) => (axis.of(block) == 1).then_some(0),
            Intrinsic::BlockOn(axis) => (!of_grid(axis)).then_some(0),
            Intrinsic::BlocksOn(axis) => (!of_grid(axis)).then_some(1),
            _ => None,
        }
    }

    /// The dimensions along which a block may have more than one thread.
    fn axes_of_block(&self) -> Vec<Axis> {
        Axis::ALL.iter().copied().filter(|axis| axis.of(self.attributes.block) > 1).collect()
    }

    fn axes_of_grid(&self) -> &'static [Axis] {
        &Axis::ALL[..self.attributes.grid_dimensions.clamp(1, 3) as usize]
    }

    /// `first + size of first * (second + size of second * ..)`, of the registers of these
    /// dimensions.
    fn linear(
        &mut self,
        registers: Registers,
        sizes: Registers,
        axes: &[Axis],
        exact: Option<Dim3>,
        want: &Want,
    ) -> Value {
        let (mut index, anything): (Option<Register>, _) = (None, Want::anything());
        for (position, axis) in axes.iter().enumerate().rev() {
            let want = if position == 0 { want } else { &anything };
            index = Some(match index {
                None => self.copy(registers[*axis as usize], want),
                Some(beyond) => {
                    let size = match exact {
                        Some(sizes) => Argument::Integer(axis.of(sizes).into()),
                        None => Argument::Register(self.copy(sizes[*axis as usize], &anything)),
                    };
                    let own = self.copy(registers[*axis as usize], &anything);
                    let result = self.result(want, Class::Bits32);
                    let sources = vec![Argument::Register(beyond), size, Argument::Register(own)];
                    self.body.pure(opcode!(mad.lo.u32), result, sources);
                    result
                }
            });
        }
        index.map_or(Value::Constant(Constant::Integer(0)), Value::Register)
    }

    /// The product of the registers of these dimensions.
    fn product(&mut self, registers: Registers, axes: &[Axis], want: &Want) -> Value {
        let (mut product, anything): (Option<Register>, _) = (None, Want::anything());
        for (position, axis) in axes.iter().enumerate() {
            let want = if position + 1 == axes.len() { want } else { &anything };
            product = Some(match product {
                None => self.copy(registers[*axis as usize], want),
                Some(before) => {
                    let own = self.copy(registers[*axis as usize], &anything);
                    let result = self.result(want, Class::Bits32);
                    let factors = vec![Argument::Register(before), Argument::Register(own)];
                    self.body.pure(opcode!(mul.lo.u32), result, factors);
                    result
                }
            });
        }
        product.map_or(Value::Constant(Constant::Integer(1)), Value::Register)
    }

    /// A special register in one that operations take.
    fn copy(&mut self, name: &'static str, want: &Want) -> Register {
        let result = self.result(want, Class::Bits32);
        self.body.pure(opcode!(mov.u32), result, vec![Argument::Special(name.into())]);
        result
    }
}
