//! Arrays that a combine or a backward takes from the experts, on the host or on the device.

use half::bf16;

use crate::Result;
use crate::gpu::buffer::Buffer;
use crate::gpu::rank::Rank;
use crate::gpu::slice::DeviceSlice;
use crate::round::lengths::length;

/// Where the outputs, or a bias, are.
#[derive(Clone, Copy, Debug)]
pub enum Outputs<'a> {
    /// In host memory, of exactly the right length.
    Host(&'a [bf16]),
    /// In this rank's device memory, written by launches on this rank, or finished; the slice may
    /// be longer than needed and begins at a multiple of 16 bytes.
    Device(DeviceSlice<'a, bf16>),
}

impl<'a> From<&'a [bf16]> for Outputs<'a> {
    fn from(values: &'a [bf16]) -> Self {
        Outputs::Host(values)
    }
}

impl<'a, const N: usize> From<&'a [bf16; N]> for Outputs<'a> {
    fn from(values: &'a [bf16; N]) -> Self {
        Outputs::Host(values)
    }
}

impl<'a> From<&'a Vec<bf16>> for Outputs<'a> {
    fn from(values: &'a Vec<bf16>) -> Self {
        Outputs::Host(values)
    }
}

impl<'a> From<&'a Buffer<bf16>> for Outputs<'a> {
    fn from(buffer: &'a Buffer<bf16>) -> Self {
        Outputs::Device(buffer.into())
    }
}

impl<'a> From<DeviceSlice<'a, bf16>> for Outputs<'a> {
    fn from(slice: DeviceSlice<'a, bf16>) -> Self {
        Outputs::Device(slice)
    }
}

impl<'a> Outputs<'a> {
    /// Refuses another length than `expected`, or a shorter one on the device.
    pub(crate) fn check(
        &self,
        rank: usize,
        what: &'static str,
        rule: &'static str,
        expected: usize,
    ) -> Result<()> {
        let found = match self {
            Outputs::Host(values) => values.len(),
            Outputs::Device(slice) if slice.len() >= expected => return slice.check_alignment(rank, what),
            Outputs::Device(slice) => slice.len(),
        };
        length(rank, what, rule, (found, expected))
    }

    /// The array on the device, where it is copied if it is not there.
    pub(crate) fn upload(self, rank: &Rank) -> Result<Uploaded<'a>> {
        match self {
            Outputs::Device(slice) => Ok(Uploaded::There(slice)),
            Outputs::Host(values) => {
                let buffer = rank.buffer(values.len())?;
                buffer.write(0, values)?;
                Ok(Uploaded::Copied(buffer))
            }
        }
    }
}

/// An array that is on the device, or was brought there.
pub(crate) enum Uploaded<'a> {
    There(DeviceSlice<'a, bf16>),
    Copied(Buffer<bf16>),
}

impl Uploaded<'_> {
    pub(crate) fn slice(&self) -> DeviceSlice<'_, bf16> {
        match self {
            Uploaded::There(slice) => *slice,
            Uploaded::Copied(buffer) => buffer.into(),
        }
    }
}
