//! Calls that are not inlined, and calls of what the driver provides.

use std::ops::Range;

use crate::register::Slot;

/// Bytes in the frame of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) offset: u32,
    pub(crate) bytes: u32,
}

/// A device function that exists once in the code of a kernel.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subroutine {
    /// Its instructions.
    pub(crate) code: Range<u32>,
    /// The registers that only it uses; a call saves them, as the function may be active already.
    pub(crate) words: Range<Slot>,
    pub(crate) longs: Range<Slot>,
    pub(crate) predicates: Range<Slot>,
    pub(crate) frame_bytes: u32,
    /// Its results, then its parameters.
    pub(crate) formals: Vec<Place>,
}

/// Who is called.
#[derive(Clone, Debug)]
pub(crate) enum Callee {
    /// An index of [`Code::subroutines`](crate::code::Code::subroutines).
    Direct(u32),
    /// The function whose address is in a register: address and index of all that it can be.
    Indirect { address: Slot, candidates: Vec<(u64, u32)> },
}

/// A call of a subroutine.
#[derive(Clone, Debug)]
pub(crate) struct CallOp {
    pub(crate) callee: Callee,
    /// Results, then arguments, in the caller's frame.
    pub(crate) actuals: Vec<Place>,
    /// How many of them are results.
    pub(crate) results: usize,
    /// The subroutine that calls; `None` for the kernel.
    pub(crate) caller: Option<u32>,
}
