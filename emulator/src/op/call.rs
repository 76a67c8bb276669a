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

/// Functions that the driver provides (CUDA programming guide, "Formatted Output", "Assertion", "Dynamic Global
/// Memory Allocation").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SystemFunction {
    Print,
    AssertionFailed,
    Allocate,
    Free,
}

impl SystemFunction {
    /// The function of a name, with the bytes of its results and parameters.
    pub(crate) fn named(name: &str) -> Option<(SystemFunction, &'static [u32], &'static [u32])> {
        Some(match name {
            "vprintf" => (SystemFunction::Print, &[4], &[8, 8]),
            "__assertfail" => (SystemFunction::AssertionFailed, &[], &[8, 8, 4, 8, 8]),
            "malloc" => (SystemFunction::Allocate, &[8], &[8]),
            "free" => (SystemFunction::Free, &[], &[8]),
            _ => return None,
        })
    }
}

/// A call of such a function.
#[derive(Clone, Debug)]
pub(crate) struct SystemOp {
    pub(crate) function: SystemFunction,
    /// Result, if any, then arguments, in the caller's frame.
    pub(crate) actuals: Vec<Place>,
}
