//! Types whose bytes are their value, so that they can be copied between host and device memory.

use crossdock_device::layout::code::{Destination, Origin, Selection};
use half::bf16;

/// Plain data: every bit pattern is a value and there is no padding.
///
/// # Safety
/// The type has a fixed layout without padding bytes, holds no pointer and no reference, and every
/// pattern of its bytes is a valid value.
pub unsafe trait Plain: Copy + Send + Sync + 'static {}

macro_rules! plain {
    ($($name:ty),*) => {
        // SAFETY: integers, floats and bf16 have no padding and no invalid bit pattern.
        $(unsafe impl Plain for $name {})*
    };
}
plain!(u8, u16, u32, u64, i8, i16, i32, i64, f32, f64, bf16);

// SAFETY: `repr(C)` structures of four, two and two 32-bit numbers that fill their alignment: no
// padding.
unsafe impl Plain for Destination {}
// SAFETY: as for `Destination`.
unsafe impl Plain for Selection {}
// SAFETY: as for `Destination`.
unsafe impl Plain for Origin {}

/// The bytes of `values`, in order.
pub(crate) fn bytes_of<T: Plain>(values: &[T]) -> &[u8] {
    // SAFETY: `Plain` types have no padding, so all `size_of_val` bytes are initialised; u8 has no
    // alignment.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}

/// The bytes of `values` for overwriting.
pub(crate) fn bytes_of_mut<T: Plain>(values: &mut [T]) -> &mut [u8] {
    // SAFETY: as in `bytes_of`; any bytes written are a valid `T` because every bit pattern of a
    // `Plain` type is one.
    unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), size_of_val(values)) }
}

/// `count` values of all-zero bytes.
pub(crate) fn zeroed<T: Plain>(count: usize) -> Vec<T> {
    // SAFETY: every bit pattern of a `Plain` type is a value, all zeros among them.
    vec![unsafe { std::mem::zeroed() }; count]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_the_bytes_of_their_fields_and_no_more() {
        let destination = Destination { rank: 1, row: 2, slot: 3, leader: 4 };
        let words: Vec<u8> = [1u32, 2, 3, 4].iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(bytes_of(&[destination]), words);
        let selection = Selection { slot: 7, weight: 0.5 };
        assert_eq!(bytes_of(&[selection]), [7u32.to_le_bytes(), 0.5f32.to_le_bytes()].concat());
        assert_eq!(size_of::<Origin>(), 8);
    }

    #[test]
    fn bytes_become_values() {
        let mut values = zeroed::<u32>(2);
        assert_eq!(values, [0, 0]);
        bytes_of_mut(&mut values).copy_from_slice(&[1, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(values, [1, 256]);
    }
}
