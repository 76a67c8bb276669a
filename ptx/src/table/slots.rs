//! What fits a slot: each class of modifiers, listed once.

/// The alternatives of a slot class, without dots. The table is fixed, so an unknown class panics (in a test).
pub(super) fn alternatives(class: &str) -> &'static [&'static str] {
    SLOTS
        .iter()
        .find(|(name, _)| *name == class)
        .map(|(_, alternatives)| *alternatives)
        .unwrap_or_else(|| panic!("the table has no slot class `{class}`"))
}

/// Slot class and its alternatives.
pub static SLOTS: &[(&str, &[&str])] = &[
    // Memory.
    ("scope", &["cta", "cluster", "gpu", "sys"]),
    (
        "space",
        &[
            "const",
            "global",
            "local",
            "param",
            "param::entry",
            "param::func",
            "shared",
            "shared::cta",
            "shared::cluster",
        ],
    ),
    ("store_space", &["global", "local", "param", "param::func", "shared", "shared::cta", "shared::cluster"]),
    ("shared_or_global", &["global", "shared", "shared::cta", "shared::cluster"]),
    ("volatile_space", &["global", "local", "shared", "shared::cta", "shared::cluster"]),
    ("shared", &["shared", "shared::cta", "shared::cluster"]),
    ("shared_cta", &["shared", "shared::cta"]),
    ("cache_load", &["ca", "cg", "cs", "lu", "cv"]),
    ("cache_store", &["wb", "cg", "cs", "wt"]),
    ("cache_nc", &["ca", "cg", "cs"]),
    (
        "eviction",
        &["L1::evict_normal", "L1::evict_unchanged", "L1::evict_first", "L1::evict_last", "L1::no_allocate"],
    ),
    ("prefetch", &["L2::64B", "L2::128B", "L2::256B"]),
    ("vec", &["v2", "v4"]),
    ("eviction_l2", &["L2::evict_last", "L2::evict_normal", "L2::evict_first"]),
    ("vec4", &["v4"]),
    ("vec8", &["v8"]),
    ("matrices", &["x1", "x2", "x4"]),
    ("data_64", &["b64", "u64", "s64", "f64"]),
    ("data_32", &["b32", "u32", "s32", "f32"]),
    (
        "data",
        &["b8", "b16", "b32", "b64", "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "f32", "f64"],
    ),
    ("order", &["relaxed", "acquire", "release", "acq_rel"]),
    ("red_order", &["relaxed", "release"]),
    ("addable", &["u32", "s32", "u64", "f32", "f64"]),
    ("half_lane", &["f16", "bf16"]),
    ("lane", &["f16", "f16x2", "bf16", "bf16x2"]),
    ("integer_reduction", &["add", "min", "max"]),
    ("multimem_data", &["b32", "b64", "u32", "u64", "s32", "s64", "f64"]),
    ("async_data", &["b32", "b64", "u32", "u64", "s32", "s64", "f32", "f64"]),
    ("async_addable", &["u32", "s32", "u64"]),
    ("address_space", &["const", "global", "local", "shared", "shared::cta", "shared::cluster"]),
    ("barrier_scope", &["cta", "cluster"]),
    ("proxy_space", &["global", "shared::cta", "shared::cluster"]),
    ("policy_primary", &["L2::evict_last", "L2::evict_normal", "L2::evict_first", "L2::evict_unchanged"]),
    ("policy_secondary", &["L2::evict_first", "L2::evict_unchanged"]),
    // Types.
    ("bits", &["b16", "b32", "b64"]),
    ("bits_32_64", &["b32", "b64"]),
    ("logic", &["pred", "b16", "b32", "b64"]),
    ("integer", &["u16", "u32", "u64", "s16", "s32", "s64"]),
    ("signed", &["s16", "s32", "s64"]),
    ("integer_32_64", &["u32", "u64", "s32", "s64"]),
    ("integer_16_32", &["u16", "u32", "s16", "s32"]),
    ("integer_32", &["u32", "s32"]),
    ("integer_16x2", &["u16x2", "s16x2"]),
    ("integer_any", &["u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64"]),
    ("integer_source", &["s32", "u8", "u16", "u32", "u64", "s8", "s16", "s64"]),
    ("integer_addable", &["u32", "s32", "u64"]),
    ("unsigned", &["u16", "u32", "u64"]),
    ("carry", &["u32", "s32", "u64", "s64"]),
    ("shiftable", &["b16", "b32", "b64", "u16", "u32", "u64", "s16", "s32", "s64"]),
    ("set_result", &["u32", "s32", "f32"]),
    ("set_half_result", &["f16", "u16", "s16", "u32", "s32"]),
    ("f16_f64", &["f16", "f64"]),
    ("f16_bf16", &["f16", "bf16"]),
    ("cvt_float", &["f16", "f32", "f64"]),
    ("bf16_source", &["f16", "f64"]),
    ("float", &["f32", "f64"]),
    ("half", &["f16", "f16x2"]),
    ("bfloat", &["bf16", "bf16x2"]),
    ("move", &["pred", "b16", "b32", "b64", "u16", "u32", "u64", "s16", "s32", "s64", "f32", "f64"]),
    ("select", &["b16", "b32", "b64", "u16", "u32", "u64", "s16", "s32", "s64", "f32", "f64"]),
    ("address", &["u32", "u64"]),
    ("address_bits", &["b32", "b64", "u32", "u64", "s32", "s64"]),
    // Comparisons and rounding.
    ("compare_integer", &["eq", "ne", "lt", "le", "gt", "ge"]),
    ("compare_unsigned", &["eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs"]),
    (
        "compare_float",
        &["eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"],
    ),
    ("combine", &["and", "or", "xor"]),
    ("rounding", &["rn", "rz", "rm", "rp"]),
    ("integer_rounding", &["rni", "rzi", "rmi", "rpi"]),
];
