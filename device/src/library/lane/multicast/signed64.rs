//! Multicast memory of `i64`.

use crate::device;

/// Multicast memory of `i64` (PTX ISA section 9.7.9.14).
#[device]
pub mod code {
    use crate::intrinsics::*;

    /// An `i64` at one place of every GPU.
    #[derive(Clone, Copy, Debug)]
    pub struct MulticastI64 {
        /// The multicast address.
        pub address: Global<i64>,
    }

    impl MulticastI64 {
        /// The place at a multicast address.
        pub fn new(address: Global<i64>) -> MulticastI64 {
            MulticastI64 { address }
        }

        /// The place `index` elements further on.
        pub fn at(self, index: u32) -> MulticastI64 {
            MulticastI64 { address: self.address.at(index) }
        }

        /// The sum of the values. `multimem.ld_reduce.global.add.u64`.
        pub fn read_reduce_add(self) -> i64 {
            ptx!("multimem.ld_reduce.global.add.u64 {d}, [{a}];", a = in(self.address), d = out(i64))
        }

        /// The sum of the values. `multimem.ld_reduce.<order>.<scope>.global.add.u64`.
        pub fn load_reduce_add(self, order: impl Load, scope: impl Scope) -> i64 {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.add.u64 {d}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), d = out(i64)
            )
        }

        /// The least of the values. `multimem.ld_reduce.global.min.s64`.
        pub fn read_reduce_min(self) -> i64 {
            ptx!("multimem.ld_reduce.global.min.s64 {d}, [{a}];", a = in(self.address), d = out(i64))
        }

        /// The least of the values. `multimem.ld_reduce.<order>.<scope>.global.min.s64`.
        pub fn load_reduce_min(self, order: impl Load, scope: impl Scope) -> i64 {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.min.s64 {d}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), d = out(i64)
            )
        }

        /// The greatest of the values. `multimem.ld_reduce.global.max.s64`.
        pub fn read_reduce_max(self) -> i64 {
            ptx!("multimem.ld_reduce.global.max.s64 {d}, [{a}];", a = in(self.address), d = out(i64))
        }

        /// The greatest of the values. `multimem.ld_reduce.<order>.<scope>.global.max.s64`.
        pub fn load_reduce_max(self, order: impl Load, scope: impl Scope) -> i64 {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.max.s64 {d}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), d = out(i64)
            )
        }

        /// The bits that are set in all of the values. `multimem.ld_reduce.global.and.b64`.
        pub fn read_reduce_and(self) -> i64 {
            ptx!("multimem.ld_reduce.global.and.b64 {d}, [{a}];", a = in(self.address), d = out(i64))
        }

        /// The bits that are set in all of the values. `multimem.ld_reduce.<order>.<scope>.global.and.b64`.
        pub fn load_reduce_and(self, order: impl Load, scope: impl Scope) -> i64 {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.and.b64 {d}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), d = out(i64)
            )
        }

        /// The bits that are set in any of the values. `multimem.ld_reduce.global.or.b64`.
        pub fn read_reduce_or(self) -> i64 {
            ptx!("multimem.ld_reduce.global.or.b64 {d}, [{a}];", a = in(self.address), d = out(i64))
        }

        /// The bits that are set in any of the values. `multimem.ld_reduce.<order>.<scope>.global.or.b64`.
        pub fn load_reduce_or(self, order: impl Load, scope: impl Scope) -> i64 {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.or.b64 {d}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), d = out(i64)
            )
        }

        /// The exclusive or of the values. `multimem.ld_reduce.global.xor.b64`.
        pub fn read_reduce_xor(self) -> i64 {
            ptx!("multimem.ld_reduce.global.xor.b64 {d}, [{a}];", a = in(self.address), d = out(i64))
        }

        /// The exclusive or of the values. `multimem.ld_reduce.<order>.<scope>.global.xor.b64`.
        pub fn load_reduce_xor(self, order: impl Load, scope: impl Scope) -> i64 {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.xor.b64 {d}, [{a}];",
                a = in(self.address), order = order(order), scope = scope(scope), d = out(i64)
            )
        }

        /// Stores the value on every GPU. `multimem.st.global.s64`.
        pub fn write(self, value: i64) {
            ptx!("multimem.st.global.s64 [{a}], {b};", a = in(self.address), b = in(value));
        }

        /// Stores the value on every GPU. `multimem.st.<order>.<scope>.global.s64`.
        pub fn store(self, value: i64, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.st.{order}.{scope}.global.s64 [{a}], {b};",
                a = in(self.address), b = in(value), order = order(order), scope = scope(scope)
            );
        }

        /// Adds the value on every GPU. `multimem.red.<order>.<scope>.global.add.u64`.
        pub fn reduce_add(self, value: i64, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.add.u64 [{a}], {b};",
                a = in(self.address), b = in(value), order = order(order), scope = scope(scope)
            );
        }

        /// Stores the value, where it is less, on every GPU. `multimem.red.<order>.<scope>.global.min.s64`.
        pub fn reduce_min(self, value: i64, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.min.s64 [{a}], {b};",
                a = in(self.address), b = in(value), order = order(order), scope = scope(scope)
            );
        }

        /// Stores the value, where it is greater, on every GPU. `multimem.red.<order>.<scope>.global.max.s64`.
        pub fn reduce_max(self, value: i64, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.max.s64 [{a}], {b};",
                a = in(self.address), b = in(value), order = order(order), scope = scope(scope)
            );
        }

        /// Keeps the bits of the value in the one on every GPU. `multimem.red.<order>.<scope>.global.and.b64`.
        pub fn reduce_and(self, value: i64, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.and.b64 [{a}], {b};",
                a = in(self.address), b = in(value), order = order(order), scope = scope(scope)
            );
        }

        /// Sets the bits of the value in the one on every GPU. `multimem.red.<order>.<scope>.global.or.b64`.
        pub fn reduce_or(self, value: i64, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.or.b64 [{a}], {b};",
                a = in(self.address), b = in(value), order = order(order), scope = scope(scope)
            );
        }

        /// Flips the bits of the value in the one on every GPU. `multimem.red.<order>.<scope>.global.xor.b64`.
        pub fn reduce_xor(self, value: i64, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.xor.b64 [{a}], {b};",
                a = in(self.address), b = in(value), order = order(order), scope = scope(scope)
            );
        }
    }
}
