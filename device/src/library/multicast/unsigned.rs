//! Multicast memory of `u32`.

use crate::device;

/// Multicast memory of `u32`.
#[device]
pub mod code {
    use crate::intrinsics::*;

    /// A `u32` at one place of every GPU.
    #[derive(Clone, Copy, Debug)]
    pub struct MulticastU32 {
        /// The multicast address.
        pub address: Global<u32>,
    }

    impl MulticastU32 {
        /// The place at a multicast address.
        pub fn new(address: Global<u32>) -> MulticastU32 {
            MulticastU32 { address }
        }

        /// The place `index` elements further on.
        pub fn at(self, index: u32) -> MulticastU32 {
            MulticastU32 { address: self.address.at(index) }
        }

        /// The sum of the values. `multimem.ld_reduce.global.add.u32`.
        pub fn load_reduce_add(self) -> u32 {
            ptx!("multimem.ld_reduce.global.add.u32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The sum of the values. `multimem.ld_reduce.relaxed.sys.global.add.u32`.
        pub fn load_reduce_add_relaxed(self) -> u32 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.add.u32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The sum of the values. `multimem.ld_reduce.acquire.sys.global.add.u32`.
        pub fn load_reduce_add_acquire(self) -> u32 {
            ptx!("multimem.ld_reduce.acquire.sys.global.add.u32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The least of the values. `multimem.ld_reduce.global.min.u32`.
        pub fn load_reduce_min(self) -> u32 {
            ptx!("multimem.ld_reduce.global.min.u32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The least of the values. `multimem.ld_reduce.relaxed.sys.global.min.u32`.
        pub fn load_reduce_min_relaxed(self) -> u32 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.min.u32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The least of the values. `multimem.ld_reduce.acquire.sys.global.min.u32`.
        pub fn load_reduce_min_acquire(self) -> u32 {
            ptx!("multimem.ld_reduce.acquire.sys.global.min.u32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The greatest of the values. `multimem.ld_reduce.global.max.u32`.
        pub fn load_reduce_max(self) -> u32 {
            ptx!("multimem.ld_reduce.global.max.u32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The greatest of the values. `multimem.ld_reduce.relaxed.sys.global.max.u32`.
        pub fn load_reduce_max_relaxed(self) -> u32 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.max.u32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The greatest of the values. `multimem.ld_reduce.acquire.sys.global.max.u32`.
        pub fn load_reduce_max_acquire(self) -> u32 {
            ptx!("multimem.ld_reduce.acquire.sys.global.max.u32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The bits that are set in all of the values. `multimem.ld_reduce.global.and.b32`.
        pub fn load_reduce_and(self) -> u32 {
            ptx!("multimem.ld_reduce.global.and.b32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The bits that are set in all of the values. `multimem.ld_reduce.relaxed.sys.global.and.b32`.
        pub fn load_reduce_and_relaxed(self) -> u32 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.and.b32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The bits that are set in all of the values. `multimem.ld_reduce.acquire.sys.global.and.b32`.
        pub fn load_reduce_and_acquire(self) -> u32 {
            ptx!("multimem.ld_reduce.acquire.sys.global.and.b32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The bits that are set in any of the values. `multimem.ld_reduce.global.or.b32`.
        pub fn load_reduce_or(self) -> u32 {
            ptx!("multimem.ld_reduce.global.or.b32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The bits that are set in any of the values. `multimem.ld_reduce.relaxed.sys.global.or.b32`.
        pub fn load_reduce_or_relaxed(self) -> u32 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.or.b32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The bits that are set in any of the values. `multimem.ld_reduce.acquire.sys.global.or.b32`.
        pub fn load_reduce_or_acquire(self) -> u32 {
            ptx!("multimem.ld_reduce.acquire.sys.global.or.b32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The exclusive or of the values. `multimem.ld_reduce.global.xor.b32`.
        pub fn load_reduce_xor(self) -> u32 {
            ptx!("multimem.ld_reduce.global.xor.b32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The exclusive or of the values. `multimem.ld_reduce.relaxed.sys.global.xor.b32`.
        pub fn load_reduce_xor_relaxed(self) -> u32 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.xor.b32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The exclusive or of the values. `multimem.ld_reduce.acquire.sys.global.xor.b32`.
        pub fn load_reduce_xor_acquire(self) -> u32 {
            ptx!("multimem.ld_reduce.acquire.sys.global.xor.b32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// Stores the value on every GPU. `multimem.st.global.u32`.
        pub fn store(self, value: u32) {
            ptx!("multimem.st.global.u32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value on every GPU. `multimem.st.relaxed.sys.global.u32`.
        pub fn store_relaxed(self, value: u32) {
            ptx!("multimem.st.relaxed.sys.global.u32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value on every GPU. `multimem.st.release.sys.global.u32`.
        pub fn store_release(self, value: u32) {
            ptx!("multimem.st.release.sys.global.u32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Adds the value on every GPU. `multimem.red.relaxed.sys.global.add.u32`.
        pub fn reduce_add_relaxed(self, value: u32) {
            ptx!("multimem.red.relaxed.sys.global.add.u32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Adds the value on every GPU. `multimem.red.release.sys.global.add.u32`.
        pub fn reduce_add_release(self, value: u32) {
            ptx!("multimem.red.release.sys.global.add.u32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value, where it is less, on every GPU. `multimem.red.relaxed.sys.global.min.u32`.
        pub fn reduce_min_relaxed(self, value: u32) {
            ptx!("multimem.red.relaxed.sys.global.min.u32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value, where it is less, on every GPU. `multimem.red.release.sys.global.min.u32`.
        pub fn reduce_min_release(self, value: u32) {
            ptx!("multimem.red.release.sys.global.min.u32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value, where it is greater, on every GPU. `multimem.red.relaxed.sys.global.max.u32`.
        pub fn reduce_max_relaxed(self, value: u32) {
            ptx!("multimem.red.relaxed.sys.global.max.u32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value, where it is greater, on every GPU. `multimem.red.release.sys.global.max.u32`.
        pub fn reduce_max_release(self, value: u32) {
            ptx!("multimem.red.release.sys.global.max.u32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Keeps the bits of the value in the one on every GPU. `multimem.red.relaxed.sys.global.and.b32`.
        pub fn reduce_and_relaxed(self, value: u32) {
            ptx!("multimem.red.relaxed.sys.global.and.b32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Keeps the bits of the value in the one on every GPU. `multimem.red.release.sys.global.and.b32`.
        pub fn reduce_and_release(self, value: u32) {
            ptx!("multimem.red.release.sys.global.and.b32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Sets the bits of the value in the one on every GPU. `multimem.red.relaxed.sys.global.or.b32`.
        pub fn reduce_or_relaxed(self, value: u32) {
            ptx!("multimem.red.relaxed.sys.global.or.b32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Sets the bits of the value in the one on every GPU. `multimem.red.release.sys.global.or.b32`.
        pub fn reduce_or_release(self, value: u32) {
            ptx!("multimem.red.release.sys.global.or.b32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Flips the bits of the value in the one on every GPU. `multimem.red.relaxed.sys.global.xor.b32`.
        pub fn reduce_xor_relaxed(self, value: u32) {
            ptx!("multimem.red.relaxed.sys.global.xor.b32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Flips the bits of the value in the one on every GPU. `multimem.red.release.sys.global.xor.b32`.
        pub fn reduce_xor_release(self, value: u32) {
            ptx!("multimem.red.release.sys.global.xor.b32 [{a}], {b};", a = in(self.address), b = in(value));
        }
    }
}
