//! Operands that may be vectors: the registers of each element.

use crossdock_ptx::Operand;

use crate::decode::decoder::Decoder;
use crate::op::Data;

/// The elements of a vector operand, or the operand itself.
pub(super) fn list(operand: &Operand) -> &[Operand] {
    match operand {
        Operand::Vector(elements) => elements,
        single => std::slice::from_ref(single),
    }
}

/// The registers of a source, or of each element of one.
pub(super) fn sources(d: &mut Decoder<'_, '_>, index: usize, bits: u32) -> Result<Vec<Data>, String> {
    list(d.at(index)?).iter().map(|element| d.builder().data(element, bits)).collect()
}

/// The registers of a destination, or of each element of one.
pub(super) fn destinations(d: &mut Decoder<'_, '_>, bits: u32) -> Result<Vec<Data>, String> {
    list(d.at(0)?).iter().map(|element| d.destination_data(element, bits)).collect()
}
