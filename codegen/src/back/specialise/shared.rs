//! Block-shared arrays.

use crossdock_ptx::opcode;

use super::frame::Frame;
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::constant::Constant;
use crate::back::emit::{Argument, Base, Class, SharedVariable};
use crate::ir::Expr;

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
        let address = match self.shared_addresses.get(&name) {
            Some(address) => *address,
            None => {
                let address = self.body.register(Class::Bits32, Some(&name));
                self.shared_addresses.insert(name.clone(), address);
                address
            }
        };
        self.body.pure(opcode!(mov.u32), address, vec![Argument::Symbol(name.clone())]);
        Ok(Value::Address(Base::Symbol(name), 0))
    }

    pub(super) fn shared_name(&self, wanted: &str) -> String {
        let base = crate::back::emit::identifier(wanted);
        let mut name = base.clone();
        let mut suffix = 1;
        while self.shared.iter().any(|variable| variable.name == name) {
            suffix += 1;
            name = format!("{base}_{suffix}");
        }
        name
    }
}

/// Static shared memory that every GPU gives a block without asking (CUDA programming guide, compute capabilities).
const MOST_SHARED: u64 = 48 * 1024;
