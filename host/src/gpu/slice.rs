//! Device memory that somebody else owns: a buffer, or another library. What dispatch and combine
//! take and give without a copy to the host.

use std::fmt;
use std::marker::PhantomData;

use crossdock_device::intrinsics::Global;

use crate::plain::Plain;
use crate::{Error, Result};

/// What kernels move at once, and the alignment that rows need.
const ROW_ALIGNMENT: u64 = 16;

/// Elements in device memory, borrowed for reading. `&Buffer` becomes one.
pub struct DeviceSlice<'a, T> {
    address: u64,
    len: usize,
    owner: PhantomData<&'a [T]>,
}

/// Elements in device memory, borrowed for writing. `&mut Buffer` becomes one.
pub struct DeviceSliceMut<'a, T> {
    address: u64,
    len: usize,
    owner: PhantomData<&'a mut [T]>,
}

impl<T> Clone for DeviceSlice<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for DeviceSlice<'_, T> {}

impl<T> fmt::Debug for DeviceSlice<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceSlice({:#x}, {} elements)", self.address, self.len)
    }
}

impl<T> fmt::Debug for DeviceSliceMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceSliceMut({:#x}, {} elements)", self.address, self.len)
    }
}

impl<'a, T: Plain> DeviceSlice<'a, T> {
    /// Elements that `'a` keeps alive and unwritten.
    pub(crate) const fn new(address: u64, len: usize) -> DeviceSlice<'a, T> {
        DeviceSlice { address, len, owner: PhantomData }
    }

    /// `len` elements at a device address, such as another library's tensor.
    ///
    /// # Safety
    /// For as long as `'a`, the GPU of the rank that uses the slice can read all elements at that
    /// address, and nobody writes them. What another stream writes there is finished, or ordered
    /// before what the rank launches, when the slice is used. Calls that take a slice return when
    /// their kernels are done with it.
    pub const unsafe fn from_raw(address: u64, len: usize) -> DeviceSlice<'a, T> {
        DeviceSlice::new(address, len)
    }

    /// Its device address.
    pub const fn address(self) -> u64 {
        self.address
    }

    /// How many elements it has.
    pub const fn len(self) -> usize {
        self.len
    }

    /// Whether it has none.
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The argument for a kernel parameter `Global<U>`.
    pub const fn global<U>(self) -> Global<U> {
        Global::from_address(self.address)
    }

    /// The first `len` elements, or all if there are fewer.
    pub const fn first(self, len: usize) -> DeviceSlice<'a, T> {
        DeviceSlice { len: if len < self.len { len } else { self.len }, ..self }
    }

    /// The same memory as bytes.
    pub const fn bytes(self) -> DeviceSlice<'a, u8> {
        DeviceSlice { address: self.address, len: self.len * size_of::<T>(), owner: PhantomData }
    }

    /// Refuses a slice that kernels cannot read in pieces of 16 bytes.
    pub(crate) fn check_alignment(self, rank: usize, what: &'static str) -> Result<()> {
        check_alignment(rank, what, (self.address, self.len), ROW_ALIGNMENT)
    }

    /// The same for another alignment.
    pub(crate) fn check_aligned_to(self, rank: usize, what: &'static str, alignment: u64) -> Result<()> {
        check_alignment(rank, what, (self.address, self.len), alignment)
    }
}

impl<'a, T: Plain> DeviceSliceMut<'a, T> {
    /// Elements that `'a` keeps alive and to itself.
    pub(crate) const fn new(address: u64, len: usize) -> DeviceSliceMut<'a, T> {
        DeviceSliceMut { address, len, owner: PhantomData }
    }

    /// `len` elements at a device address, such as another library's tensor.
    ///
    /// # Safety
    /// As for [`DeviceSlice::from_raw`], with nobody else reading or writing the elements, which
    /// the GPU can write.
    pub const unsafe fn from_raw(address: u64, len: usize) -> DeviceSliceMut<'a, T> {
        DeviceSliceMut { address, len, owner: PhantomData }
    }

    /// How many elements it has.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The argument for a kernel parameter `Global<U>`.
    pub const fn global<U>(&self) -> Global<U> {
        Global::from_address(self.address)
    }

    /// Refuses a slice that kernels cannot write in pieces of 16 bytes.
    pub(crate) fn check_alignment(&self, rank: usize, what: &'static str) -> Result<()> {
        check_alignment(rank, what, (self.address, self.len), ROW_ALIGNMENT)
    }
}

fn check_alignment(
    rank: usize,
    what: &'static str,
    (address, len): (u64, usize),
    alignment: u64,
) -> Result<()> {
    if len == 0 || address.is_multiple_of(alignment) {
        Ok(())
    } else {
        Err(Error::Misaligned { rank, what, address, alignment })
    }
}
