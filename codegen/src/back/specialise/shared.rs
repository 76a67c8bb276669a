//! Block-shared arrays: those of constant lengths, and the one whose length the launch states.

use crossdock_ptx::opcode;

use super::frame::Frame;
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::constant::Constant;
use crate::back::emit::{Argument, Base, Class, SharedVariable};
use crate::ir::{Expr, Type};

impl<'p> Specialiser<'p> {
    /// `shared::<T>(count)`: an array of the block, one per place in the inlined source.
    pub(super) fn shared_array(
        &mut self,
        frame: &mut Frame<'p>,
        expression: &'p Expr,
        arguments: &'p [Expr],
        want: &Want,
    ) -> Outcome<Value> {
        let span = expression.span;
        let (_, element) = self.pointee(frame, expression)?;
        let layout = self.layout(frame, element, span)?;
        let count = match arguments {
            [count] => self.scalar(frame, count, &Want::anything())?,
            _ => return Err(self.mistake(frame, span, "`shared` takes the number of elements")),
        };
        let Value::Constant(Constant::Integer(count)) = count else {
            let message =
                "the length of a shared array must be constant: use a const parameter or a constant";
            return Err(self.mistake(frame, span, message));
        };
        let bytes = u64::try_from(count).ok().and_then(|count| count.checked_mul(layout.size));
        let mut site = frame.site.clone();
        site.push(std::ptr::from_ref(expression) as usize);
        let known = self.shared_sites.get(&site).copied();
        let index = match known {
            Some(index) => index,
            None => {
                let used: u64 = self.shared.iter().map(|variable| variable.bytes.next_multiple_of(16)).sum();
                let total = bytes.and_then(|bytes| bytes.checked_add(used));
                let Some(bytes) = bytes.filter(|_| total.is_some_and(|total| total <= MOST_SHARED)) else {
                    let message = format!(
                        "the block's shared arrays take {} bytes: at most {MOST_SHARED} bytes can be static",
                        total.map_or("too many".to_string(), |total| total.to_string())
                    );
                    return Err(self.mistake(frame, span, message));
                };
                let name = self.shared_name(want.name.as_deref().unwrap_or("shared_array"));
                let align = layout.align.max(16);
                self.shared.push(SharedVariable { name, align, bytes: bytes.max(1) });
                self.shared_sites.insert(site, self.shared.len() - 1);
                self.shared.len() - 1
            }
        };
        let name = self.shared[index].name.clone();
        Ok(self.shared_address(name))
    }

    /// The address of a shared variable, in one register for all its uses.
    fn shared_address(&mut self, name: String) -> Value {
        let address = match self.shared_addresses.get(&name) {
            Some(address) => *address,
            None => {
                let address = self.body.register(Class::Bits32, Some(&name));
                self.shared_addresses.insert(name.clone(), address);
                address
            }
        };
        self.body.pure(opcode!(mov.u32), address, vec![Argument::Symbol(name.clone())]);
        Value::Address(Base::Symbol(name), 0)
    }

    /// `dynamic_shared::<T>()`: the address of the array whose bytes the launch states, and how
    /// many elements they are.
    pub(super) fn dynamic_shared(
        &mut self,
        frame: &mut Frame<'p>,
        expression: &'p Expr,
        want: &Want,
    ) -> Outcome<Vec<Value>> {
        let span = expression.span;
        let Some([Type::Pointer(_, element), _]) = expression.ty.slice_parts() else {
            return Err(self.mistake(frame, span, "`dynamic_shared` gives a SharedSlice"));
        };
        let layout = self.layout(frame, element, span)?;
        let unit = self.dynamic.as_ref().map_or(1, |dynamic| dynamic.unit);
        let size = u32::try_from(layout.size).ok().filter(|size| *size > 0);
        let Some((size, unit)) = size.and_then(|size| Some((size, least_common_multiple(unit, size)?)))
        else {
            let message = format!("dynamic shared memory cannot be elements of {} bytes", layout.size);
            return Err(self.mistake(frame, span, message));
        };
        let align = layout.align.max(DYNAMIC_ALIGNMENT);
        let mut variable = match self.dynamic.take() {
            Some(dynamic) => dynamic.variable,
            None => {
                let name = self.shared_name(&format!("{}_dynamic", self.kernel));
                SharedVariable { name, align, bytes: 0 }
            }
        };
        variable.align = variable.align.max(align);
        let name = variable.name.clone();
        self.dynamic = Some(Dynamic { variable, unit });
        self.at(frame, span);
        let address = self.shared_address(name);
        let bytes = self.body.register(Class::Bits32, None);
        self.body.pure(opcode!(mov.u32), bytes, vec![Argument::Special("%dynamic_smem_size".into())]);
        let mut length = bytes;
        if size > 1 {
            length = self.body.register(Class::Bits32, None);
            let (opcode, by) = match size.is_power_of_two() {
                true => (opcode!(shr.u32), size.trailing_zeros()),
                false => (opcode!(div.u32), size),
            };
            let sources = vec![Argument::Register(bytes), Argument::Integer(by.into())];
            self.body.pure(opcode, length, sources);
        }
        let wide = self.result(&want.part(1, 1, "_length"), Class::Bits64);
        self.body.pure(opcode!(cvt.u64.u32), wide, vec![Argument::Register(length)]);
        Ok(vec![address, Value::Register(wide)])
    }

    pub(super) fn shared_name(&self, wanted: &str) -> String {
        let base = crate::back::emit::identifier(wanted);
        let mut name = base.clone();
        let mut suffix = 1;
        let dynamic = self.dynamic.as_ref().map(|dynamic| &dynamic.variable);
        while self.shared.iter().chain(dynamic).any(|variable| variable.name == name) {
            suffix += 1;
            name = format!("{base}_{suffix}");
        }
        name
    }
}

/// The shared memory of a kernel whose size its launches state.
#[derive(Debug)]
pub(super) struct Dynamic {
    pub(super) variable: SharedVariable,
    /// What its bytes are a multiple of.
    pub(super) unit: u32,
}

fn least_common_multiple(a: u32, b: u32) -> Option<u32> {
    let (mut divisor, mut rest) = (a, b);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (a / divisor).checked_mul(b)
}

/// Where dynamic shared memory begins is a multiple of what any copy into it asks for: tensor
/// copies want 128 bytes (PTX ISA section 5.5, "Tensor Access Modes").
const DYNAMIC_ALIGNMENT: u64 = 128;

/// Static shared memory that every GPU gives a block without asking (CUDA programming guide,
/// compute capabilities).
const MOST_SHARED: u64 = 48 * 1024;
