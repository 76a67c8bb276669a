//! What a shape must satisfy, checked before anything is allocated.

use crossdock_device::{MOST_SIDES, Opaque, Shape, Wire};

use crate::{Error, Result};

/// Bytes of the widest row: 65536 bf16.
const MOST_ROW_BYTES: u32 = 131_072;

/// Whether the kernels of `shape` can serve `ranks` ranks: each parameter is in its range, rows
/// move in 16-byte pieces in both directions, and every rank holds the same number of experts.
///
/// Callers that take a shape from a person can ask first; [`Rank::dock`](crate::Rank::dock) asks in
/// any case.
///
/// ```
/// use crossdock_host::{Shape, Wire, check_shape};
///
/// let shape = Shape { hidden: 7170, top_k: 8, experts: 256, wire: Wire::Bf16 };
/// assert_eq!(
///     check_shape(&shape, 8).unwrap_err().to_string(),
///     "hidden must make every row a multiple of 16 bytes: 7170 elements of 2 byte(s) are 14340 \
///      bytes; use a multiple of 8"
/// );
/// ```
///
/// # Errors
/// The first rule that is broken, with the value.
pub fn check_shape(shape: &Shape, ranks: usize) -> Result<()> {
    within("hidden", shape.hidden, 1, 65536)?;
    // Expert outputs and results are bf16 whatever the wire, so the narrower element demands more.
    let element_bytes = if let Wire::Fp8(_) = shape.wire { 1 } else { 2 };
    for element_bytes in [element_bytes, 2] {
        if !(shape.hidden * element_bytes).is_multiple_of(16) {
            return Err(Error::Hidden { hidden: shape.hidden, element_bytes });
        }
    }
    match shape.wire {
        Wire::Bf16 => {}
        Wire::Fp8(fp8) => within("the FP8 block", fp8.block, 1, u32::MAX)?,
        Wire::Opaque(Opaque { row_bytes, sides }) => {
            within("the bytes of an opaque row", row_bytes, 16, MOST_ROW_BYTES)?;
            if !row_bytes.is_multiple_of(16) {
                return Err(Error::OpaqueRow { row_bytes });
            }
            for side in sides {
                within("the bytes of a side tensor per row", side, 0, MOST_ROW_BYTES / MOST_SIDES as u32)?;
            }
        }
    }
    within("experts", shape.experts, 1, 4096)?;
    within("top_k", shape.top_k, 1, shape.experts.min(32))?;
    let uneven = Error::UnevenExperts { experts: shape.experts, ranks };
    match u32::try_from(ranks) {
        Ok(count) if count > 0 && shape.experts.is_multiple_of(count) => Ok(()),
        _ => Err(uneven),
    }
}

fn within(parameter: &'static str, value: u32, least: u32, most: u32) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::OutOfRange { parameter, value: value.into(), least: least.into(), most: most.into() })
}

#[cfg(test)]
mod tests {
    use crossdock_device::Fp8;

    use super::*;

    const GOOD: Shape = Shape { hidden: 2880, top_k: 10, experts: 96, wire: Wire::FP8 };

    fn message(shape: Shape, ranks: usize) -> String {
        check_shape(&shape, ranks).expect_err("the shape breaks a rule").to_string()
    }

    #[test]
    fn good_shapes_pass() {
        check_shape(&GOOD, 6).expect("experts divide by 6");
        check_shape(&Shape { top_k: 1, experts: 9, hidden: 16, ..GOOD }, 3).expect("small");
        check_shape(&Shape { hidden: 8, wire: Wire::Bf16, ..GOOD }, 1).expect("one piece per row");
    }

    #[test]
    fn each_rule_names_the_value() {
        assert_eq!(
            message(Shape { experts: 250, top_k: 8, ..GOOD }, 8),
            "experts must be a multiple of the number of ranks: 250 experts on 8 ranks leave 2 over"
        );
        assert_eq!(
            message(Shape { hidden: 2888, ..GOOD }, 6),
            "hidden must make every row a multiple of 16 bytes: 2888 elements of 1 byte(s) are 2888 bytes; use a multiple of 16"
        );
        assert_eq!(message(Shape { hidden: 0, ..GOOD }, 6), "hidden must be 1 to 65536: 0 is not");
        assert_eq!(message(Shape { top_k: 33, ..GOOD }, 6), "top_k must be 1 to 32: 33 is not");
        assert_eq!(message(Shape { top_k: 13, experts: 12, ..GOOD }, 6), "top_k must be 1 to 12: 13 is not");
        assert_eq!(message(Shape { experts: 8192, ..GOOD }, 8), "experts must be 1 to 4096: 8192 is not");
        assert_eq!(
            message(Shape { wire: Wire::Fp8(Fp8 { block: 0, ..Fp8::DEEPSEEK_V3 }), ..GOOD }, 6),
            "the FP8 block must be 1 to 4294967295: 0 is not"
        );
        let opaque = |row_bytes, side| Shape {
            wire: Wire::Opaque(Opaque { row_bytes, sides: [side, 0, 0, 0] }),
            ..GOOD
        };
        check_shape(&opaque(1440, 181), 6).expect("sides of any length");
        assert_eq!(
            message(opaque(1448, 180), 6),
            "an opaque row must be a multiple of 16 bytes: 1448 is not; use 1456"
        );
        assert_eq!(message(opaque(0, 180), 6), "the bytes of an opaque row must be 16 to 131072: 0 is not");
        assert_eq!(
            message(opaque(16, 32_769), 6),
            "the bytes of a side tensor per row must be 0 to 32768: 32769 is not"
        );
    }
}
