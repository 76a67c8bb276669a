//! The macros that specialise kernels at compile time: `kernels!`, `router!` and `specialise!`.

/// Specialises the kernels of a dock for one model at compile time.
///
/// ```
/// # extern crate crossdock_device as crossdock;
/// crossdock::kernels! {
///     /// DeepSeek-V3 shapes.
///     pub mod deepseek_v3 {
///         hidden: 7168, top_k: 8, experts: 256, wire: fp8(e4m3, block: 128, scale: f32)
///     }
/// }
/// # fn main() {
/// assert!(deepseek_v3::DISPATCH.ptx.contains(".entry dispatch"));
/// assert_eq!(deepseek_v3::SHAPE.scale_count(), 56);
/// # }
/// ```
///
/// makes a module with a constant for each kernel ([`KernelImage`](crate::launch::KernelImage)s
/// whose PTX is a string in the binary), such as `COUNT`, `LAYOUT`, `DISPATCH` and `COMBINE`; the
/// constant `SHAPE`; and the type `Kernels` that names the set
/// ([`Specialised`](crate::Specialised)). Fields are those of [`Shape`](crate::Shape) as its
/// `FromStr` reads them, in any order. Numbers may be computed, as in `7 * 1024`, but not named: a
/// macro sees no constants. `wire` is `bf16`, `fp8(e4m3, block: N, scale: f32)` (with other
/// [elements](crate::Float8) and [scales](crate::ScaleFormat)), `fp8` for
/// [`Wire::FP8`](crate::Wire::FP8), or `opaque(row: BYTES, sides: [BYTES])`. A value that violates
/// a relation is a compile error on that value. The kernels are made for every supported GPU;
/// `target: sm_90a` makes them for one target, and `target: sm_90a, ptx: 8.6` in that PTX version.
#[macro_export]
macro_rules! kernels {
    ($($model:tt)*) => {
        $crate::__kernels! { KernelSet => [$crate::__private::kernels_module] [$crate] [$($model)*] }
    };
}

/// Specialises the router's kernel for one model at compile time.
///
/// ```
/// # extern crate crossdock_device as crossdock;
/// crossdock::router! {
///     /// DeepSeek-V3's gate.
///     pub mod deepseek_v3_gate {
///         experts: 256, groups: 8, top_groups: 4, top_k: 8,
///         score: sigmoid, biased: true, normalised: true, logits: f32
///     }
/// }
/// # fn main() {
/// assert!(deepseek_v3_gate::ROUTER.ptx.contains(".entry router"));
/// assert_eq!(deepseek_v3_gate::GATE, crossdock::Gate::DEEPSEEK_V3);
/// # }
/// ```
///
/// makes a module with the constants `ROUTER` (a [`KernelImage`](crate::launch::KernelImage)) and
/// `GATE`, and the type `Router` that names the kernel
/// ([`SpecialisedRouter`](crate::SpecialisedRouter)). Fields are those of [`Gate`](crate::Gate) as
/// its `FromStr` reads them. A value that violates a relation is a compile error on that value.
/// `target: sm_90a` may be given as in [`kernels!`](crate::kernels!).
#[macro_export]
macro_rules! router {
    ($($model:tt)*) => {
        $crate::__kernels! { RouterKernel => [$crate::__private::kernels_module] [$crate] [$($model)*] }
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
/// makes a constant of type [`KernelImage`](crate::launch::KernelImage) with the kernel's argument
/// struct, here `crossdock::kernels::count::code::CountArguments`. The kernel may live in another
/// crate. Values are integers, bools and operators on them.
///
/// The kernel is made for every supported GPU, in PTX 8.0. `for` and a target make it for that one,
/// in the PTX version that [`Target::written_in`](crate::Target::written_in) states or in one that
/// is given:
///
/// ```
/// # extern crate crossdock_device as crossdock;
/// crossdock::specialise! {
///     const HOPPER = crossdock::kernels::count::code::count { TOP_K = 2, EXPERTS = 64 }
///         for sm_90a;
///     const NEWER = crossdock::kernels::count::code::count { TOP_K = 2, EXPERTS = 64 }
///         for sm_100f, ptx 9.0;
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
