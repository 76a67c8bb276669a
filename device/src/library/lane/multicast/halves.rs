//! Multicast memory of 16-bit floats: one definition for all formats that PTX has pairs of.

use crate::device;

pub use code::*;

/// A row is the pair, whose name is that of its type in PTX, and its multicasts.
macro_rules! halves {
    ($($pair:ident: $two:ident, $four:ident, $eight:ident;)+) => {
        /// Multicast memory of 16-bit floats, two in a word (PTX ISA section 9.7.9.14).
        #[device]
        pub mod code {
            use crate::intrinsics::*;
            use crate::library::code::B128;
            use crate::numbers::half::code::{$($pair),+};
            use crate::numbers::vector::code::B64;
            $(

            /// Two 16-bit floats in a word at one place of every GPU.
            #[derive(Clone, Copy, Debug)]
            pub struct $two {
                /// The multicast address.
                pub address: Global<u32>,
            }

            impl $two {
                /// The place at a multicast address.
                pub fn new(address: Global<u32>) -> $two {
                    $two { address }
                }

                /// The place `index` elements further on.
                pub fn at(self, index: u32) -> $two {
                    $two { address: self.address.at(index) }
                }

                /// The sum of the values, added in `f32` and rounded once.
                /// `multimem.ld_reduce.global.add.acc::f32.<type>`.
                pub fn read_reduce_add(self) -> u32 {
                    ptx!(
                        "multimem.ld_reduce.global.add.acc::f32.{t} {d}, [{a}];",
                        a = in(self.address), t = type($pair), d = out(u32)
                    )
                }

                /// The sum of the values, added in `f32` and rounded once.
                /// `multimem.ld_reduce.<order>.<scope>.global.add.acc::f32.<type>`.
                pub fn load_reduce_add(self, order: impl Load, scope: impl Scope) -> u32 {
                    ptx!(
                        "multimem.ld_reduce.{order}.{scope}.global.add.acc::f32.{t} {d}, [{a}];",
                        a = in(self.address), t = type($pair), order = order(order), scope = scope(scope), d = out(u32)
                    )
                }

                /// The sum of the values, added in 16 bits. `multimem.ld_reduce.global.add.<type>`.
                pub fn read_reduce_add_narrow(self) -> u32 {
                    ptx!("multimem.ld_reduce.global.add.{t} {d}, [{a}];", a = in(self.address), t = type($pair), d = out(u32))
                }

                /// The sum of the values, added in 16 bits.
                /// `multimem.ld_reduce.<order>.<scope>.global.add.<type>`.
                pub fn load_reduce_add_narrow(self, order: impl Load, scope: impl Scope) -> u32 {
                    ptx!(
                        "multimem.ld_reduce.{order}.{scope}.global.add.{t} {d}, [{a}];",
                        a = in(self.address), t = type($pair), order = order(order), scope = scope(scope), d = out(u32)
                    )
                }

                /// The least of the values. `multimem.ld_reduce.global.min.<type>`.
                pub fn read_reduce_min(self) -> u32 {
                    ptx!("multimem.ld_reduce.global.min.{t} {d}, [{a}];", a = in(self.address), t = type($pair), d = out(u32))
                }

                /// The least of the values. `multimem.ld_reduce.<order>.<scope>.global.min.<type>`.
                pub fn load_reduce_min(self, order: impl Load, scope: impl Scope) -> u32 {
                    ptx!(
                        "multimem.ld_reduce.{order}.{scope}.global.min.{t} {d}, [{a}];",
                        a = in(self.address), t = type($pair), order = order(order), scope = scope(scope), d = out(u32)
                    )
                }

                /// The greatest of the values. `multimem.ld_reduce.global.max.<type>`.
                pub fn read_reduce_max(self) -> u32 {
                    ptx!("multimem.ld_reduce.global.max.{t} {d}, [{a}];", a = in(self.address), t = type($pair), d = out(u32))
                }

                /// The greatest of the values.
                /// `multimem.ld_reduce.<order>.<scope>.global.max.<type>`.
                pub fn load_reduce_max(self, order: impl Load, scope: impl Scope) -> u32 {
                    ptx!(
                        "multimem.ld_reduce.{order}.{scope}.global.max.{t} {d}, [{a}];",
                        a = in(self.address), t = type($pair), order = order(order), scope = scope(scope), d = out(u32)
                    )
                }

                /// Stores the value on every GPU. `multimem.st.global.<type>`.
                pub fn write(self, value: u32) {
                    ptx!("multimem.st.global.{t} [{a}], {b};", a = in(self.address), t = type($pair), b = in(value));
                }

                /// Stores the value on every GPU. `multimem.st.<order>.<scope>.global.<type>`.
                pub fn store(self, value: u32, order: impl Store, scope: impl Scope) {
                    ptx!(
                        "multimem.st.{order}.{scope}.global.{t} [{a}], {b};",
                        a = in(self.address), t = type($pair), b = in(value), order = order(order), scope = scope(scope)
                    );
                }

                /// Adds the value on every GPU. `multimem.red.<order>.<scope>.global.add.<type>`.
                pub fn reduce_add(self, value: u32, order: impl Store, scope: impl Scope) {
                    ptx!(
                        "multimem.red.{order}.{scope}.global.add.{t} [{a}], {b};",
                        a = in(self.address), t = type($pair), b = in(value), order = order(order), scope = scope(scope)
                    );
                }
            }

            /// Four 16-bit floats in 8 bytes at one place of every GPU.
            #[derive(Clone, Copy, Debug)]
            pub struct $four {
                /// The multicast address.
                pub address: Global<B64>,
            }

            impl $four {
                /// The place at a multicast address.
                pub fn new(address: Global<B64>) -> $four {
                    $four { address }
                }

                /// The place `index` elements further on.
                pub fn at(self, index: u32) -> $four {
                    $four { address: self.address.at(index) }
                }

                /// The sum of the values, added in `f32` and rounded once.
                /// `multimem.ld_reduce.global.add.acc::f32.v2.<type>`.
                pub fn read_reduce_add(self) -> B64 {
                    let (x, y) = ptx!(
                        "multimem.ld_reduce.global.add.acc::f32.v2.{t} {x, y}, [{a}];",
                        a = in(self.address), t = type($pair), x = out(u32), y = out(u32)
                    );
                    B64 { x, y }
                }

                /// The sum of the values, added in `f32` and rounded once.
                /// `multimem.ld_reduce.<order>.<scope>.global.add.acc::f32.v2.<type>`.
                pub fn load_reduce_add(self, order: impl Load, scope: impl Scope) -> B64 {
                    let (x, y) = ptx!(
                        "multimem.ld_reduce.{order}.{scope}.global.add.acc::f32.v2.{t} {x, y}, [{a}];",
                        a = in(self.address), t = type($pair), order = order(order), scope = scope(scope), x = out(u32), y = out(u32)
                    );
                    B64 { x, y }
                }

                /// The sum of the values, added in 16 bits.
                /// `multimem.ld_reduce.global.add.v2.<type>`.
                pub fn read_reduce_add_narrow(self) -> B64 {
                    let (x, y) = ptx!(
                        "multimem.ld_reduce.global.add.v2.{t} {x, y}, [{a}];",
                        a = in(self.address), t = type($pair), x = out(u32), y = out(u32)
                    );
                    B64 { x, y }
                }

                /// The sum of the values, added in 16 bits.
                /// `multimem.ld_reduce.<order>.<scope>.global.add.v2.<type>`.
                pub fn load_reduce_add_narrow(self, order: impl Load, scope: impl Scope) -> B64 {
                    let (x, y) = ptx!(
                        "multimem.ld_reduce.{order}.{scope}.global.add.v2.{t} {x, y}, [{a}];",
                        a = in(self.address), t = type($pair), order = order(order), scope = scope(scope), x = out(u32), y = out(u32)
                    );
                    B64 { x, y }
                }

                /// The least of the values. `multimem.ld_reduce.global.min.v2.<type>`.
                pub fn read_reduce_min(self) -> B64 {
                    let (x, y) = ptx!(
                        "multimem.ld_reduce.global.min.v2.{t} {x, y}, [{a}];",
                        a = in(self.address), t = type($pair), x = out(u32), y = out(u32)
                    );
                    B64 { x, y }
                }

                /// The least of the values.
                /// `multimem.ld_reduce.<order>.<scope>.global.min.v2.<type>`.
                pub fn load_reduce_min(self, order: impl Load, scope: impl Scope) -> B64 {
                    let (x, y) = ptx!(
                        "multimem.ld_reduce.{order}.{scope}.global.min.v2.{t} {x, y}, [{a}];",
                        a = in(self.address), t = type($pair), order = order(order), scope = scope(scope), x = out(u32), y = out(u32)
                    );
                    B64 { x, y }
                }

                /// The greatest of the values. `multimem.ld_reduce.global.max.v2.<type>`.
                pub fn read_reduce_max(self) -> B64 {
                    let (x, y) = ptx!(
                        "multimem.ld_reduce.global.max.v2.{t} {x, y}, [{a}];",
                        a = in(self.address), t = type($pair), x = out(u32), y = out(u32)
                    );
                    B64 { x, y }
                }

                /// The greatest of the values.
                /// `multimem.ld_reduce.<order>.<scope>.global.max.v2.<type>`.
                pub fn load_reduce_max(self, order: impl Load, scope: impl Scope) -> B64 {
                    let (x, y) = ptx!(
                        "multimem.ld_reduce.{order}.{scope}.global.max.v2.{t} {x, y}, [{a}];",
                        a = in(self.address), t = type($pair), order = order(order), scope = scope(scope), x = out(u32), y = out(u32)
                    );
                    B64 { x, y }
                }

                /// Stores the value on every GPU. `multimem.st.global.v2.<type>`.
                pub fn write(self, value: B64) {
                    ptx!(
                        "multimem.st.global.v2.{t} [{a}], {x, y};",
                        a = in(self.address), t = type($pair), x = in(value.x), y = in(value.y)
                    );
                }

                /// Stores the value on every GPU. `multimem.st.<order>.<scope>.global.v2.<type>`.
                pub fn store(self, value: B64, order: impl Store, scope: impl Scope) {
                    ptx!(
                        "multimem.st.{order}.{scope}.global.v2.{t} [{a}], {x, y};",
                        a = in(self.address), t = type($pair), x = in(value.x), y = in(value.y), order = order(order),
                        scope = scope(scope)
                    );
                }

                /// Adds the value on every GPU.
                /// `multimem.red.<order>.<scope>.global.add.v2.<type>`.
                pub fn reduce_add(self, value: B64, order: impl Store, scope: impl Scope) {
                    ptx!(
                        "multimem.red.{order}.{scope}.global.add.v2.{t} [{a}], {x, y};",
                        a = in(self.address), t = type($pair), x = in(value.x), y = in(value.y), order = order(order),
                        scope = scope(scope)
                    );
                }
            }

            /// Eight 16-bit floats in 16 bytes at one place of every GPU.
            #[derive(Clone, Copy, Debug)]
            pub struct $eight {
                /// The multicast address.
                pub address: Global<B128>,
            }

            impl $eight {
                /// The place at a multicast address.
                pub fn new(address: Global<B128>) -> $eight {
                    $eight { address }
                }

                /// The place `index` elements further on.
                pub fn at(self, index: u32) -> $eight {
                    $eight { address: self.address.at(index) }
                }

                /// The sum of the values, added in `f32` and rounded once.
                /// `multimem.ld_reduce.global.add.acc::f32.v4.<type>`.
                pub fn read_reduce_add(self) -> B128 {
                    let (x, y, z, w) = ptx!(
                        "multimem.ld_reduce.global.add.acc::f32.v4.{t} {x, y, z, w}, [{a}];",
                        a = in(self.address), t = type($pair), x = out(u32), y = out(u32), z = out(u32), w = out(u32)
                    );
                    B128 { x, y, z, w }
                }

                /// The sum of the values, added in `f32` and rounded once.
                /// `multimem.ld_reduce.<order>.<scope>.global.add.acc::f32.v4.<type>`.
                pub fn load_reduce_add(self, order: impl Load, scope: impl Scope) -> B128 {
                    let (x, y, z, w) = ptx!(
                        "multimem.ld_reduce.{order}.{scope}.global.add.acc::f32.v4.{t} {x, y, z, w}, [{a}];",
                        a = in(self.address), t = type($pair), order = order(order), scope = scope(scope), x = out(u32), y = out(u32),
                        z = out(u32), w = out(u32)
                    );
                    B128 { x, y, z, w }
                }

                /// The sum of the values, added in 16 bits.
                /// `multimem.ld_reduce.global.add.v4.<type>`.
                pub fn read_reduce_add_narrow(self) -> B128 {
                    let (x, y, z, w) = ptx!(
                        "multimem.ld_reduce.global.add.v4.{t} {x, y, z, w}, [{a}];",
                        a = in(self.address), t = type($pair), x = out(u32), y = out(u32), z = out(u32), w = out(u32)
                    );
                    B128 { x, y, z, w }
                }

                /// The sum of the values, added in 16 bits.
                /// `multimem.ld_reduce.<order>.<scope>.global.add.v4.<type>`.
                pub fn load_reduce_add_narrow(self, order: impl Load, scope: impl Scope) -> B128 {
                    let (x, y, z, w) = ptx!(
                        "multimem.ld_reduce.{order}.{scope}.global.add.v4.{t} {x, y, z, w}, [{a}];",
                        a = in(self.address), t = type($pair), order = order(order), scope = scope(scope), x = out(u32), y = out(u32),
                        z = out(u32), w = out(u32)
                    );
                    B128 { x, y, z, w }
                }

                /// The least of the values. `multimem.ld_reduce.global.min.v4.<type>`.
                pub fn read_reduce_min(self) -> B128 {
                    let (x, y, z, w) = ptx!(
                        "multimem.ld_reduce.global.min.v4.{t} {x, y, z, w}, [{a}];",
                        a = in(self.address), t = type($pair), x = out(u32), y = out(u32), z = out(u32), w = out(u32)
                    );
                    B128 { x, y, z, w }
                }

                /// The least of the values.
                /// `multimem.ld_reduce.<order>.<scope>.global.min.v4.<type>`.
                pub fn load_reduce_min(self, order: impl Load, scope: impl Scope) -> B128 {
                    let (x, y, z, w) = ptx!(
                        "multimem.ld_reduce.{order}.{scope}.global.min.v4.{t} {x, y, z, w}, [{a}];",
                        a = in(self.address), t = type($pair), order = order(order), scope = scope(scope), x = out(u32), y = out(u32),
                        z = out(u32), w = out(u32)
                    );
                    B128 { x, y, z, w }
                }

                /// The greatest of the values. `multimem.ld_reduce.global.max.v4.<type>`.
                pub fn read_reduce_max(self) -> B128 {
                    let (x, y, z, w) = ptx!(
                        "multimem.ld_reduce.global.max.v4.{t} {x, y, z, w}, [{a}];",
                        a = in(self.address), t = type($pair), x = out(u32), y = out(u32), z = out(u32), w = out(u32)
                    );
                    B128 { x, y, z, w }
                }

                /// The greatest of the values.
                /// `multimem.ld_reduce.<order>.<scope>.global.max.v4.<type>`.
                pub fn load_reduce_max(self, order: impl Load, scope: impl Scope) -> B128 {
                    let (x, y, z, w) = ptx!(
                        "multimem.ld_reduce.{order}.{scope}.global.max.v4.{t} {x, y, z, w}, [{a}];",
                        a = in(self.address), t = type($pair), order = order(order), scope = scope(scope), x = out(u32), y = out(u32),
                        z = out(u32), w = out(u32)
                    );
                    B128 { x, y, z, w }
                }

                /// Stores the value on every GPU. `multimem.st.global.v4.<type>`.
                pub fn write(self, value: B128) {
                    ptx!(
                        "multimem.st.global.v4.{t} [{a}], {x, y, z, w};",
                        a = in(self.address), t = type($pair), x = in(value.x), y = in(value.y), z = in(value.z), w = in(value.w)
                    );
                }

                /// Stores the value on every GPU. `multimem.st.<order>.<scope>.global.v4.<type>`.
                pub fn store(self, value: B128, order: impl Store, scope: impl Scope) {
                    ptx!(
                        "multimem.st.{order}.{scope}.global.v4.{t} [{a}], {x, y, z, w};",
                        a = in(self.address), t = type($pair), x = in(value.x), y = in(value.y), z = in(value.z), w = in(value.w),
                        order = order(order), scope = scope(scope)
                    );
                }

                /// Adds the value on every GPU.
                /// `multimem.red.<order>.<scope>.global.add.v4.<type>`.
                pub fn reduce_add(self, value: B128, order: impl Store, scope: impl Scope) {
                    ptx!(
                        "multimem.red.{order}.{scope}.global.add.v4.{t} [{a}], {x, y, z, w};",
                        a = in(self.address), t = type($pair), x = in(value.x), y = in(value.y), z = in(value.z), w = in(value.w),
                        order = order(order), scope = scope(scope)
                    );
                }
            }
            )+
        }
    };
}

halves! {
    f16x2: MulticastF16x2, MulticastF16x4, MulticastF16x8;
    bf16x2: MulticastBf16x2, MulticastBf16x4, MulticastBf16x8;
}
