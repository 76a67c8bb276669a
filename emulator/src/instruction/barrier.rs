//! Barriers of warps and blocks (PTX ISA section 9.7.13.1); those of clusters are in
//! [`super::cluster`].

use super::cluster;
use crate::decode::decoder::{Decode, Decoder};
use crate::op::{BarrierKind, BarrierOp, WarpOp};

pub(super) const DECODINGS: &[(&str, Decode)] = &[("bar", barrier), ("barrier", barrier)];

#[derive(Clone, Copy)]
enum Vote {
    Population,
    All,
    Any,
}

fn barrier(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    if d.take("warp") {
        d.take("sync");
        let members = d.word(0)?;
        d.emit_warp(WarpOp::Barrier { members });
        return Ok(());
    }
    if d.take("cluster") {
        return cluster::barrier(d);
    }
    d.take("cta");
    let aligned = d.take("aligned") || d.name() == "bar";
    let count = d.operands().len();
    let op = if d.take("red") {
        d.ty()?;
        let vote = d.require(&[("popc", Vote::Population), ("and", Vote::All), ("or", Vote::Any)])?;
        let (id, a) = (d.word(1)?, d.predicate(count - 1)?);
        let threads = if count == 4 { Some(d.word(2)?) } else { None };
        let kind = match vote {
            Vote::Population => BarrierKind::Population { d: d.result_word()?, a },
            Vote::All => BarrierKind::All { d: d.result_predicate()?, a },
            Vote::Any => BarrierKind::Any { d: d.result_predicate()?, a },
        };
        BarrierOp { kind, aligned, id, threads }
    } else {
        let kind = d.require(&[("sync", BarrierKind::Sync), ("arrive", BarrierKind::Arrive)])?;
        let threads = if count == 2 { Some(d.word(1)?) } else { None };
        BarrierOp { kind, aligned, id: d.word(0)?, threads }
    };
    d.emit_barrier(op);
    Ok(())
}
