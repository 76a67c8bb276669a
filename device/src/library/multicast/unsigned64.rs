//! Multicast memory of `u64`.

use crate::device;

/// Multicast memory of `u64`.
#[device]
pub mod code {
    use crate::intrinsics::*;

    /// A `u64` at one place of every GPU.
    #[derive(Clone, Copy, Debug)]
    pub struct MulticastU64 {
        /// The multicast address.
        pub address: Global<u64>,
    }

    impl MulticastU64 {
        /// The place at a multicast address.
        pub fn new(address: Global<u64>) -> MulticastU64 {
            MulticastU64 { address }
        }

        /// The place `index` elements further on.
        pub fn at(self, index: u32) -> MulticastU64 {
            MulticastU64 { address: self.address.at(index) }
        }

        /// The sum of the values. `multimem.ld_reduce.global.add.u64`.
        pub fn load_reduce_add(self) -> u64 {
            ptx!("multimem.ld_reduce.global.add.u64 {d}, [{a}];", a = in(self.address), d = out(u64))
        }

        /// The sum of the values. `multimem.ld_reduce.relaxed.sys.global.add.u64`.
        pub fn load_reduce_add_relaxed(self) -> u64 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.add.u64 {d}, [{a}];", a = in(self.address), d = out(u64))
        }

        /// The sum of the values. `multimem.ld_reduce.acquire.sys.global.add.u64`.
        pub fn load_reduce_add_acquire(self) -> u64 {
            ptx!("multimem.ld_reduce.acquire.sys.global.add.u64 {d}, [{a}];", a = in(self.address), d = out(u64))
        }

        /// The least of the values. `multimem.ld_reduce.global.min.u64`.
        pub fn load_reduce_min(self) -> u64 {
            ptx!("multimem.ld_reduce.global.min.u64 {d}, [{a}];", a = in(self.address), d = out(u64))
        }

        /// The least of the values. `multimem.ld_reduce.relaxed.sys.global.min.u64`.
        pub fn load_reduce_min_relaxed(self) -> u64 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.min.u64 {d}, [{a}];", a = in(self.address), d = out(u64))
        }

        /// The least of the values. `multimem.ld_reduce.acquire.sys.global.min.u64`.
        pub fn load_reduce_min_acquire(self) -> u64 {
            ptx!("multimem.ld_reduce.acquire.sys.global.min.u64 {d}, [{a}];", a = in(self.address), d = out(u64))
        }

        /// The greatest of the values. `multimem.ld_reduce.global.max.u64`.
        pub fn load_reduce_max(self) -> u64 {
            ptx!("multimem.ld_reduce.global.max.u64 {d}, [{a}];", a = in(self.address), d = out(u64))
        }

        /// The greatest of the values. `multimem.ld_reduce.relaxed.sys.global.max.u64`.
        pub fn load_reduce_max_relaxed(self) -> u64 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.max.u64 {d}, [{a}];", a = in(self.address), d = out(u64))
        }

        /// The greatest of the values. `multimem.ld_reduce.acquire.sys.global.max.u64`.
        pub fn load_reduce_max_acquire(self) -> u64 {
            ptx!("multimem.ld_reduce.acquire.sys.global.max.u64 {d}, [{a}];", a = in(self.address), d = out(u64))
        }

        /// The bits that are set in all of the values. `multimem.ld_reduce.global.and.b64`.
        pub fn load_reduce_and(self) -> u64 {
            ptx!("multimem.ld_reduce.global.and.b64 {d}, [{a}];", a = in(self.address), d = out(u64))
        }

        /// The bits that are set in all of the values. `multimem.ld_reduce.relaxed.sys.global.and.b64`.
        pub fn load_reduce_and_relaxed(self) -> u64 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.and.b64 {d}, [{a}];", a = in(self.address), d = out(u64))
        }

        /// The bits that are set in all of the values. `multimem.ld_reduce.acquire.sys.global.and.b64`.
        pub fn load_reduce_and_acquire(self) -> u64 {
            ptx!("multimem.ld_reduce.acquire.sys.global.and.b64 {d}, [{a}];", a = in(self.address), d = out(u64))
        }

        /// The bits that are set in any of the values. `multimem.ld_reduce.global.or.b64`.
        pub fn load_reduce_or(self) -> u64 {
            ptx!("multimem.ld_reduce.global.or.b64 {d}, [{a}];", a = in(self.address), d = out(u64))
        }

        /// The bits that are set in any of the values. `multimem.ld_reduce.relaxed.sys.global.or.b64`.
        pub fn load_reduce_or_relaxed(self) -> u64 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.or.b64 {d}, [{a}];", a = in(self.address), d = out(u64))
        }

        /// The bits that are set in any of the values. `multimem.ld_reduce.acquire.sys.global.or.b64`.
        pub fn load_reduce_or_acquire(self) -> u64 {
            ptx!("multimem.ld_reduce.acquire.sys.global.or.b64 {d}, [{a}];", a = in(self.address), d = out(u64))
        }

        /// The exclusive or of the values. `multimem.ld_reduce.global.xor.b64`.
        pub fn load_reduce_xor(self) -> u64 {
            ptx!("multimem.ld_reduce.global.xor.b64 {d}, [{a}];", a = in(self.address), d = out(u64))
        }

        /// The exclusive or of the values. `multimem.ld_reduce.relaxed.sys.global.xor.b64`.
        pub fn load_reduce_xor_relaxed(self) -> u64 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.xor.b64 {d}, [{a}];", a = in(self.address), d = out(u64))
        }

        /// The exclusive or of the values. `multimem.ld_reduce.acquire.sys.global.xor.b64`.
        pub fn load_reduce_xor_acquire(self) -> u64 {
            ptx!("multimem.ld_reduce.acquire.sys.global.xor.b64 {d}, [{a}];", a = in(self.address), d = out(u64))
        }

        /// Stores the value on every GPU. `multimem.st.global.u64`.
        pub fn store(self, value: u64) {
            ptx!("multimem.st.global.u64 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value on every GPU. `multimem.st.relaxed.sys.global.u64`.
        pub fn store_relaxed(self, value: u64) {
            ptx!("multimem.st.relaxed.sys.global.u64 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value on every GPU. `multimem.st.release.sys.global.u64`.
        pub fn store_release(self, value: u64) {
            ptx!("multimem.st.release.sys.global.u64 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Adds the value on every GPU. `multimem.red.relaxed.sys.global.add.u64`.
        pub fn reduce_add_relaxed(self, value: u64) {
            ptx!("multimem.red.relaxed.sys.global.add.u64 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Adds the value on every GPU. `multimem.red.release.sys.global.add.u64`.
        pub fn reduce_add_release(self, value: u64) {
            ptx!("multimem.red.release.sys.global.add.u64 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value, where it is less, on every GPU. `multimem.red.relaxed.sys.global.min.u64`.
        pub fn reduce_min_relaxed(self, value: u64) {
            ptx!("multimem.red.relaxed.sys.global.min.u64 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value, where it is less, on every GPU. `multimem.red.release.sys.global.min.u64`.
        pub fn reduce_min_release(self, value: u64) {
            ptx!("multimem.red.release.sys.global.min.u64 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value, where it is greater, on every GPU. `multimem.red.relaxed.sys.global.max.u64`.
        pub fn reduce_max_relaxed(self, value: u64) {
            ptx!("multimem.red.relaxed.sys.global.max.u64 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value, where it is greater, on every GPU. `multimem.red.release.sys.global.max.u64`.
        pub fn reduce_max_release(self, value: u64) {
            ptx!("multimem.red.release.sys.global.max.u64 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Keeps the bits of the value in the one on every GPU. `multimem.red.relaxed.sys.global.and.b64`.
        pub fn reduce_and_relaxed(self, value: u64) {
            ptx!("multimem.red.relaxed.sys.global.and.b64 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Keeps the bits of the value in the one on every GPU. `multimem.red.release.sys.global.and.b64`.
        pub fn reduce_and_release(self, value: u64) {
            ptx!("multimem.red.release.sys.global.and.b64 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Sets the bits of the value in the one on every GPU. `multimem.red.relaxed.sys.global.or.b64`.
        pub fn reduce_or_relaxed(self, value: u64) {
            ptx!("multimem.red.relaxed.sys.global.or.b64 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Sets the bits of the value in the one on every GPU. `multimem.red.release.sys.global.or.b64`.
        pub fn reduce_or_release(self, value: u64) {
            ptx!("multimem.red.release.sys.global.or.b64 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Flips the bits of the value in the one on every GPU. `multimem.red.relaxed.sys.global.xor.b64`.
        pub fn reduce_xor_relaxed(self, value: u64) {
            ptx!("multimem.red.relaxed.sys.global.xor.b64 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Flips the bits of the value in the one on every GPU. `multimem.red.release.sys.global.xor.b64`.
        pub fn reduce_xor_release(self, value: u64) {
            ptx!("multimem.red.release.sys.global.xor.b64 [{a}], {b};", a = in(self.address), b = in(value));
        }
    }
}
