//! A run of bytes that remembers which of them were written.

/// Bytes and one bit per byte that tells whether it was ever written.
///
/// Both are allocated zeroed, so the host commits pages only when they are first written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Region {
    data: Vec<u8>,
    written: Vec<u64>,
}

impl Region {
    /// A region of `bytes` unwritten bytes.
    pub(crate) fn new(bytes: usize) -> Region {
        Region { data: vec![0; bytes], written: vec![0; bytes.div_ceil(64)] }
    }

    /// A region, or `None` when the host has no address space for it.
    pub(crate) fn try_new(bytes: usize) -> Option<Region> {
        let mut probe = Vec::<u8>::new();
        probe.try_reserve_exact(bytes.checked_add(bytes / 8)?.checked_add(4096)?).ok()?;
        drop(probe);
        Some(Region::new(bytes))
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
        let (first, bit) = (offset / 64, offset % 64);
        if bit + length <= 64 {
            if length > 0 {
                self.written[first] |= (u64::MAX >> (64 - length)) << bit;
            }
        } else {
            self.mark_long(offset, length);
        }
    }

    fn mark_long(&mut self, offset: usize, length: usize) {
        if offset.is_multiple_of(64) && length.is_multiple_of(64) {
            self.written[offset / 64..(offset + length) / 64].fill(u64::MAX);
            return;
        }
        let end = offset + length;
        let mut at = offset;
        while at < end {
            let (word, bit) = (at / 64, at % 64);
            let count = (64 - bit).min(end - at);
            self.written[word] |= (u64::MAX >> (64 - count)) << bit;
            at += count;
        }
    }

    /// Whether all of the bytes were written.
    #[inline(always)]
    pub(crate) fn is_written(&self, offset: usize, length: usize) -> bool {
        let (first, bit) = (offset / 64, offset % 64);
        if bit + length <= 64 {
            if length == 0 {
                return true;
            }
            let wanted = (u64::MAX >> (64 - length)) << bit;
            self.written[first] & wanted == wanted
        } else {
            self.is_written_long(offset, length)
        }
    }

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
