//! `router!`: a model's gate to the const parameters of the router's kernel.

/// Specialises the router's kernel for one model at compile time.
///
/// ```
/// # extern crate crossdock_device as crossdock;
/// crossdock::router! {
///     /// DeepSeek-V3's gate.
///     pub mod deepseek_v3_gate {
///         experts: 256, groups: 8, top_groups: 4, top_k: 8, score: sigmoid, biased: true, normalised: true, logits: f32
///     }
/// }
/// # fn main() {
/// assert!(deepseek_v3_gate::ROUTER.ptx.contains(".entry router"));
/// assert_eq!(deepseek_v3_gate::GATE, crossdock::Gate::DEEPSEEK_V3);
/// # }
/// ```
///
/// makes a module with the constants `ROUTER` (a [`KernelImage`](crate::launch::KernelImage)) and `GATE`, and the type `Router`
/// that names the kernel ([`SpecialisedRouter`](crate::SpecialisedRouter)). `score` is `sigmoid`, `softmax` or
/// `identity`, `logits` is `f32` or `bf16`; [`Gate`](crate::Gate) says what the fields mean. A value that violates a relation is
/// a compile error on that value. `target: sm_90a` may follow as in [`kernels!`](crate::kernels!).
#[macro_export]
macro_rules! router {
    ($(#[$attribute:meta])* $visibility:vis mod $name:ident {
        experts: $experts:literal, groups: $groups:literal, top_groups: $top_groups:literal, top_k: $top_k:literal,
        score: $score:ident, biased: $biased:literal, normalised: $normalised:literal, logits: $logits:ident
        $(, target: $target:ident $(, ptx: $version:literal)?)? $(,)?
    }) => {
        $crate::__router! {
            @score $score $logits
            [$(#[$attribute])* $visibility mod $name] $experts $groups $top_groups $top_k $biased $normalised
            [$(for $target $(, ptx $version)?)?]
        }
    };
    ($($other:tt)*) => {
        compile_error!(
            "expected `pub mod name { experts: 256, groups: 8, top_groups: 4, top_k: 8, score: sigmoid, biased: true, \
             normalised: true, logits: f32 }` with literals in this order; score is `sigmoid`, `softmax` or `identity`, \
             logits is `f32` or `bf16`, and `target: sm_90a` or `target: sm_90a, ptx: 8.6` may follow"
        );
    };
}

/// The expansion of [`router!`](crate::router!): one step for each word that becomes a number, then the module.
#[doc(hidden)]
#[macro_export]
macro_rules! __router {
    (@score sigmoid $logits:ident $($rest:tt)*) => { $crate::__router! { @logits $logits [Sigmoid] 0 $($rest)* } };
    (@score softmax $logits:ident $($rest:tt)*) => { $crate::__router! { @logits $logits [Softmax] 1 $($rest)* } };
    (@score identity $logits:ident $($rest:tt)*) => { $crate::__router! { @logits $logits [Identity] 2 $($rest)* } };
    (@score $other:ident $($rest:tt)*) => {
        compile_error!(concat!("score must be sigmoid, softmax or identity: ", stringify!($other), " is not"));
    };
    (@logits f32 $($rest:tt)*) => { $crate::__router! { @module [F32] 4 $($rest)* } };
    (@logits bf16 $($rest:tt)*) => { $crate::__router! { @module [Bf16] 2 $($rest)* } };
    (@logits $other:ident $($rest:tt)*) => {
        compile_error!(concat!("logits must be f32 or bf16: ", stringify!($other), " is not"));
    };
    (@module [$format:ident] $bytes:literal [$function:ident] $score:literal [$($head:tt)*] $experts:literal $groups:literal
        $top_groups:literal $top_k:literal $biased:literal $normalised:literal [$($target:tt)*]
    ) => {
        $($head)* {
            $crate::specialise! {
                /// Chooses experts and computes weights.
                pub const ROUTER = $crate::kernels::router::code::router {
                    EXPERTS = $experts, GROUPS = $groups, TOP_GROUPS = $top_groups, TOP_K = $top_k, SCORES = $score,
                    BIASED = $biased, NORMALISED = $normalised, LOGIT_BYTES = $bytes
                } $($target)*;
            }

            /// What the kernel is specialised for.
            pub const GATE: $crate::Gate = $crate::Gate {
                experts: $experts,
                groups: $groups,
                top_groups: $top_groups,
                top_k: $top_k,
                score: $crate::ScoreFunction::$function,
                biased: $biased,
                normalised: $normalised,
                logits: $crate::LogitFormat::$format,
            };

            /// Names this router.
            #[derive(Clone, Copy, Debug)]
            pub struct Router;

            impl $crate::SpecialisedRouter for Router {
                fn kernel() -> $crate::RouterKernel {
                    $crate::RouterKernel { gate: GATE, router: ROUTER }
                }
            }
        }
    };
}
