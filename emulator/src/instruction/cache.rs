//! Instructions about caches (PTX ISA section 9.7.9): they change where data is, never what is
//! read.

use crate::code::Preset;
use crate::decode::decoder::{Decode, Decoder};
use crate::op::Op;
use crate::register::Bank;

pub(super) const DECODINGS: &[(&str, Decode)] = &[
    ("prefetch", nothing),
    ("prefetchu", nothing),
    ("applypriority", nothing),
    ("createpolicy", create_policy),
];

fn nothing(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.ignore(&[""]);
    d.emit(Op::Nothing {});
    Ok(())
}

/// The value of a cache policy is of no interest.
fn create_policy(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.ignore(&[""]);
    let a = d.preset(Bank::Long, Preset::Constant(0))?;
    let to = d.result_value(true)?;
    d.emit(Op::Move64 { d: to, a });
    Ok(())
}
