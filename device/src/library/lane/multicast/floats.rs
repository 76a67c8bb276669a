//! Multicast memory of several `f32` at once.

use crate::device;

pub use code::*;

/// Multicast memory of several `f32` at once (PTX ISA section 9.7.9.14).
#[device]
pub mod code {
    use crate::intrinsics::*;
    use crate::numbers::vector::code::{f32x2, f32x4};

    /// Two `f32` at one place of every GPU.
    #[derive(Clone, Copy, Debug)]
    pub struct MulticastF32x2 {
        /// The multicast address.
        pub address: Global<f32x2>,
    }

    impl MulticastF32x2 {
        /// The place at a multicast address.
        pub fn new(address: Global<f32x2>) -> MulticastF32x2 {
            MulticastF32x2 { address }
        }

        /// The place `index` elements further on.
        pub fn at(self, index: u32) -> MulticastF32x2 {
            MulticastF32x2 { address: self.address.at(index) }
        }

        /// The sum of the values. `multimem.ld_reduce.global.add.v2.f32`.
        pub fn read_reduce_add(self) -> f32x2 {
            let (x, y) = ptx!(
                "multimem.ld_reduce.global.add.v2.f32 {x, y}, [{a}];",
                a = in(self.address), x = out(f32), y = out(f32)
            );
            f32x2 { x, y }
        }

        /// The sum of the values. `multimem.ld_reduce.<order>.<scope>.global.add.v2.f32`.
        pub fn load_reduce_add(self, order: impl Load, scope: impl Scope) -> f32x2 {
            let (x, y) = ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.add.v2.f32 {x, y}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), x = out(f32), y = out(f32)
            );
            f32x2 { x, y }
        }

        /// Stores the value on every GPU. `multimem.st.global.v2.f32`.
        pub fn write(self, value: f32x2) {
            ptx!(
                "multimem.st.global.v2.f32 [{a}], {x, y};",
                a = in(self.address), x = in(value.x), y = in(value.y)
            );
        }

        /// Stores the value on every GPU. `multimem.st.<order>.<scope>.global.v2.f32`.
        pub fn store(self, value: f32x2, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.st.{order}.{scope}.global.v2.f32 [{a}], {x, y};",
                a = in(self.address), x = in(value.x), y = in(value.y), order = order(order),
                scope = scope(scope)
            );
        }

        /// Adds the value on every GPU. `multimem.red.<order>.<scope>.global.add.v2.f32`.
        pub fn reduce_add(self, value: f32x2, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.add.v2.f32 [{a}], {x, y};",
                a = in(self.address), x = in(value.x), y = in(value.y), order = order(order),
                scope = scope(scope)
            );
        }
    }

    /// Four `f32` at one place of every GPU.
    #[derive(Clone, Copy, Debug)]
    pub struct MulticastF32x4 {
        /// The multicast address.
        pub address: Global<f32x4>,
    }

    impl MulticastF32x4 {
        /// The place at a multicast address.
        pub fn new(address: Global<f32x4>) -> MulticastF32x4 {
            MulticastF32x4 { address }
        }

        /// The place `index` elements further on.
        pub fn at(self, index: u32) -> MulticastF32x4 {
            MulticastF32x4 { address: self.address.at(index) }
        }

        /// The sum of the values. `multimem.ld_reduce.global.add.v4.f32`.
        pub fn read_reduce_add(self) -> f32x4 {
            let (x, y, z, w) = ptx!(
                "multimem.ld_reduce.global.add.v4.f32 {x, y, z, w}, [{a}];",
                a = in(self.address), x = out(f32), y = out(f32), z = out(f32), w = out(f32)
            );
            f32x4 { x, y, z, w }
        }

        /// The sum of the values. `multimem.ld_reduce.<order>.<scope>.global.add.v4.f32`.
        pub fn load_reduce_add(self, order: impl Load, scope: impl Scope) -> f32x4 {
            let (x, y, z, w) = ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.add.v4.f32 {x, y, z, w}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), x = out(f32), y = out(f32),
                z = out(f32), w = out(f32)
            );
            f32x4 { x, y, z, w }
        }

        /// Stores the value on every GPU. `multimem.st.global.v4.f32`.
        pub fn write(self, value: f32x4) {
            ptx!(
                "multimem.st.global.v4.f32 [{a}], {x, y, z, w};",
                a = in(self.address), x = in(value.x), y = in(value.y), z = in(value.z), w = in(value.w)
            );
        }

        /// Stores the value on every GPU. `multimem.st.<order>.<scope>.global.v4.f32`.
        pub fn store(self, value: f32x4, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.st.{order}.{scope}.global.v4.f32 [{a}], {x, y, z, w};",
                a = in(self.address), x = in(value.x), y = in(value.y), z = in(value.z), w = in(value.w),
                order = order(order), scope = scope(scope)
            );
        }

        /// Adds the value on every GPU. `multimem.red.<order>.<scope>.global.add.v4.f32`.
        pub fn reduce_add(self, value: f32x4, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.add.v4.f32 [{a}], {x, y, z, w};",
                a = in(self.address), x = in(value.x), y = in(value.y), z = in(value.z), w = in(value.w),
                order = order(order), scope = scope(scope)
            );
        }
    }
}
