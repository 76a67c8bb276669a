//! Multicast memory of bf16, two in a word.

use crate::device;

/// Multicast memory of bf16, two in a word (PTX ISA section 9.7.9.14).
#[device]
pub mod code {
    use crate::intrinsics::*;
    use crate::library::code::B128;
    use crate::numbers::vector::code::B64;

    /// Two bf16 in a word at one place of every GPU.
    #[derive(Clone, Copy, Debug)]
    pub struct MulticastBf16x2 {
        /// The multicast address.
        pub address: Global<u32>,
    }

    impl MulticastBf16x2 {
        /// The place at a multicast address.
        pub fn new(address: Global<u32>) -> MulticastBf16x2 {
            MulticastBf16x2 { address }
        }

        /// The place `index` elements further on.
        pub fn at(self, index: u32) -> MulticastBf16x2 {
            MulticastBf16x2 { address: self.address.at(index) }
        }

        /// The sum of the values, added in `f32` and rounded once. `multimem.ld_reduce.global.add.acc::f32.bf16x2`.
        pub fn read_reduce_add(self) -> u32 {
            ptx!(
                "multimem.ld_reduce.global.add.acc::f32.bf16x2 {d}, [{a}];",
                a = in(self.address), d = out(u32)
            )
        }

        /// The sum of the values, added in `f32` and rounded once. `multimem.ld_reduce.<order>.<scope>.global.add.acc::f32.bf16x2`.
        pub fn load_reduce_add(self, order: impl Load, scope: impl Scope) -> u32 {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.add.acc::f32.bf16x2 {d}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), d = out(u32)
            )
        }

        /// The sum of the values, added in 16 bits. `multimem.ld_reduce.global.add.bf16x2`.
        pub fn read_reduce_add_narrow(self) -> u32 {
            ptx!("multimem.ld_reduce.global.add.bf16x2 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The sum of the values, added in 16 bits. `multimem.ld_reduce.<order>.<scope>.global.add.bf16x2`.
        pub fn load_reduce_add_narrow(self, order: impl Load, scope: impl Scope) -> u32 {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.add.bf16x2 {d}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), d = out(u32)
            )
        }

        /// The least of the values. `multimem.ld_reduce.global.min.bf16x2`.
        pub fn read_reduce_min(self) -> u32 {
            ptx!("multimem.ld_reduce.global.min.bf16x2 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The least of the values. `multimem.ld_reduce.<order>.<scope>.global.min.bf16x2`.
        pub fn load_reduce_min(self, order: impl Load, scope: impl Scope) -> u32 {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.min.bf16x2 {d}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), d = out(u32)
            )
        }

        /// The greatest of the values. `multimem.ld_reduce.global.max.bf16x2`.
        pub fn read_reduce_max(self) -> u32 {
            ptx!("multimem.ld_reduce.global.max.bf16x2 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The greatest of the values. `multimem.ld_reduce.<order>.<scope>.global.max.bf16x2`.
        pub fn load_reduce_max(self, order: impl Load, scope: impl Scope) -> u32 {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.max.bf16x2 {d}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), d = out(u32)
            )
        }

        /// Stores the value on every GPU. `multimem.st.global.bf16x2`.
        pub fn write(self, value: u32) {
            ptx!("multimem.st.global.bf16x2 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value on every GPU. `multimem.st.<order>.<scope>.global.bf16x2`.
        pub fn store(self, value: u32, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.st.{order}.{scope}.global.bf16x2 [{a}], {b};",
                a = in(self.address), b = in(value), order = order(order), scope = scope(scope)
            );
        }

        /// Adds the value on every GPU. `multimem.red.<order>.<scope>.global.add.bf16x2`.
        pub fn reduce_add(self, value: u32, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.add.bf16x2 [{a}], {b};",
                a = in(self.address), b = in(value), order = order(order), scope = scope(scope)
            );
        }
    }

    /// Four bf16 in 8 bytes at one place of every GPU.
    #[derive(Clone, Copy, Debug)]
    pub struct MulticastBf16x4 {
        /// The multicast address.
        pub address: Global<B64>,
    }

    impl MulticastBf16x4 {
        /// The place at a multicast address.
        pub fn new(address: Global<B64>) -> MulticastBf16x4 {
            MulticastBf16x4 { address }
        }

        /// The place `index` elements further on.
        pub fn at(self, index: u32) -> MulticastBf16x4 {
            MulticastBf16x4 { address: self.address.at(index) }
        }

        /// The sum of the values, added in `f32` and rounded once. `multimem.ld_reduce.global.add.acc::f32.v2.bf16x2`.
        pub fn read_reduce_add(self) -> B64 {
            let (x, y) = ptx!(
                "multimem.ld_reduce.global.add.acc::f32.v2.bf16x2 {x, y}, [{a}];",
                a = in(self.address), x = out(u32), y = out(u32)
            );
            B64 { x, y }
        }

        /// The sum of the values, added in `f32` and rounded once. `multimem.ld_reduce.<order>.<scope>.global.add.acc::f32.v2.bf16x2`.
        pub fn load_reduce_add(self, order: impl Load, scope: impl Scope) -> B64 {
            let (x, y) = ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.add.acc::f32.v2.bf16x2 {x, y}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), x = out(u32), y = out(u32)
            );
            B64 { x, y }
        }

        /// The sum of the values, added in 16 bits. `multimem.ld_reduce.global.add.v2.bf16x2`.
        pub fn read_reduce_add_narrow(self) -> B64 {
            let (x, y) = ptx!(
                "multimem.ld_reduce.global.add.v2.bf16x2 {x, y}, [{a}];",
                a = in(self.address), x = out(u32), y = out(u32)
            );
            B64 { x, y }
        }

        /// The sum of the values, added in 16 bits. `multimem.ld_reduce.<order>.<scope>.global.add.v2.bf16x2`.
        pub fn load_reduce_add_narrow(self, order: impl Load, scope: impl Scope) -> B64 {
            let (x, y) = ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.add.v2.bf16x2 {x, y}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), x = out(u32), y = out(u32)
            );
            B64 { x, y }
        }

        /// The least of the values. `multimem.ld_reduce.global.min.v2.bf16x2`.
        pub fn read_reduce_min(self) -> B64 {
            let (x, y) = ptx!(
                "multimem.ld_reduce.global.min.v2.bf16x2 {x, y}, [{a}];",
                a = in(self.address), x = out(u32), y = out(u32)
            );
            B64 { x, y }
        }

        /// The least of the values. `multimem.ld_reduce.<order>.<scope>.global.min.v2.bf16x2`.
        pub fn load_reduce_min(self, order: impl Load, scope: impl Scope) -> B64 {
            let (x, y) = ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.min.v2.bf16x2 {x, y}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), x = out(u32), y = out(u32)
            );
            B64 { x, y }
        }

        /// The greatest of the values. `multimem.ld_reduce.global.max.v2.bf16x2`.
        pub fn read_reduce_max(self) -> B64 {
            let (x, y) = ptx!(
                "multimem.ld_reduce.global.max.v2.bf16x2 {x, y}, [{a}];",
                a = in(self.address), x = out(u32), y = out(u32)
            );
            B64 { x, y }
        }

        /// The greatest of the values. `multimem.ld_reduce.<order>.<scope>.global.max.v2.bf16x2`.
        pub fn load_reduce_max(self, order: impl Load, scope: impl Scope) -> B64 {
            let (x, y) = ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.max.v2.bf16x2 {x, y}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), x = out(u32), y = out(u32)
            );
            B64 { x, y }
        }

        /// Stores the value on every GPU. `multimem.st.global.v2.bf16x2`.
        pub fn write(self, value: B64) {
            ptx!(
                "multimem.st.global.v2.bf16x2 [{a}], {x, y};",
                a = in(self.address), x = in(value.x), y = in(value.y)
            );
        }

        /// Stores the value on every GPU. `multimem.st.<order>.<scope>.global.v2.bf16x2`.
        pub fn store(self, value: B64, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.st.{order}.{scope}.global.v2.bf16x2 [{a}], {x, y};",
                a = in(self.address), x = in(value.x), y = in(value.y), order = order(order),
                scope = scope(scope)
            );
        }

        /// Adds the value on every GPU. `multimem.red.<order>.<scope>.global.add.v2.bf16x2`.
        pub fn reduce_add(self, value: B64, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.add.v2.bf16x2 [{a}], {x, y};",
                a = in(self.address), x = in(value.x), y = in(value.y), order = order(order),
                scope = scope(scope)
            );
        }
    }

    /// Eight bf16 in 16 bytes at one place of every GPU.
    #[derive(Clone, Copy, Debug)]
    pub struct MulticastBf16x8 {
        /// The multicast address.
        pub address: Global<B128>,
    }

    impl MulticastBf16x8 {
        /// The place at a multicast address.
        pub fn new(address: Global<B128>) -> MulticastBf16x8 {
            MulticastBf16x8 { address }
        }

        /// The place `index` elements further on.
        pub fn at(self, index: u32) -> MulticastBf16x8 {
            MulticastBf16x8 { address: self.address.at(index) }
        }

        /// The sum of the values, added in `f32` and rounded once. `multimem.ld_reduce.global.add.acc::f32.v4.bf16x2`.
        pub fn read_reduce_add(self) -> B128 {
            let (x, y, z, w) = ptx!(
                "multimem.ld_reduce.global.add.acc::f32.v4.bf16x2 {x, y, z, w}, [{a}];",
                a = in(self.address), x = out(u32), y = out(u32), z = out(u32), w = out(u32)
            );
            B128 { x, y, z, w }
        }

        /// The sum of the values, added in `f32` and rounded once. `multimem.ld_reduce.<order>.<scope>.global.add.acc::f32.v4.bf16x2`.
        pub fn load_reduce_add(self, order: impl Load, scope: impl Scope) -> B128 {
            let (x, y, z, w) = ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.add.acc::f32.v4.bf16x2 {x, y, z, w}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), x = out(u32), y = out(u32),
                z = out(u32), w = out(u32)
            );
            B128 { x, y, z, w }
        }

        /// The sum of the values, added in 16 bits. `multimem.ld_reduce.global.add.v4.bf16x2`.
        pub fn read_reduce_add_narrow(self) -> B128 {
            let (x, y, z, w) = ptx!(
                "multimem.ld_reduce.global.add.v4.bf16x2 {x, y, z, w}, [{a}];",
                a = in(self.address), x = out(u32), y = out(u32), z = out(u32), w = out(u32)
            );
            B128 { x, y, z, w }
        }

        /// The sum of the values, added in 16 bits. `multimem.ld_reduce.<order>.<scope>.global.add.v4.bf16x2`.
        pub fn load_reduce_add_narrow(self, order: impl Load, scope: impl Scope) -> B128 {
            let (x, y, z, w) = ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.add.v4.bf16x2 {x, y, z, w}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), x = out(u32), y = out(u32),
                z = out(u32), w = out(u32)
            );
            B128 { x, y, z, w }
        }

        /// The least of the values. `multimem.ld_reduce.global.min.v4.bf16x2`.
        pub fn read_reduce_min(self) -> B128 {
            let (x, y, z, w) = ptx!(
                "multimem.ld_reduce.global.min.v4.bf16x2 {x, y, z, w}, [{a}];",
                a = in(self.address), x = out(u32), y = out(u32), z = out(u32), w = out(u32)
            );
            B128 { x, y, z, w }
        }

        /// The least of the values. `multimem.ld_reduce.<order>.<scope>.global.min.v4.bf16x2`.
        pub fn load_reduce_min(self, order: impl Load, scope: impl Scope) -> B128 {
            let (x, y, z, w) = ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.min.v4.bf16x2 {x, y, z, w}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), x = out(u32), y = out(u32),
                z = out(u32), w = out(u32)
            );
            B128 { x, y, z, w }
        }

        /// The greatest of the values. `multimem.ld_reduce.global.max.v4.bf16x2`.
        pub fn read_reduce_max(self) -> B128 {
            let (x, y, z, w) = ptx!(
                "multimem.ld_reduce.global.max.v4.bf16x2 {x, y, z, w}, [{a}];",
                a = in(self.address), x = out(u32), y = out(u32), z = out(u32), w = out(u32)
            );
            B128 { x, y, z, w }
        }

        /// The greatest of the values. `multimem.ld_reduce.<order>.<scope>.global.max.v4.bf16x2`.
        pub fn load_reduce_max(self, order: impl Load, scope: impl Scope) -> B128 {
            let (x, y, z, w) = ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.max.v4.bf16x2 {x, y, z, w}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), x = out(u32), y = out(u32),
                z = out(u32), w = out(u32)
            );
            B128 { x, y, z, w }
        }

        /// Stores the value on every GPU. `multimem.st.global.v4.bf16x2`.
        pub fn write(self, value: B128) {
            ptx!(
                "multimem.st.global.v4.bf16x2 [{a}], {x, y, z, w};",
                a = in(self.address), x = in(value.x), y = in(value.y), z = in(value.z), w = in(value.w)
            );
        }

        /// Stores the value on every GPU. `multimem.st.<order>.<scope>.global.v4.bf16x2`.
        pub fn store(self, value: B128, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.st.{order}.{scope}.global.v4.bf16x2 [{a}], {x, y, z, w};",
                a = in(self.address), x = in(value.x), y = in(value.y), z = in(value.z), w = in(value.w),
                order = order(order), scope = scope(scope)
            );
        }

        /// Adds the value on every GPU. `multimem.red.<order>.<scope>.global.add.v4.bf16x2`.
        pub fn reduce_add(self, value: B128, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.add.v4.bf16x2 [{a}], {x, y, z, w};",
                a = in(self.address), x = in(value.x), y = in(value.y), z = in(value.z), w = in(value.w),
                order = order(order), scope = scope(scope)
            );
        }
    }
}
