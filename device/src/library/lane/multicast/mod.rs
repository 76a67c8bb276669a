//! Memory of several GPUs behind one address: loads that reduce over all of them, stores and
//! reductions to all of them (`multimem`, PTX ISA section 9.7.9.14).
//!
//! Needs `sm_90`. As with ordinary pointers, what reads and writes is a weak access, and what
//! loads, stores and reduces states its order and scope. In which order a load takes the GPUs is
//! not specified, so that sums of floats may differ from run to run. Between these accesses and
//! ordinary ones of the same memory stands
//! [`fence_alias`](fn@crate::library::fences::fence_alias).

pub mod floats;
pub mod halves;

use crate::device;

pub use code::*;

/// Multicast memory of numbers of 32 and 64 bits (PTX ISA section 9.7.9.14).
#[device]
pub mod code {
    use crate::intrinsics::*;

    /// A number at one place of every GPU.
    #[derive(Clone, Copy, Debug)]
    pub struct Multicast<T: Word> {
        /// The multicast address.
        pub address: Global<T>,
    }

    impl<T: Word> Multicast<T> {
        /// The place at a multicast address.
        pub fn new(address: Global<T>) -> Multicast<T> {
            Multicast { address }
        }

        /// The place `index` elements further on.
        pub fn at(self, index: u32) -> Multicast<T> {
            Multicast { address: self.address.at(index) }
        }

        /// The sum of the values. `multimem.ld_reduce.global.add.<type>`.
        pub fn read_reduce_add(self) -> T {
            ptx!("multimem.ld_reduce.global.add.{t} {d}, [{a}];", a = in(self.address), t = sum(T), d = out(T))
        }

        /// The sum of the values. `multimem.ld_reduce.<order>.<scope>.global.add.<type>`.
        pub fn load_reduce_add(self, order: impl Load, scope: impl Scope) -> T {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.add.{t} {d}, [{a}];",
                a = in(self.address), t = sum(T), order = order(order), scope = scope(scope), d = out(T)
            )
        }

        /// Stores the value on every GPU. `multimem.st.global.<type>`.
        pub fn write(self, value: T) {
            ptx!("multimem.st.global.{t} [{a}], {b};", a = in(self.address), t = type(T), b = in(value));
        }

        /// Stores the value on every GPU. `multimem.st.<order>.<scope>.global.<type>`.
        pub fn store(self, value: T, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.st.{order}.{scope}.global.{t} [{a}], {b};",
                a = in(self.address), t = type(T), b = in(value), order = order(order), scope = scope(scope)
            );
        }

        /// Adds the value on every GPU. `multimem.red.<order>.<scope>.global.add.<type>`.
        pub fn reduce_add(self, value: T, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.add.{t} [{a}], {b};",
                a = in(self.address), t = sum(T), b = in(value), order = order(order), scope = scope(scope)
            );
        }
    }

    impl<T: IntegerWord> Multicast<T> {
        /// The least of the values. `multimem.ld_reduce.global.min.<type>`.
        pub fn read_reduce_min(self) -> T {
            ptx!("multimem.ld_reduce.global.min.{t} {d}, [{a}];", a = in(self.address), t = type(T), d = out(T))
        }

        /// The least of the values. `multimem.ld_reduce.<order>.<scope>.global.min.<type>`.
        pub fn load_reduce_min(self, order: impl Load, scope: impl Scope) -> T {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.min.{t} {d}, [{a}];",
                a = in(self.address), t = type(T), order = order(order), scope = scope(scope), d = out(T)
            )
        }

        /// The greatest of the values. `multimem.ld_reduce.global.max.<type>`.
        pub fn read_reduce_max(self) -> T {
            ptx!("multimem.ld_reduce.global.max.{t} {d}, [{a}];", a = in(self.address), t = type(T), d = out(T))
        }

        /// The greatest of the values. `multimem.ld_reduce.<order>.<scope>.global.max.<type>`.
        pub fn load_reduce_max(self, order: impl Load, scope: impl Scope) -> T {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.max.{t} {d}, [{a}];",
                a = in(self.address), t = type(T), order = order(order), scope = scope(scope), d = out(T)
            )
        }

        /// The bits that are set in all of the values. `multimem.ld_reduce.global.and.<type>`.
        pub fn read_reduce_and(self) -> T {
            ptx!("multimem.ld_reduce.global.and.{t} {d}, [{a}];", a = in(self.address), t = bits(T), d = out(T))
        }

        /// The bits that are set in all of the values.
        /// `multimem.ld_reduce.<order>.<scope>.global.and.<type>`.
        pub fn load_reduce_and(self, order: impl Load, scope: impl Scope) -> T {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.and.{t} {d}, [{a}];",
                a = in(self.address), t = bits(T), order = order(order), scope = scope(scope), d = out(T)
            )
        }

        /// The bits that are set in any of the values. `multimem.ld_reduce.global.or.<type>`.
        pub fn read_reduce_or(self) -> T {
            ptx!("multimem.ld_reduce.global.or.{t} {d}, [{a}];", a = in(self.address), t = bits(T), d = out(T))
        }

        /// The bits that are set in any of the values.
        /// `multimem.ld_reduce.<order>.<scope>.global.or.<type>`.
        pub fn load_reduce_or(self, order: impl Load, scope: impl Scope) -> T {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.or.{t} {d}, [{a}];",
                a = in(self.address), t = bits(T), order = order(order), scope = scope(scope), d = out(T)
            )
        }

        /// The exclusive or of the values. `multimem.ld_reduce.global.xor.<type>`.
        pub fn read_reduce_xor(self) -> T {
            ptx!("multimem.ld_reduce.global.xor.{t} {d}, [{a}];", a = in(self.address), t = bits(T), d = out(T))
        }

        /// The exclusive or of the values. `multimem.ld_reduce.<order>.<scope>.global.xor.<type>`.
        pub fn load_reduce_xor(self, order: impl Load, scope: impl Scope) -> T {
            ptx!(
                "multimem.ld_reduce.{order}.{scope}.global.xor.{t} {d}, [{a}];",
                a = in(self.address), t = bits(T), order = order(order), scope = scope(scope), d = out(T)
            )
        }

        /// Stores the value, where it is less, on every GPU.
        /// `multimem.red.<order>.<scope>.global.min.<type>`.
        pub fn reduce_min(self, value: T, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.min.{t} [{a}], {b};",
                a = in(self.address), t = type(T), b = in(value), order = order(order), scope = scope(scope)
            );
        }

        /// Stores the value, where it is greater, on every GPU.
        /// `multimem.red.<order>.<scope>.global.max.<type>`.
        pub fn reduce_max(self, value: T, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.max.{t} [{a}], {b};",
                a = in(self.address), t = type(T), b = in(value), order = order(order), scope = scope(scope)
            );
        }

        /// Keeps the bits of the value in the one on every GPU.
        /// `multimem.red.<order>.<scope>.global.and.<type>`.
        pub fn reduce_and(self, value: T, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.and.{t} [{a}], {b};",
                a = in(self.address), t = bits(T), b = in(value), order = order(order), scope = scope(scope)
            );
        }

        /// Sets the bits of the value in the one on every GPU.
        /// `multimem.red.<order>.<scope>.global.or.<type>`.
        pub fn reduce_or(self, value: T, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.or.{t} [{a}], {b};",
                a = in(self.address), t = bits(T), b = in(value), order = order(order), scope = scope(scope)
            );
        }

        /// Flips the bits of the value in the one on every GPU.
        /// `multimem.red.<order>.<scope>.global.xor.<type>`.
        pub fn reduce_xor(self, value: T, order: impl Store, scope: impl Scope) {
            ptx!(
                "multimem.red.{order}.{scope}.global.xor.{t} [{a}], {b};",
                a = in(self.address), t = bits(T), b = in(value), order = order(order), scope = scope(scope)
            );
        }
    }
}
