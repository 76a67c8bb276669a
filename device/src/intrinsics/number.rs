//! Number conversions that Rust's standard library lacks. They compute the same bits on the host.

/// Rounds both to bf16, nearest even, `low` in the lower half; NaN becomes 0x7fff: `cvt.rn.bf16x2.f32`.
pub fn pack_bf16(low: f32, high: f32) -> u32 {
    u32::from(bf16_bits(low)) | u32::from(bf16_bits(high)) << 16
}

/// Round to nearest even by adding half a unit in the last place, minus one when the kept part is even.
fn bf16_bits(value: f32) -> u16 {
    if value.is_nan() {
        return 0x7fff;
    }
    let bits = value.to_bits();
    let half = 0x7fff + (bits >> 16 & 1);
    ((bits + half) >> 16) as u16
}

#[cfg(test)]
mod tests {
    use super::pack_bf16;

    #[test]
    fn rounds_like_half_for_every_upper_half_and_tie() {
        for upper in 0..=u16::MAX {
            for lower in [0u32, 1, 0x7fff, 0x8000, 0x8001, 0xffff] {
                let value = f32::from_bits(u32::from(upper) << 16 | lower);
                let expected = if value.is_nan() { 0x7fff } else { half::bf16::from_f32(value).to_bits() };
                assert_eq!(pack_bf16(value, 1.0), 0x3f80_0000 | u32::from(expected), "{value:e}");
            }
        }
    }
}
