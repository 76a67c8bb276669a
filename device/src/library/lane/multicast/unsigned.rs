//! Multicast memory of `u32`.

use crate::device;

/// Multicast memory of `u32` (PTX ISA section 9.7.9.14).
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
        pub fn read_reduce_add(self) -> u32 {
            ptx!("multimem.ld_reduce.global.add.u32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The sum of the values. `multimem.ld_reduce.<order>.<scope>.global.add.u32`.
        pub fn load_reduce_add(self, order: impl Load, scope: impl Scope) -> u32 {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.add.u32 {d}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), d = out(u32)
            )
        }

        /// The least of the values. `multimem.ld_reduce.global.min.u32`.
        pub fn read_reduce_min(self) -> u32 {
            ptx!("multimem.ld_reduce.global.min.u32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The least of the values. `multimem.ld_reduce.<order>.<scope>.global.min.u32`.
        pub fn load_reduce_min(self, order: impl Load, scope: impl Scope) -> u32 {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.min.u32 {d}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), d = out(u32)
            )
        }

        /// The greatest of the values. `multimem.ld_reduce.global.max.u32`.
        pub fn read_reduce_max(self) -> u32 {
            ptx!("multimem.ld_reduce.global.max.u32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The greatest of the values. `multimem.ld_reduce.<order>.<scope>.global.max.u32`.
        pub fn load_reduce_max(self, order: impl Load, scope: impl Scope) -> u32 {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.max.u32 {d}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), d = out(u32)
            )
        }

        /// The bits that are set in all of the values. `multimem.ld_reduce.global.and.b32`.
        pub fn read_reduce_and(self) -> u32 {
            ptx!("multimem.ld_reduce.global.and.b32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The bits that are set in all of the values. `multimem.ld_reduce.<order>.<scope>.global.and.b32`.
        pub fn load_reduce_and(self, order: impl Load, scope: impl Scope) -> u32 {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.and.b32 {d}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), d = out(u32)
            )
        }

        /// The bits that are set in any of the values. `multimem.ld_reduce.global.or.b32`.
        pub fn read_reduce_or(self) -> u32 {
            ptx!("multimem.ld_reduce.global.or.b32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The bits that are set in any of the values. `multimem.ld_reduce.<order>.<scope>.global.or.b32`.
        pub fn load_reduce_or(self, order: impl Load, scope: impl Scope) -> u32 {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.or.b32 {d}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), d = out(u32)
            )
        }

        /// The exclusive or of the values. `multimem.ld_reduce.global.xor.b32`.
        pub fn read_reduce_xor(self) -> u32 {
            ptx!("multimem.ld_reduce.global.xor.b32 {d}, [{a}];", a = in(self.address), d = out(u32))
        }

        /// The exclusive or of the values. `multimem.ld_reduce.<order>.<scope>.global.xor.b32`.
        pub fn load_reduce_xor(self, order: impl Load, scope: impl Scope) -> u32 {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.xor.b32 {d}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), d = out(u32)
            )
        }

        /// Stores the value on every GPU. `multimem.st.global.u32`.
        pub fn write(self, value: u32) {
            ptx!("multimem.st.global.u32 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value on every GPU. `multimem.st.<order>.<scope>.global.u32`.
        pub fn store(self, value: u32, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.st.{order}.{scope}.global.u32 [{a}], {b};",
                a = in(self.address), b = in(value), order = order(order), scope = scope(scope)
            );
        }

        /// Adds the value on every GPU. `multimem.red.<order>.<scope>.global.add.u32`.
        pub fn reduce_add(self, value: u32, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.add.u32 [{a}], {b};",
                a = in(self.address), b = in(value), order = order(order), scope = scope(scope)
            );
        }

        /// Stores the value, where it is less, on every GPU. `multimem.red.<order>.<scope>.global.min.u32`.
        pub fn reduce_min(self, value: u32, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.min.u32 [{a}], {b};",
                a = in(self.address), b = in(value), order = order(order), scope = scope(scope)
            );
        }

        /// Stores the value, where it is greater, on every GPU. `multimem.red.<order>.<scope>.global.max.u32`.
        pub fn reduce_max(self, value: u32, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.max.u32 [{a}], {b};",
                a = in(self.address), b = in(value), order = order(order), scope = scope(scope)
            );
        }

        /// Keeps the bits of the value in the one on every GPU. `multimem.red.<order>.<scope>.global.and.b32`.
        pub fn reduce_and(self, value: u32, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.and.b32 [{a}], {b};",
                a = in(self.address), b = in(value), order = order(order), scope = scope(scope)
            );
        }

        /// Sets the bits of the value in the one on every GPU. `multimem.red.<order>.<scope>.global.or.b32`.
        pub fn reduce_or(self, value: u32, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.or.b32 [{a}], {b};",
                a = in(self.address), b = in(value), order = order(order), scope = scope(scope)
            );
        }

        /// Flips the bits of the value in the one on every GPU. `multimem.red.<order>.<scope>.global.xor.b32`.
        pub fn reduce_xor(self, value: u32, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.xor.b32 [{a}], {b};",
                a = in(self.address), b = in(value), order = order(order), scope = scope(scope)
            );
        }
    }
}
