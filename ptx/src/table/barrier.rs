//! Block and cluster barriers, and mbarrier objects (PTX ISA section 9.7.13.15).

use super::{Row, version};
use crate::version::Version;

const MBARRIER_ORDERS: &[(&str, Version)] =
    &[("acquire", version(8, 0)), ("release", version(8, 0)), ("relaxed", version(8, 6))];

pub(super) static ROWS: &[Row] = &[
    Row::new("bar{.cta}.sync a:u32{, b:u32}", (1, 0), 10).block().fences().since(&[("cta", version(7, 8))]),
    Row::new("bar{.cta}.arrive a:u32, b:u32", (2, 0), 20).block().fences().since(&[("cta", version(7, 8))]),
    Row::new("bar{.cta}.red.popc.u32 d=u32, a:u32{, b:u32}, !c:pred", (2, 0), 20).block().fences().since(&[("cta", version(7, 8))]),
    Row::new("bar{.cta}.red.and|.or.pred p=pred, a:u32{, b:u32}, !c:pred", (2, 0), 20).block().fences().since(&[("cta", version(7, 8))]),
    Row::new("barrier{.cta}.sync{.aligned} a:u32{, b:u32}", (6, 0), 30).block().fences().since(&[("cta", version(7, 8))]),
    Row::new("barrier{.cta}.arrive{.aligned} a:u32, b:u32", (6, 0), 30).block().fences().since(&[("cta", version(7, 8))]),
    Row::new("barrier{.cta}.red.popc{.aligned}.u32 d=u32, a:u32{, b:u32}, !c:pred", (6, 0), 30).block().fences().since(&[("cta", version(7, 8))]),
    Row::new("barrier{.cta}.red.and|.or{.aligned}.pred p=pred, a:u32{, b:u32}, !c:pred", (6, 0), 30).block().fences().since(&[("cta", version(7, 8))]),
    Row::new("barrier.cluster.arrive{.release}{.aligned}", (7, 8), 90).block().fences().since(&[("release", version(8, 0))]),
    Row::new("barrier.cluster.arrive.relaxed{.aligned}", (8, 0), 90).block().fences(),
    Row::new("barrier.cluster.wait{.acquire}{.aligned}", (7, 8), 90).block().fences().since(&[("acquire", version(8, 0))]),
    Row::new("mbarrier.init{.<shared_cta>}.b64 [a], count:u32", (7, 0), 80).writes(),
    Row::new("mbarrier.inval{.<shared_cta>}.b64 [a]", (7, 0), 80).writes(),
    Row::new("mbarrier.expect_tx{.relaxed.<barrier_scope>}{.<shared>}.b64 [a], bytes:u32", (8, 0), 90).updates(),
    Row::new("mbarrier.complete_tx{.relaxed.<barrier_scope>}{.<shared>}.b64 [a], bytes:u32", (8, 0), 90).updates(),
    Row::new("mbarrier.arrive|.arrive_drop{.<shared_cta>}.b64 state?=b64, [a]", (7, 0), 80).updates(),
    Row::new("mbarrier.arrive|.arrive_drop.noComplete{.<shared_cta>}.b64 state=b64, [a], count:u32", (7, 0), 80).updates(),
    Row::new("mbarrier.arrive|.arrive_drop.noComplete.release.cta{.<shared_cta>}.b64 state=b64, [a], count:u32", (8, 0), 90).updates(),
    Row::new("mbarrier.arrive|.arrive_drop{.release|.relaxed.<barrier_scope>}{.<shared_cta>}.b64 state?=b64, [a]{, count:u32}", (8, 0), 90).updates().since(MBARRIER_ORDERS),
    Row::new("mbarrier.arrive|.arrive_drop{.release|.relaxed.<barrier_scope>}.shared::cluster.b64 sink, [a]{, count:u32}", (8, 0), 90).updates().since(MBARRIER_ORDERS),
    Row::new("mbarrier.arrive|.arrive_drop.expect_tx{.release|.relaxed.<barrier_scope>}{.<shared_cta>}.b64 state?=b64, [a], bytes:u32", (8, 0), 90).updates().since(MBARRIER_ORDERS),
    Row::new("mbarrier.arrive|.arrive_drop.expect_tx{.release|.relaxed.<barrier_scope>}.shared::cluster.b64 sink, [a], bytes:u32", (8, 0), 90).updates().since(MBARRIER_ORDERS),
    Row::new("mbarrier.test_wait{.<shared_cta>}.b64 p=pred, [a], state:b64", (7, 0), 80).reads(),
    Row::new("mbarrier.test_wait.parity{.<shared_cta>}.b64 p=pred, [a], parity:u32", (7, 1), 80).reads(),
    Row::new("mbarrier.test_wait.acquire|.relaxed.<barrier_scope>{.<shared_cta>}.b64 p=pred, [a], state:b64", (8, 0), 90).reads().since(MBARRIER_ORDERS),
    Row::new("mbarrier.test_wait.parity.acquire|.relaxed.<barrier_scope>{.<shared_cta>}.b64 p=pred, [a], parity:u32", (8, 0), 90).reads().since(MBARRIER_ORDERS),
    Row::new("mbarrier.try_wait{.acquire|.relaxed.<barrier_scope>}{.<shared_cta>}.b64 p=pred, [a], state:b64{, hint:u32}", (7, 8), 90).reads().since(MBARRIER_ORDERS),
    Row::new("mbarrier.try_wait.parity{.acquire|.relaxed.<barrier_scope>}{.<shared_cta>}.b64 p=pred, [a], parity:u32{, hint:u32}", (7, 8), 90).reads().since(MBARRIER_ORDERS),
    Row::new("mbarrier.pending_count.b64 count=u32, state:b64", (7, 0), 80),
];
