//! Four lanes with four words each, seen the other way round: between the order of memory and that
//! of registers.

/// Makes row `j` of the result of the words `j` of all rows.
#[inline(always)]
#[cfg(target_arch = "x86_64")]
pub(super) fn transpose(rows: &[[u32; 4]; 4]) -> [[u32; 4]; 4] {
    use std::arch::x86_64::*;
    let mut out = [[0; 4]; 4];
    // The compiler makes 32 scalar moves of the plain form, and rows of data go through here.
    // SAFETY: SSE2 is part of the architecture; unaligned loads and stores of 16 bytes, each within
    // one of the arrays.
    unsafe {
        let [a, b, c, d] = [0, 1, 2, 3].map(|row: usize| _mm_loadu_si128(rows[row].as_ptr().cast()));
        let (low, high) = (_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b));
        let (low_next, high_next) = (_mm_unpacklo_epi32(c, d), _mm_unpackhi_epi32(c, d));
        _mm_storeu_si128(out[0].as_mut_ptr().cast(), _mm_unpacklo_epi64(low, low_next));
        _mm_storeu_si128(out[1].as_mut_ptr().cast(), _mm_unpackhi_epi64(low, low_next));
        _mm_storeu_si128(out[2].as_mut_ptr().cast(), _mm_unpacklo_epi64(high, high_next));
        _mm_storeu_si128(out[3].as_mut_ptr().cast(), _mm_unpackhi_epi64(high, high_next));
    }
    out
}

/// Makes row `j` of the result of the words `j` of all rows.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn transpose(rows: &[[u32; 4]; 4]) -> [[u32; 4]; 4] {
    std::array::from_fn(|word| std::array::from_fn(|row| rows[row][word]))
}

#[cfg(test)]
mod tests {
    #[test]
    fn rows_become_columns() {
        let rows = std::array::from_fn(|row| std::array::from_fn(|word| (row * 4 + word) as u32));
        let columns = std::array::from_fn(|word| std::array::from_fn(|row| (row * 4 + word) as u32));
        assert_eq!(super::transpose(&rows), columns);
    }
}
