//! Multicast memory (PTX ISA section 9.7.9.14): one address stands for the same place on several
//! GPUs.

use super::{Row, version};

pub(super) static ROWS: &[Row] = &[
    Row::new("multimem.ld_reduce{.weak}{.global}.add.<integer_addable> d=integer_addable, [a]", (8, 1), 90).reads(),
    Row::new("multimem.ld_reduce{.weak}{.global}.min|.max.<integer_32_64> d=integer_32_64, [a]", (8, 1), 90).reads(),
    Row::new("multimem.ld_reduce.relaxed|.acquire.<scope>{.global}.add.<integer_addable> d=integer_addable, [a]", (8, 1), 90).reads(),
    Row::new("multimem.ld_reduce.relaxed|.acquire.<scope>{.global}.min|.max.<integer_32_64> d=integer_32_64, [a]", (8, 1), 90).reads(),
    Row::new("multimem.ld_reduce{.weak}{.global}.and|.or|.xor.<bits_32_64> d=bits_32_64, [a]", (8, 1), 90).reads(),
    Row::new("multimem.ld_reduce.relaxed|.acquire.<scope>{.global}.and|.or|.xor.<bits_32_64> d=bits_32_64, [a]", (8, 1), 90).reads(),
    Row::new("multimem.ld_reduce{.weak}{.global}.add{.<vec>}.f32 d=vec(f32), [a]", (8, 1), 90).reads(),
    Row::new("multimem.ld_reduce.relaxed|.acquire.<scope>{.global}.add{.<vec>}.f32 d=vec(f32), [a]", (8, 1), 90).reads(),
    Row::new("multimem.ld_reduce{.weak}{.global}.add.f64 d=f64, [a]", (8, 1), 90).reads(),
    Row::new("multimem.ld_reduce.relaxed|.acquire.<scope>{.global}.add.f64 d=f64, [a]", (8, 1), 90).reads(),
    Row::new("multimem.ld_reduce{.weak}{.global}.add{.acc::f32}{.<vec>}.f16x2|.bf16x2 d=vec(b32), [a]", (8, 1), 90).reads().since(&[("acc::f32", version(8, 2))]),
    Row::new("multimem.ld_reduce.relaxed|.acquire.<scope>{.global}.add{.acc::f32}{.<vec>}.f16x2|.bf16x2 d=vec(b32), [a]", (8, 1), 90).reads().since(&[("acc::f32", version(8, 2))]),
    Row::new("multimem.ld_reduce{.weak}{.global}.min|.max{.<vec>}.f16x2|.bf16x2 d=vec(b32), [a]", (8, 1), 90).reads(),
    Row::new("multimem.ld_reduce.relaxed|.acquire.<scope>{.global}.min|.max{.<vec>}.f16x2|.bf16x2 d=vec(b32), [a]", (8, 1), 90).reads(),
    Row::new("multimem.st{.weak}{.global}.<multimem_data> [a], b:multimem_data", (8, 1), 90).writes(),
    Row::new("multimem.st.relaxed|.release.<scope>{.global}.<multimem_data> [a], b:multimem_data", (8, 1), 90).writes(),
    Row::new("multimem.st{.weak}{.global}{.<vec>}.f32|.f16x2|.bf16x2 [a], b:vec(b32)", (8, 1), 90).writes(),
    Row::new("multimem.st.relaxed|.release.<scope>{.global}{.<vec>}.f32|.f16x2|.bf16x2 [a], b:vec(b32)", (8, 1), 90).writes(),
    Row::new("multimem.red.<red_order>.<scope>{.global}.add.<integer_addable> [a], b:integer_addable", (8, 1), 90).updates(),
    Row::new("multimem.red.<red_order>.<scope>{.global}.min|.max.<integer_32_64> [a], b:integer_32_64", (8, 1), 90).updates(),
    Row::new("multimem.red.<red_order>.<scope>{.global}.and|.or|.xor.<bits_32_64> [a], b:bits_32_64", (8, 1), 90).updates(),
    Row::new("multimem.red.<red_order>.<scope>{.global}.add{.<vec>}.f32 [a], b:vec(f32)", (8, 1), 90).updates(),
    Row::new("multimem.red.<red_order>.<scope>{.global}.add.f64 [a], b:f64", (8, 1), 90).updates(),
    Row::new("multimem.red.<red_order>.<scope>{.global}.add{.<vec>}.f16x2|.bf16x2 [a], b:vec(b32)", (8, 1), 90).updates(),
];
