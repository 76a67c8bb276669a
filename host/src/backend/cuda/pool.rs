//! The memory that one rank allocates for itself, in the order of its stream (CUDA driver API,
//! "Stream Ordered Memory Allocator").
//!
//! Each rank has a pool of its own. In a pool that ranks share, as in the default one of the GPU,
//! the driver may serve one stream with what another gave back by letting the first wait for the
//! second; where the second runs a kernel that waits for a kernel of the first, neither goes on.

use cudarc::driver::sys::{
    self, CUmemAllocationHandleType_enum, CUmemAllocationType_enum, CUmemPool_attribute_enum, CUmemPoolProps,
};
use cudarc::driver::{CudaStream, DriverError};

use super::sharing::location;

/// Memory that goes back to the driver with the pool.
#[derive(Debug)]
pub(super) struct Pool(sys::CUmemoryPool);

// SAFETY: the driver's handle of a pool may be used from any thread.
unsafe impl Send for Pool {}
// SAFETY: as above; the driver locks its pools.
unsafe impl Sync for Pool {}

impl Pool {
    /// An empty pool on a GPU.
    pub(super) fn new(device: sys::CUdevice) -> Result<Pool, DriverError> {
        // SAFETY: all fields of the struct may be zero.
        let mut properties: CUmemPoolProps = unsafe { std::mem::zeroed() };
        properties.allocType = CUmemAllocationType_enum::CU_MEM_ALLOCATION_TYPE_PINNED;
        properties.handleTypes = CUmemAllocationHandleType_enum::CU_MEM_HANDLE_TYPE_NONE;
        properties.location = location(device);
        let mut pool = std::ptr::null_mut();
        // SAFETY: the driver reads the properties and writes one handle.
        unsafe { sys::cuMemPoolCreate(&mut pool, &properties) }.result()?;
        let pool = Pool(pool);
        // By default a wait for a stream gives unused memory back to the driver, and the next
        // allocation asks for it again.
        let mut everything = u64::MAX;
        // SAFETY: this attribute is a `cuuint64_t`, which the driver reads.
        unsafe {
            sys::cuMemPoolSetAttribute(
                pool.0,
                CUmemPool_attribute_enum::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD,
                (&raw mut everything).cast(),
            )
        }
        .result()?;
        Ok(pool)
    }

    /// Reserves memory that work on the stream may use from here on.
    pub(super) fn allocate(&self, bytes: usize, stream: &CudaStream) -> Result<u64, DriverError> {
        let mut address = 0;
        // SAFETY: pool and stream live, and the driver writes one address.
        unsafe { sys::cuMemAllocFromPoolAsync(&mut address, bytes, self.0, stream.cu_stream()) }.result()?;
        Ok(address)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // SAFETY: the pool is ours. What is still allocated in it lives until it is given back.
        if let Err(error) = unsafe { sys::cuMemPoolDestroy(self.0) }.result() {
            tracing::warn!(%error, "a pool of memory was not given back");
        }
    }
}
