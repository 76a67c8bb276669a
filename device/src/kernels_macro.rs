//! `kernels!`: the shape of a model to the const parameters of the four kernels.

/// Specialises the four kernels for one model at compile time.
///
/// ```
/// # extern crate crossdock_device as crossdock;
/// crossdock::kernels! {
///     /// DeepSeek-V3 shapes.
///     pub mod deepseek_v3 { hidden: 7168, top_k: 8, experts: 256, wire: fp8(e4m3, block: 128, scale: f32) }
/// }
/// # fn main() {
/// assert!(deepseek_v3::DISPATCH.ptx.contains(".entry dispatch"));
/// assert_eq!(deepseek_v3::SHAPE.scale_count(), 56);
/// # }
/// ```
///
/// makes a module with the constants `COUNT`, `LAYOUT`, `DISPATCH`, `COMBINE`, `ENTER` and `GRADIENT` ([`KernelImage`](crate::launch::KernelImage)s
/// whose PTX is a string in the binary), the constant `SHAPE`, and the type `Kernels` that names the set
/// ([`Specialised`](crate::set::Specialised)). `wire` is `bf16` or `fp8(e4m3, block: N, scale: f32)`. A value that
/// violates a relation is a compile error on that value. The kernels are made for every supported GPU; `target: sm_90a` at the
/// end makes them for one target, and `target: sm_90a, ptx: 8.6` in that PTX version.
#[macro_export]
macro_rules! kernels {
    ($(#[$attribute:meta])* $visibility:vis mod $name:ident {
        hidden: $hidden:literal, top_k: $top_k:literal, experts: $experts:literal, wire: bf16
        $(, target: $target:ident $(, ptx: $version:literal)?)? $(,)?
    }) => {
        $crate::__kernels! {
            [$(#[$attribute])* $visibility mod $name] $hidden $top_k $experts 2 0 [$crate::Wire::Bf16]
            [$(for $target $(, ptx $version)?)?]
        }
    };
    ($(#[$attribute:meta])* $visibility:vis mod $name:ident {
        hidden: $hidden:literal, top_k: $top_k:literal, experts: $experts:literal,
        wire: fp8(e4m3, block: $block:literal, scale: f32)
        $(, target: $target:ident $(, ptx: $version:literal)?)? $(,)?
    }) => {
        $crate::__kernels! {
            [$(#[$attribute])* $visibility mod $name] $hidden $top_k $experts 1 $block [$crate::Wire::Fp8 { block: $block }]
            [$(for $target $(, ptx $version)?)?]
        }
    };
    ($($other:tt)*) => {
        compile_error!(
            "expected `pub mod name { hidden: 7168, top_k: 8, experts: 256, wire: bf16 }` with integer literals in this order; \
             wire is `bf16` or `fp8(e4m3, block: 128, scale: f32)`, and `target: sm_90a` or `target: sm_90a, ptx: 8.6` may follow"
        );
    };
}

/// The expansion of [`kernels!`](crate::kernels!) once the wire format is known.
#[doc(hidden)]
#[macro_export]
macro_rules! __kernels {
    ([$($head:tt)*] $hidden:literal $top_k:literal $experts:literal $bytes:literal $block:literal [$wire:expr]
     [$($target:tt)*]) => {
        $($head)* {
            $crate::specialise! {
                /// Counts rows and selections.
                pub const COUNT = $crate::kernels::count::code::count { TOP_K = $top_k, EXPERTS = $experts } $($target)*;
                /// Computes positions.
                pub const LAYOUT = $crate::kernels::layout::code::layout { TOP_K = $top_k, EXPERTS = $experts } $($target)*;
                /// Sends rows to their experts' ranks.
                pub const DISPATCH = $crate::kernels::dispatch::code::dispatch {
                    HIDDEN = $hidden, ELEMENT_BYTES = $bytes, SCALE_BLOCK = $block, TOP_K = $top_k
                } $($target)*;
                /// Returns and sums the experts' outputs.
                pub const COMBINE = $crate::kernels::combine::code::combine { HIDDEN = $hidden, TOP_K = $top_k } $($target)*;
                /// Begins a round that reuses positions.
                pub const ENTER = $crate::kernels::enter::code::enter {} $($target)*;
                /// Takes the gradients of a weighted combine.
                pub const GRADIENT = $crate::kernels::gradient::code::gradient { HIDDEN = $hidden, TOP_K = $top_k } $($target)*;
            }

            /// What the kernels are specialised for.
            pub const SHAPE: $crate::Shape =
                $crate::Shape { hidden: $hidden, top_k: $top_k, experts: $experts, wire: $wire };

            /// Names this set of kernels.
            #[derive(Clone, Copy, Debug)]
            pub struct Kernels;

            impl $crate::Specialised for Kernels {
                fn kernels() -> $crate::KernelSet {
                    $crate::KernelSet {
                        shape: SHAPE,
                        count: COUNT,
                        layout: LAYOUT,
                        dispatch: DISPATCH,
                        combine: COMBINE,
                        enter: ENTER,
                        gradient: GRADIENT,
                    }
                }
            }
        }
    };
}

/// Specialises kernels for const parameters at compile time.
///
/// ```
/// # extern crate crossdock_device as crossdock;
/// crossdock::specialise! {
///     /// Routes of top-2 choices among 64 experts.
///     pub const COUNT = crossdock::kernels::count::code::count { TOP_K = 2, EXPERTS = 64 };
/// }
/// # fn main() {
/// assert_eq!(COUNT.name(), "count");
/// # }
/// ```
///
/// makes a constant of type [`KernelImage`](crate::launch::KernelImage) with the kernel's argument struct, here
/// `crossdock::kernels::count::code::CountArguments`. The kernel may live in another crate. Values are integers or bools.
///
/// The kernel is made for every supported GPU, in PTX 8.0. `for` and a target make it for that one, in the PTX version that
/// [`Target::written_in`](crate::Target::written_in) states or in one that is given:
///
/// ```
/// # extern crate crossdock_device as crossdock;
/// crossdock::specialise! {
///     const HOPPER = crossdock::kernels::count::code::count { TOP_K = 2, EXPERTS = 64 } for sm_90a;
///     const NEWER = crossdock::kernels::count::code::count { TOP_K = 2, EXPERTS = 64 } for sm_100f, ptx 9.0;
/// }
/// # fn main() {
/// assert!(HOPPER.ptx.starts_with(".version 8.4\n.target sm_90a\n"));
/// assert!(NEWER.ptx.starts_with(".version 9.0\n.target sm_100f\n"));
/// # }
/// ```
#[macro_export]
macro_rules! specialise {
    ($($items:tt)*) => { $crate::__private::specialise_items! { [$crate] $($items)* } };
}
