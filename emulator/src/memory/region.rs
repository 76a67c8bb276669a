//! A run of bytes that remembers which of them were written.

use super::zeroed::Zeroed;

/// Bytes, and one bit per byte that tells whether it was ever written.
///
/// Both are allocated zeroed, so the host commits pages only when they are first written. Most
/// pages of most regions are written as a whole: then a count is looked at, which is small enough
/// to be near, and not their bits.
#[derive(Debug, Default)]
pub(crate) struct Region {
    data: Zeroed,
    written: Vec<u64>,
    /// Of each page of 4096 bytes, how many words of `written` have all bits set.
    complete: Vec<u8>,
}

const WORDS_PER_PAGE: usize = 64;

impl Region {
    /// A region of `bytes` unwritten bytes.
    pub(crate) fn new(bytes: usize) -> Region {
        Region::of(Zeroed::new(bytes))
    }

    /// A region, or `None` when the host has no address space for it.
    pub(crate) fn try_new(bytes: usize) -> Option<Region> {
        let data = Zeroed::try_new(bytes)?;
        let mut written = Vec::<u64>::new();
        written.try_reserve_exact(bytes.div_ceil(64)).ok()?;
        drop(written);
        Some(Region::of(data))
    }

    fn of(data: Zeroed) -> Region {
        let words = data.len().div_ceil(64);
        Region { data, written: vec![0; words], complete: vec![0; words.div_ceil(WORDS_PER_PAGE)] }
    }

    /// Whether all bytes of the pages of some bytes were written.
    #[inline(always)]
    fn is_complete(&self, offset: usize, length: usize) -> bool {
        const ALL: u8 = WORDS_PER_PAGE as u8;
        let (first, last) = (offset / 4096, (offset + length.max(1) - 1) / 4096);
        self.complete[first] == ALL
            && (first == last || self.complete[first..=last].iter().all(|&count| count == ALL))
    }

    #[inline(always)]
    fn mark_word(&mut self, word: usize, bits: u64) {
        let old = self.written[word];
        let new = old | bits;
        if new != old {
            self.written[word] = new;
            self.complete[word / WORDS_PER_PAGE] += u8::from(new == u64::MAX);
        }
    }

    /// All bytes, not for what they hold.
    #[inline(always)]
    pub(crate) fn all(&self) -> &[u8] {
        &self.data
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.data.len()
    }

    #[inline(always)]
    pub(crate) fn bytes(&self, offset: usize, length: usize) -> &[u8] {
        &self.data[offset..offset + length]
    }

    /// The bytes for writing; marks them written.
    #[inline(always)]
    pub(crate) fn bytes_mut(&mut self, offset: usize, length: usize) -> &mut [u8] {
        self.mark(offset, length);
        &mut self.data[offset..offset + length]
    }

    #[inline(always)]
    fn mark(&mut self, offset: usize, length: usize) {
        if length == 0 || self.is_complete(offset, length) {
            return;
        }
        let (first, bit) = (offset / 64, offset % 64);
        if bit + length <= 64 {
            self.mark_word(first, (u64::MAX >> (64 - length)) << bit);
        } else {
            self.mark_long(offset, length);
        }
    }

    #[inline(never)]
    fn mark_long(&mut self, offset: usize, length: usize) {
        let end = offset + length;
        let mut at = offset;
        while at < end {
            let (word, bit) = (at / 64, at % 64);
            let count = (64 - bit).min(end - at);
            self.mark_word(word, (u64::MAX >> (64 - count)) << bit);
            at += count;
        }
    }

    /// Whether all of the bytes were written.
    #[inline(always)]
    pub(crate) fn is_written(&self, offset: usize, length: usize) -> bool {
        if length == 0 || self.is_complete(offset, length) {
            return true;
        }
        let (first, bit) = (offset / 64, offset % 64);
        if bit + length <= 64 {
            let wanted = (u64::MAX >> (64 - length)) << bit;
            self.written[first] & wanted == wanted
        } else {
            self.is_written_long(offset, length)
        }
    }

    #[inline(never)]
    fn is_written_long(&self, offset: usize, length: usize) -> bool {
        if offset.is_multiple_of(64) && length.is_multiple_of(64) {
            return self.written[offset / 64..(offset + length) / 64].iter().all(|&word| word == u64::MAX);
        }
        let end = offset + length;
        let mut at = offset;
        while at < end {
            let (word, bit) = (at / 64, at % 64);
            let count = (64 - bit).min(end - at);
            let wanted = (u64::MAX >> (64 - count)) << bit;
            if self.written[word] & wanted != wanted {
                return false;
            }
            at += count;
        }
        true
    }

    /// An aligned value of up to 16 bytes.
    #[inline(always)]
    pub(crate) fn value(&self, offset: usize, length: usize) -> u128 {
        match length {
            1 => u128::from(self.data[offset]),
            2 => u128::from(u16::from_le_bytes(self.array(offset))),
            4 => u128::from(u32::from_le_bytes(self.array(offset))),
            8 => u128::from(u64::from_le_bytes(self.array(offset))),
            _ => u128::from_le_bytes(self.array(offset)),
        }
    }

    #[inline(always)]
    fn array<const N: usize>(&self, offset: usize) -> [u8; N] {
        let mut out = [0; N];
        out.copy_from_slice(&self.data[offset..offset + N]);
        out
    }

    /// Stores the low `length` bytes of a value.
    #[inline(always)]
    pub(crate) fn set_value(&mut self, offset: usize, length: usize, value: u128) {
        self.mark(offset, length);
        let bytes = value.to_le_bytes();
        match length {
            1 => self.data[offset] = bytes[0],
            2 => self.data[offset..offset + 2].copy_from_slice(&bytes[..2]),
            4 => self.data[offset..offset + 4].copy_from_slice(&bytes[..4]),
            8 => self.data[offset..offset + 8].copy_from_slice(&bytes[..8]),
            _ => self.data[offset..offset + 16].copy_from_slice(&bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Exactly the bytes that were written count as written, however writes meet words and
        /// pages.
        #[test]
        fn bytes_are_written_once_they_were(
            size in 1..10_000usize,
            writes in proptest::collection::vec((0..10_000usize, 1..6_000usize), 0..12),
            reads in proptest::collection::vec((0..10_000usize, 0..6_000usize), 1..12),
        ) {
            let mut region = Region::new(size);
            let mut plain = vec![false; size];
            let inside = |(offset, length): (usize, usize)| {
                let offset = offset % size;
                (offset, length.min(size - offset))
            };
            for (offset, length) in writes.into_iter().map(inside) {
                region.bytes_mut(offset, length).fill(1);
                plain[offset..offset + length].fill(true);
            }
            for (offset, length) in reads.into_iter().map(inside) {
                let expected = plain[offset..offset + length].iter().all(|&written| written);
                prop_assert_eq!(region.is_written(offset, length), expected);
            }
        }
    }
}
