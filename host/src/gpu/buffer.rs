//! Device memory of one rank, with a type and an owner.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use crossdock_device::intrinsics::{Global, GlobalSlice};

use crate::backend::Sharing;
use crate::gpu::allocation::Allocation;
use crate::gpu::rank::Rank;
use crate::gpu::slice::{DeviceSlice, DeviceSliceMut};
use crate::plain::{Plain, bytes_of, bytes_of_mut, zeroed};
use crate::{Error, Result};

/// Device memory of one rank for `len` elements; freed on drop. Its contents are undefined until
/// written.
#[derive(Debug)]
pub struct Buffer<T> {
    rank: Rank,
    allocation: Arc<Allocation>,
    len: usize,
    element: PhantomData<T>,
}

impl Rank {
    /// Device memory for `len` elements, undefined until written.
    ///
    /// # Errors
    /// When memory is short.
    pub fn buffer<T: Plain>(&self, len: usize) -> Result<Buffer<T>> {
        Buffer::new(self, len, Sharing::Local, None)
    }
}

impl<T: Plain> Buffer<T> {
    /// Memory that leads to other memory: its owners keep that, too.
    pub(crate) fn new(
        rank: &Rank,
        len: usize,
        sharing: Sharing,
        leads_to: Option<&Arc<Allocation>>,
    ) -> Result<Buffer<T>> {
        // Never empty, so that every buffer has an address of its own.
        let bytes = (len as u64).saturating_mul(size_of::<T>() as u64).max(1);
        let address = rank.backend().allocate(bytes, sharing)?;
        let allocation = rank.owner(address, bytes, leads_to);
        Ok(Buffer { rank: rank.clone(), allocation, len, element: PhantomData })
    }

    /// Its device address.
    pub fn address(&self) -> u64 {
        self.allocation.address()
    }

    /// The rank whose memory it is.
    pub fn rank(&self) -> &Rank {
        &self.rank
    }

    /// The memory alone.
    pub(crate) fn allocation(&self) -> &Arc<Allocation> {
        &self.allocation
    }

    /// How many elements it holds.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds no element.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The argument for a kernel parameter `Global<U>`; `U` may group elements, such as eight bf16
    /// in 16 bytes.
    pub fn global<U>(&self) -> Global<U> {
        Global::from_address(self.address())
    }

    /// The argument for a kernel parameter `GlobalSlice<U>`: all elements; of `U`, as many as are
    /// whole.
    pub fn slice<U: Copy>(&self) -> GlobalSlice<U> {
        let bytes = self.len() * size_of::<T>();
        self.global::<U>().slice(bytes.checked_div(size_of::<U>()).unwrap_or(0))
    }

    /// Copies `values` to the elements from `start`.
    ///
    /// # Errors
    /// When they do not fit, or the machine is broken.
    pub fn write(&self, start: usize, values: &[T]) -> Result<()> {
        let offset = self.offset(start..start.saturating_add(values.len()))?;
        if values.is_empty() {
            return Ok(());
        }
        self.rank.backend().write(self.address() + offset, bytes_of(values))
    }

    /// Copies the elements of `range` to the host, after all earlier launches of the rank.
    ///
    /// # Errors
    /// When the range is outside the buffer or was never written, or the machine is broken.
    pub fn read(&self, range: Range<usize>) -> Result<Vec<T>> {
        let offset = self.offset(range.clone())?;
        let mut values = zeroed(range.len());
        if !values.is_empty() {
            self.rank.backend().read(self.address() + offset, bytes_of_mut(&mut values))?;
        }
        Ok(values)
    }

    /// Copies the first `len` elements of another type to the host.
    pub(crate) fn read_as<U: Plain>(&self, len: usize) -> Result<Vec<U>> {
        let bytes = len.saturating_mul(size_of::<U>());
        let length = self.len * size_of::<T>();
        if bytes > length {
            return Err(Error::OutsideBuffer { start: 0, end: bytes, length });
        }
        let mut values = zeroed(len);
        if bytes > 0 {
            self.rank.backend().read(self.address(), bytes_of_mut(&mut values))?;
        }
        Ok(values)
    }

    /// Copies the first `len` elements of another buffer of the rank to the start of this one,
    /// after all earlier launches.
    ///
    /// # Errors
    /// When one of the buffers is shorter, or the machine is broken.
    pub fn copy_from(&self, other: &Buffer<T>, len: usize) -> Result<()> {
        let length = self.len.min(other.len);
        if len > length {
            return Err(Error::OutsideBuffer { start: 0, end: len, length });
        }
        if len == 0 {
            return Ok(());
        }
        let bytes = len as u64 * size_of::<T>() as u64;
        self.rank.backend().copy(other.address(), self.address(), bytes)
    }

    /// Copies all elements of a slice of the rank's memory to the start of this buffer, after all
    /// earlier launches.
    ///
    /// # Errors
    /// When the buffer is shorter, or the machine is broken.
    pub fn copy_from_device(&self, slice: DeviceSlice<'_, T>) -> Result<()> {
        if slice.len() > self.len {
            return Err(Error::OutsideBuffer { start: 0, end: slice.len(), length: self.len });
        }
        if slice.is_empty() {
            return Ok(());
        }
        let bytes = slice.bytes().len() as u64;
        self.rank.backend().copy(slice.address(), self.address(), bytes)
    }

    /// Sets every byte to zero.
    ///
    /// # Errors
    /// When the machine is broken.
    pub fn clear(&self) -> Result<()> {
        let bytes = self.len as u64 * size_of::<T>() as u64;
        if bytes == 0 {
            return Ok(());
        }
        self.rank.backend().fill(self.address(), 0, bytes)
    }

    fn offset(&self, range: Range<usize>) -> Result<u64> {
        if range.start > range.end || range.end > self.len {
            return Err(Error::OutsideBuffer { start: range.start, end: range.end, length: self.len });
        }
        Ok(range.start as u64 * size_of::<T>() as u64)
    }
}

impl<'a, T: Plain> From<&'a Buffer<T>> for DeviceSlice<'a, T> {
    fn from(buffer: &'a Buffer<T>) -> Self {
        DeviceSlice::new(buffer.address(), buffer.len())
    }
}

impl<'a, T: Plain> From<&'a mut Buffer<T>> for DeviceSliceMut<'a, T> {
    fn from(buffer: &'a mut Buffer<T>) -> Self {
        DeviceSliceMut::new(buffer.address(), buffer.len())
    }
}
