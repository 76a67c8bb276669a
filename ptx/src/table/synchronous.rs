//! Fences and warp-wide instructions (PTX ISA section 9.7.13).

use super::Row;

pub(super) static ROWS: &[Row] = &[
    Row::new("fence{.sc|.acq_rel}.<scope>", (6, 0), 70).fences(),
    Row::new("fence.acquire|.release.<scope>", (8, 6), 90).fences(),
    Row::new("fence.acquire.sync_restrict::shared::cluster.cluster", (8, 6), 90).fences(),
    Row::new("fence.release.sync_restrict::shared::cta.cluster", (8, 6), 90).fences(),
    Row::new("fence.mbarrier_init.release.cluster", (8, 0), 90).fences(),
    Row::new("fence.proxy.alias", (7, 5), 70).fences(),
    Row::new("fence.proxy.async{.<proxy_space>}", (8, 0), 90).fences(),
    Row::new("fence.proxy.async::generic.acquire.sync_restrict::shared::cluster.cluster", (8, 6), 90)
        .fences(),
    Row::new("fence.proxy.async::generic.release.sync_restrict::shared::cta.cluster", (8, 6), 90).fences(),
    Row::new("fence.proxy.tensormap::generic.release.<scope>", (8, 3), 90).fences(),
    Row::new("fence.proxy.tensormap::generic.acquire.<scope> [a], size:const(128)", (8, 3), 90).fences(),
    Row::new("membar.cta|.gl|.sys", (2, 0), 20).fences(),
    Row::new("membar.proxy.alias", (7, 5), 70).fences(),
    Row::new("membar.proxy.async", (8, 0), 90).fences(),
    Row::new("bar.warp.sync membermask:u32", (6, 0), 30).warp().fences(),
    Row::new(
        "shfl.sync.up|.down|.bfly|.idx.b32 d=b32{|p=pred}, a:b32, b:u32, c:u32, membermask:u32",
        (6, 0),
        30,
    )
    .warp(),
    Row::new("vote.sync.all|.any|.uni.pred p=pred, !a:pred, membermask:u32", (6, 0), 30).warp(),
    Row::new("vote.sync.ballot.b32 d=b32, !a:pred, membermask:u32", (6, 0), 30).warp(),
    Row::new("match.any.sync.<bits_32_64> d=b32, a:bits_32_64, membermask:u32", (6, 0), 70).warp(),
    Row::new("match.all.sync.<bits_32_64> d=b32{|p=pred}, a:bits_32_64, membermask:u32", (6, 0), 70).warp(),
    Row::new(
        "redux.sync.<integer_reduction>.<integer_32> d=integer_32, a:integer_32, membermask:u32",
        (7, 0),
        80,
    )
    .warp(),
    Row::new("redux.sync.and|.or|.xor.b32 d=b32, a:b32, membermask:u32", (7, 0), 80).warp(),
    Row::new("redux.sync.min|.max{.abs}{.NaN}.f32 d=f32, a:f32, membermask:u32", (8, 6), 100)
        .specific()
        .warp(),
    Row::new(
        "ldmatrix.sync.aligned.m8n8.<vec:matrices>{.trans}{.<shared_cta>}.b16 d=vec(b32), [a]",
        (6, 5),
        75,
    )
    .warp()
    .reads(),
    Row::new(
        "stmatrix.sync.aligned.m8n8.<vec:matrices>{.trans}{.<shared_cta>}.b16 [a], b:vec(b32)",
        (7, 8),
        90,
    )
    .warp()
    .writes(),
    Row::new("movmatrix.sync.aligned.m8n8.trans.b16 d=b32, a:b32", (7, 8), 75).warp(),
    Row::new("activemask.b32 d=b32", (6, 2), 30),
    Row::new("elect.sync d?=b32|p=pred, membermask:u32", (8, 0), 90).warp(),
];
