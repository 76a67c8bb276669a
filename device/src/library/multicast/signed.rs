//! Multicast memory of `i32`.

use crate::device;

/// Multicast memory of `i32`.
#[device]
pub mod code {
    use crate::intrinsics::*;

    /// An `i32` at one place of every GPU.
    #[derive(Clone, Copy, Debug)]
    pub struct MulticastI32 {
        /// The multicast address.
        pub address: Global<i32>,
    }

    impl MulticastI32 {
        /// The place at a multicast address.
        pub fn new(address: Global<i32>) -> MulticastI32 {
            MulticastI32 { address }
        }

        /// The place `index` elements further on.
        pub fn at(self, index: u32) -> MulticastI32 {
            MulticastI32 { address: self.address.at(index) }
        }

        /// The sum of the values. `multimem.ld_reduce.global.add.s32`.
        pub fn load_reduce_add(self) -> i32 {
            ptx!("multimem.ld_reduce.global.add.s32 {d}, [{a}];", a = in(self.address), d = out(i32))
        }

        /// The sum of the values. `multimem.ld_reduce.relaxed.sys.global.add.s32`.
        pub fn load_reduce_add_relaxed(self) -> i32 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.add.s32 {d}, [{a}];", a = in(self.address), d = out(i32))
        }

        /// The sum of the values. `multimem.ld_reduce.acquire.sys.global.add.s32`.
        pub fn load_reduce_add_acquire(self) -> i32 {
            ptx!("multimem.ld_reduce.acquire.sys.global.add.s32 {d}, [{a}];", a = in(self.address), d = out(i32))
        }

        /// The least of the values. `multimem.ld_reduce.global.min.s32`.
        pub fn load_reduce_min(self) -> i32 {
            ptx!("multimem.ld_reduce.global.min.s32 {d}, [{a}];", a = in(self.address), d = out(i32))
        }

        /// The least of the values. `multimem.ld_reduce.relaxed.sys.global.min.s32`.
        pub fn load_reduce_min_relaxed(self) -> i32 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.min.s32 {d}, [{a}];", a = in(self.address), d = out(i32))
        }

        /// The least of the values. `multimem.ld_reduce.acquire.sys.global.min.s32`.
        pub fn load_reduce_min_acquire(self) -> i32 {
            ptx!("multimem.ld_reduce.acquire.sys.global.min.s32 {d}, [{a}];", a = in(self.address), d = out(i32))
        }

        /// The greatest of the values. `multimem.ld_reduce.global.max.s32`.
        pub fn load_reduce_max(self) -> i32 {
            ptx!("multimem.ld_reduce.global.max.s32 {d}, [{a}];", a = in(self.address), d = out(i32))
        }

        /// The greatest of the values. `multimem.ld_reduce.relaxed.sys.global.max.s32`.
        pub fn load_reduce_max_relaxed(self) -> i32 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.max.s32 {d}, [{a}];", a = in(self.address), d = out(i32))
        }

        /// The greatest of the values. `multimem.ld_reduce.acquire.sys.global.max.s32`.
        pub fn load_reduce_max_acquire(self) -> i32 {
            ptx!("multimem.ld_reduce.acquire.sys.global.max.s32 {d}, [{a}];", a = in(self.address), d = out(i32))
        }

        /// The bits that are set in all of the values. `multimem.ld_reduce.global.and.b32`.
        pub fn load_reduce_and(self) -> i32 {
            ptx!("multimem.ld_reduce.global.and.b32 {d}, [{a}];", a = in(self.address), d = out(i32))
        }

        /// The bits that are set in all of the values. `multimem.ld_reduce.relaxed.sys.global.and.b32`.
        pub fn load_reduce_and_relaxed(self) -> i32 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.and.b32 {d}, [{a}];", a = in(self.address), d = out(i32))
        }

        /// The bits that are set in all of the values. `multimem.ld_reduce.acquire.sys.global.and.b32`.
        pub fn load_reduce_and_acquire(self) -> i32 {
            ptx!("multimem.ld_reduce.acquire.sys.global.and.b32 {d}, [{a}];", a = in(self.address), d = out(i32))
        }

        /// The bits that are set in any of the values. `multimem.ld_reduce.global.or.b32`.
        pub fn load_reduce_or(self) -> i32 {
            ptx!("multimem.ld_reduce.global.or.b32 {d}, [{a}];", a = in(self.address), d = out(i32))
        }

        /// The bits that are set in any of the values. `multimem.ld_reduce.relaxed.sys.global.or.b32`.
        pub fn load_reduce_or_relaxed(self) -> i32 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.or.b32 {d}, [{a}];", a = in(self.address), d = out(i32))
        }

        /// The bits that are set in any of the values. `multimem.ld_reduce.acquire.sys.global.or.b32`.
        pub fn load_reduce_or_acquire(self) -> i32 {
            ptx!("multimem.ld_reduce.acquire.sys.global.or.b32 {d}, [{a}];", a = in(self.address), d = out(i32))
        }

        /// The exclusive or of the values. `multimem.ld_reduce.global.xor.b32`.
        pub fn load_reduce_xor(self) -> i32 {
            ptx!("multimem.ld_reduce.global.xor.b32 {d}, [{a}];", a = in(self.address), d = out(i32))
        }

        /// The exclusive or of the values. `multimem.ld_reduce.relaxed.sys.global.xor.b32`.
        pub fn load_reduce_xor_relaxed(self) -> i32 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.xor.b32 {d}, [{a}];", a = in(self.address), d = out(i32))
        }

        /// The exclusive or of the values. `multimem.ld_reduce.acquire.sys.global.xor.b32`.
        pub fn load_reduce_xor_acquire(self) -> i32 {
            ptx!("multimem.ld_reduce.acquire.sys.global.xor.b32 {d}, [{a}];", a = in(self.address), d = out(i32))
        }

        /// Stores the value on every GPU. `multimem.st.global.s32`.
        pub fn store(self, value: i32) {
            ptx!("multimem.st.global.s32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value on every GPU. `multimem.st.relaxed.sys.global.s32`.
        pub fn store_relaxed(self, value: i32) {
            ptx!("multimem.st.relaxed.sys.global.s32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value on every GPU. `multimem.st.release.sys.global.s32`.
        pub fn store_release(self, value: i32) {
            ptx!("multimem.st.release.sys.global.s32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Adds the value on every GPU. `multimem.red.relaxed.sys.global.add.s32`.
        pub fn reduce_add_relaxed(self, value: i32) {
            ptx!("multimem.red.relaxed.sys.global.add.s32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Adds the value on every GPU. `multimem.red.release.sys.global.add.s32`.
        pub fn reduce_add_release(self, value: i32) {
            ptx!("multimem.red.release.sys.global.add.s32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value, where it is less, on every GPU. `multimem.red.relaxed.sys.global.min.s32`.
        pub fn reduce_min_relaxed(self, value: i32) {
            ptx!("multimem.red.relaxed.sys.global.min.s32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value, where it is less, on every GPU. `multimem.red.release.sys.global.min.s32`.
        pub fn reduce_min_release(self, value: i32) {
            ptx!("multimem.red.release.sys.global.min.s32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value, where it is greater, on every GPU. `multimem.red.relaxed.sys.global.max.s32`.
        pub fn reduce_max_relaxed(self, value: i32) {
            ptx!("multimem.red.relaxed.sys.global.max.s32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value, where it is greater, on every GPU. `multimem.red.release.sys.global.max.s32`.
        pub fn reduce_max_release(self, value: i32) {
            ptx!("multimem.red.release.sys.global.max.s32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Keeps the bits of the value in the one on every GPU. `multimem.red.relaxed.sys.global.and.b32`.
        pub fn reduce_and_relaxed(self, value: i32) {
            ptx!("multimem.red.relaxed.sys.global.and.b32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Keeps the bits of the value in the one on every GPU. `multimem.red.release.sys.global.and.b32`.
        pub fn reduce_and_release(self, value: i32) {
            ptx!("multimem.red.release.sys.global.and.b32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Sets the bits of the value in the one on every GPU. `multimem.red.relaxed.sys.global.or.b32`.
        pub fn reduce_or_relaxed(self, value: i32) {
            ptx!("multimem.red.relaxed.sys.global.or.b32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Sets the bits of the value in the one on every GPU. `multimem.red.release.sys.global.or.b32`.
        pub fn reduce_or_release(self, value: i32) {
            ptx!("multimem.red.release.sys.global.or.b32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Flips the bits of the value in the one on every GPU. `multimem.red.relaxed.sys.global.xor.b32`.
        pub fn reduce_xor_relaxed(self, value: i32) {
            ptx!("multimem.red.relaxed.sys.global.xor.b32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Flips the bits of the value in the one on every GPU. `multimem.red.release.sys.global.xor.b32`.
        pub fn reduce_xor_release(self, value: i32) {
            ptx!("multimem.red.release.sys.global.xor.b32 [{a}], {b};", a = in(self.address), b = in(value));
        }
    }
}
