//! Multicast memory of floats: loads of pairs add in `f32` and round once.

use crate::device;

/// Multicast memory of floats: loads of pairs add in `f32` and round once.
#[device]
pub mod code {
    use crate::intrinsics::*;

    /// An `f32` at one place of every GPU.
    #[derive(Clone, Copy, Debug)]
    pub struct MulticastF32 {
        /// The multicast address.
        pub address: Global<f32>,
    }

    impl MulticastF32 {
        /// The place at a multicast address.
        pub fn new(address: Global<f32>) -> MulticastF32 {
            MulticastF32 { address }
        }

        /// The place `index` elements further on.
        pub fn at(self, index: u32) -> MulticastF32 {
            MulticastF32 { address: self.address.at(index) }
        }

        /// The sum of the values. `multimem.ld_reduce.global.add.f32`.
        pub fn load_reduce_add(self) -> f32 {
            ptx!("multimem.ld_reduce.global.add.f32 {d}, [{a}];", a = in(self.address), d = out(f32))
        }

        /// The sum of the values. `multimem.ld_reduce.relaxed.sys.global.add.f32`.
        pub fn load_reduce_add_relaxed(self) -> f32 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.add.f32 {d}, [{a}];", a = in(self.address), d = out(f32))
        }

        /// The sum of the values. `multimem.ld_reduce.acquire.sys.global.add.f32`.
        pub fn load_reduce_add_acquire(self) -> f32 {
            ptx!("multimem.ld_reduce.acquire.sys.global.add.f32 {d}, [{a}];", a = in(self.address), d = out(f32))
        }

        /// Stores the value on every GPU. `multimem.st.global.f32`.
        pub fn store(self, value: f32) {
            ptx!("multimem.st.global.f32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value on every GPU. `multimem.st.relaxed.sys.global.f32`.
        pub fn store_relaxed(self, value: f32) {
            ptx!("multimem.st.relaxed.sys.global.f32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value on every GPU. `multimem.st.release.sys.global.f32`.
        pub fn store_release(self, value: f32) {
            ptx!("multimem.st.release.sys.global.f32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Adds the value on every GPU. `multimem.red.relaxed.sys.global.add.f32`.
        pub fn reduce_add_relaxed(self, value: f32) {
            ptx!("multimem.red.relaxed.sys.global.add.f32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Adds the value on every GPU. `multimem.red.release.sys.global.add.f32`.
        pub fn reduce_add_release(self, value: f32) {
            ptx!("multimem.red.release.sys.global.add.f32 [{a}], {b};", a = in(self.address), b = in(value));
        }
    }

    /// Two f16 in a word at one place of every GPU.
    #[derive(Clone, Copy, Debug)]
    pub struct MulticastF16Pair {
        /// The multicast address.
        pub address: Global<u32>,
    }

    impl MulticastF16Pair {
        /// The place at a multicast address.
        pub fn new(address: Global<u32>) -> MulticastF16Pair {
            MulticastF16Pair { address }
        }

        /// The place `index` elements further on.
        pub fn at(self, index: u32) -> MulticastF16Pair {
            MulticastF16Pair { address: self.address.at(index) }
        }

        /// The sum of the values. `multimem.ld_reduce.global.add.acc::f32.f16x2`.
        pub fn load_reduce_add(self) -> u32 {
            ptx!("multimem.ld_reduce.global.add.acc::f32.f16x2 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The sum of the values. `multimem.ld_reduce.relaxed.sys.global.add.acc::f32.f16x2`.
        pub fn load_reduce_add_relaxed(self) -> u32 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.add.acc::f32.f16x2 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The sum of the values. `multimem.ld_reduce.acquire.sys.global.add.acc::f32.f16x2`.
        pub fn load_reduce_add_acquire(self) -> u32 {
            ptx!("multimem.ld_reduce.acquire.sys.global.add.acc::f32.f16x2 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// Stores the value on every GPU. `multimem.st.global.f16x2`.
        pub fn store(self, value: u32) {
            ptx!("multimem.st.global.f16x2 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value on every GPU. `multimem.st.relaxed.sys.global.f16x2`.
        pub fn store_relaxed(self, value: u32) {
            ptx!("multimem.st.relaxed.sys.global.f16x2 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value on every GPU. `multimem.st.release.sys.global.f16x2`.
        pub fn store_release(self, value: u32) {
            ptx!("multimem.st.release.sys.global.f16x2 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Adds the value on every GPU. `multimem.red.relaxed.sys.global.add.f16x2`.
        pub fn reduce_add_relaxed(self, value: u32) {
            ptx!("multimem.red.relaxed.sys.global.add.f16x2 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Adds the value on every GPU. `multimem.red.release.sys.global.add.f16x2`.
        pub fn reduce_add_release(self, value: u32) {
            ptx!("multimem.red.release.sys.global.add.f16x2 [{a}], {b};", a = in(self.address), b = in(value));
        }
    }

    /// Two bf16 in a word at one place of every GPU.
    #[derive(Clone, Copy, Debug)]
    pub struct MulticastBf16Pair {
        /// The multicast address.
        pub address: Global<u32>,
    }

    impl MulticastBf16Pair {
        /// The place at a multicast address.
        pub fn new(address: Global<u32>) -> MulticastBf16Pair {
            MulticastBf16Pair { address }
        }

        /// The place `index` elements further on.
        pub fn at(self, index: u32) -> MulticastBf16Pair {
            MulticastBf16Pair { address: self.address.at(index) }
        }

        /// The sum of the values. `multimem.ld_reduce.global.add.acc::f32.bf16x2`.
        pub fn load_reduce_add(self) -> u32 {
            ptx!("multimem.ld_reduce.global.add.acc::f32.bf16x2 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The sum of the values. `multimem.ld_reduce.relaxed.sys.global.add.acc::f32.bf16x2`.
        pub fn load_reduce_add_relaxed(self) -> u32 {
            ptx!("multimem.ld_reduce.relaxed.sys.global.add.acc::f32.bf16x2 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The sum of the values. `multimem.ld_reduce.acquire.sys.global.add.acc::f32.bf16x2`.
        pub fn load_reduce_add_acquire(self) -> u32 {
            ptx!("multimem.ld_reduce.acquire.sys.global.add.acc::f32.bf16x2 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// Stores the value on every GPU. `multimem.st.global.bf16x2`.
        pub fn store(self, value: u32) {
            ptx!("multimem.st.global.bf16x2 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value on every GPU. `multimem.st.relaxed.sys.global.bf16x2`.
        pub fn store_relaxed(self, value: u32) {
            ptx!("multimem.st.relaxed.sys.global.bf16x2 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value on every GPU. `multimem.st.release.sys.global.bf16x2`.
        pub fn store_release(self, value: u32) {
            ptx!("multimem.st.release.sys.global.bf16x2 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Adds the value on every GPU. `multimem.red.relaxed.sys.global.add.bf16x2`.
        pub fn reduce_add_relaxed(self, value: u32) {
            ptx!("multimem.red.relaxed.sys.global.add.bf16x2 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Adds the value on every GPU. `multimem.red.release.sys.global.add.bf16x2`.
        pub fn reduce_add_release(self, value: u32) {
            ptx!("multimem.red.release.sys.global.add.bf16x2 [{a}], {b};", a = in(self.address), b = in(value));
        }
    }
}
