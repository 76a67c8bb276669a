//! What fits a slot: each class of modifiers, listed once.

use crate::modifier::{
    AtomicOperation, Boolean, Comparison, Eviction, IntegralRounding, LoadCache, Order, Prefetch, Rounding,
    Scope, Space, StoreCache, VectorWidth,
};
use crate::types::Type;

/// The alternatives of a slot class, without dots. The table is fixed, so an unknown class panics
/// (in a test).
pub(super) fn alternatives(class: &str) -> &'static [&'static str] {
    SLOTS
        .iter()
        .find(|(name, _)| *name == class)
        .map(|(_, alternatives)| *alternatives)
        .unwrap_or_else(|| panic!("the table has no slot class `{class}`"))
}

/// Lists slots: choices of a type that has spellings, then modifiers that stand for themselves or
/// are other spellings.
macro_rules! slots {
    ($($name:literal: $($owner:ident [$($choice:ident)*])? $([$($word:literal)*])?;)*) => {
        /// Slot class and its alternatives.
        pub static SLOTS: &[(&str, &[&str])] =
            &[$(($name, &[$($($owner::$choice.modifier(),)*)? $($($word,)*)?])),*];
    };
}

slots! {
    // Memory.
    "scope": Scope[Block Cluster Gpu System];
    "space": Space[Const Global Local Param Shared Cluster] ["param::entry" "param::func" "shared::cta"];
    "store_space": Space[Global Local Param Shared Cluster] ["param::func" "shared::cta"];
    "shared_or_global": Space[Global Shared Cluster] ["shared::cta"];
    "volatile_space": Space[Global Local Shared Cluster] ["shared::cta"];
    "shared": Space[Shared Cluster] ["shared::cta"];
    "shared_cta": Space[Shared] ["shared::cta"];
    "cache_load": LoadCache[All Global Streaming LastUse Uncached];
    "cache_store": StoreCache[WriteBack Global Streaming WriteThrough];
    "cache_nc": LoadCache[All Global Streaming];
    "eviction": Eviction[Normal Unchanged First Last NoAllocate];
    "prefetch": Prefetch[Bytes64 Bytes128 Bytes256];
    "vec": VectorWidth[Two Four];
    "eviction_l2": ["L2::evict_last" "L2::evict_normal" "L2::evict_first"];
    "vec4": VectorWidth[Four];
    "vec8": VectorWidth[Eight];
    "matrices": ["x1" "x2" "x4"];
    "data_64": Type[B64 U64 S64 F64];
    "data_32": Type[B32 U32 S32 F32];
    "data": Type[B8 B16 B32 B64 U8 U16 U32 U64 S8 S16 S32 S64 F32 F64];
    "order": Order[Relaxed Acquire Release AcquireRelease];
    "red_order": Order[Relaxed Release];
    "addable": Type[U32 S32 U64 F32 F64];
    "half_lane": Type[F16 Bf16];
    "lane": Type[F16 F16x2 Bf16 Bf16x2];
    "integer_reduction": AtomicOperation[Add Minimum Maximum];
    "multimem_data": Type[B32 B64 U32 U64 S32 S64 F64];
    "async_data": Type[B32 B64 U32 U64 S32 S64 F32 F64];
    "async_addable": Type[U32 S32 U64];
    "address_space": Space[Const Global Local Shared Cluster] ["shared::cta"];
    "barrier_scope": Scope[Block Cluster];
    "proxy_space": Space[Global Cluster] ["shared::cta"];
    "policy_primary": ["L2::evict_last" "L2::evict_normal" "L2::evict_first" "L2::evict_unchanged"];
    "policy_secondary": ["L2::evict_first" "L2::evict_unchanged"];
    // Types.
    "bits": Type[B16 B32 B64];
    "bits_32_64": Type[B32 B64];
    "logic": Type[Pred B16 B32 B64];
    "integer": Type[U16 U32 U64 S16 S32 S64];
    "signed": Type[S16 S32 S64];
    "integer_32_64": Type[U32 U64 S32 S64];
    "integer_16_32": Type[U16 U32 S16 S32];
    "integer_32": Type[U32 S32];
    "integer_16x2": Type[U16x2 S16x2];
    "integer_any": Type[U8 U16 U32 U64 S8 S16 S32 S64];
    "integer_source": Type[S32 U8 U16 U32 U64 S8 S16 S64];
    "integer_addable": Type[U32 S32 U64];
    "unsigned": Type[U16 U32 U64];
    "carry": Type[U32 S32 U64 S64];
    "shiftable": Type[B16 B32 B64 U16 U32 U64 S16 S32 S64];
    "set_result": Type[U32 S32 F32];
    "set_half_result": Type[F16 U16 S16 U32 S32];
    "f16_f64": Type[F16 F64];
    "f16_bf16": Type[F16 Bf16];
    "cvt_float": Type[F16 F32 F64];
    "bf16_source": Type[F16 F64];
    "float": Type[F32 F64];
    "half": Type[F16 F16x2];
    "bfloat": Type[Bf16 Bf16x2];
    "move": Type[Pred B16 B32 B64 U16 U32 U64 S16 S32 S64 F32 F64];
    "select": Type[B16 B32 B64 U16 U32 U64 S16 S32 S64 F32 F64];
    "address": Type[U32 U64];
    "address_bits": Type[B32 B64 U32 U64 S32 S64];
    // Comparisons and rounding.
    "compare_integer": Comparison[Equal NotEqual Less LessEqual Greater GreaterEqual];
    "compare_unsigned": Comparison[Equal NotEqual Less LessEqual Greater GreaterEqual] ["lo" "ls" "hi" "hs"];
    "compare_float": Comparison[Equal NotEqual Less LessEqual Greater GreaterEqual EqualUnordered NotEqualUnordered LessUnordered LessEqualUnordered GreaterUnordered GreaterEqualUnordered Number Nan];
    "combine": Boolean[And Or Xor];
    "rounding": Rounding[NearestEven TowardZero Down Up];
    "integer_rounding": IntegralRounding[NearestEven TowardZero Down Up];
}
