//! Ranks that stay away, differ or die in the middle of a kernel: the others get the named error
//! within the deadline, and after a reset a fresh round gives exact results.
//!
//! A rank dies by a kernel that ends too early: its PTX gets an `exit` at a chosen place, which
//! takes effect in the first round only.

use std::sync::Arc;
use std::time::Duration;

use crossdock_host::{
    Capacity, Cluster, Dock, Error, KernelSet, Layout, Routing, Shape, Stage, Tokens, Topology, Wire, bf16,
};

const RANKS: usize = 3;
const DYING: usize = 2;
/// A row is whole turns of a warp, so that all of its lanes die at the same instruction.
const SHAPE: Shape = Shape { hidden: 2048, top_k: 2, experts: 6, wire: Wire::Bf16 };
const HIDDEN: usize = SHAPE.hidden as usize;
/// Every warp of two blocks has a token.
const TOKENS: usize = 16;
const LAYOUTS: [Layout; 2] = [Layout::BySource, Layout::ByExpert { alignment: 4 }];

/// The same for a rank that is late: its kernel waits for so many nanoseconds before it begins, in
/// the first round only.
fn late(kernels: &KernelSet, kernel: &'static str, nanoseconds: u64) -> KernelSet {
    let (_, ptx) = kernels.ptx().into_iter().find(|(name, _)| *name == kernel).expect("a kernel of ours");
    let place = ptx.find("ld.param").expect("it has parameters");
    let line = ptx[..place].rfind('\n').expect("a line before") + 1;
    let last = u32::from(kernel != "count");
    let wait = format!(
        "{{\n.reg .pred %goes;\n.reg .u32 %now;\n.reg .u64 %record, %begin, %time;\n\
         ld.param.u64 %record, [{kernel}_param_round_epoch];\nld.global.u32 %now, [%record];\n\
         setp.gt.u32 %goes, %now, {last};\n@%goes bra $on;\nmov.u64 %begin, %globaltimer;\n\
         $wait:\nmov.u64 %time, %globaltimer;\nsub.u64 %time, %time, %begin;\n\
         setp.gt.u64 %goes, %time, {nanoseconds};\n@!%goes bra $wait;\n$on:\n}}\n"
    );
    kernels.with_ptx(kernel, format!("{}{wait}{}", &ptx[..line], &ptx[line..])).expect("it is there")
}

/// Where a kernel ends too early.
#[derive(Clone, Copy, Debug)]
struct Death {
    kernel: &'static str,
    /// Before which occurrence, from 1, of which text.
    before: (&'static str, usize),
}

fn cluster(schedule_seed: u64) -> Cluster {
    let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(RANKS)).expect("one node");
    cluster.deadline(Duration::from_millis(2)).schedule_seed(schedule_seed)
}

/// The kernels of a rank that dies: later ones of the round end before they do anything.
fn mortal(kernels: &KernelSet, death: Death) -> KernelSet {
    let order = ["count", "layout", "dispatch", "combine"];
    let place = order.iter().position(|&name| name == death.kernel).expect("a kernel of a round");
    let later = order[place + 1..].iter().map(|&kernel| Death { kernel, before: ("ld.param", 1) });
    later.fold(ends_early(kernels, death), |kernels, death| ends_early(&kernels, death))
}

fn ends_early(kernels: &KernelSet, death: Death) -> KernelSet {
    let Death { kernel, before: (text, occurrence) } = death;
    let (_, ptx) = kernels.ptx().into_iter().find(|(name, _)| *name == kernel).expect("a kernel of ours");
    let place = ptx.match_indices(text).nth(occurrence - 1).expect("the kernel has such a place").0;
    let line = ptx[..place].rfind('\n').expect("a line before") + 1;
    // `count` finds the number of the round before, until it announces its own; a later kernel
    // finds that too if `count` died.
    let last = if kernel == "count" && text != "st.release" { 0 } else { 1 };
    let end = format!(
        "{{\n.reg .pred %dies;\n.reg .u32 %now;\n.reg .u64 %record;\n\
         ld.param.u64 %record, [{kernel}_param_round_epoch];\nld.global.u32 %now, [%record];\n\
         setp.le.u32 %dies, %now, {last};\n@%dies exit;\n}}\n"
    );
    kernels.with_ptx(kernel, format!("{}{end}{}", &ptx[..line], &ptx[line..])).expect("it is there")
}

fn rows(rank: usize) -> Vec<bf16> {
    (0..TOKENS * HIDDEN).map(|index| bf16::from_f32((rank * 64 + index % 61) as f32)).collect()
}

/// A round in which every token visits its own rank and the next, with experts that copy; the sum
/// doubles it.
fn round(dock: &mut Dock, combines: bool) -> Result<Option<Vec<bf16>>, Error> {
    let rank = dock.rank().index();
    let experts: Vec<i32> =
        (0..TOKENS).flat_map(|token| [rank * 2 + token % 2, (rank * 2 + 2) % 6].map(|e| e as i32)).collect();
    let arrived = dock.dispatch(&Tokens::Bf16(&rows(rank)), &Routing::new(&experts, &[1.0; 2 * TOKENS]))?;
    if !combines {
        return Ok(None);
    }
    let outputs = arrived.apply(|_, input, output| output.copy_from_slice(input))?;
    Ok(Some(arrived.combine(&outputs)?.rows))
}

/// Runs a round in which one rank fails as `fails` says, then a reset, then a sound round. The
/// others' first round ends late in `stage`, waiting for that rank, of which `present` ranks came.
fn recovers(
    name: &str,
    layout: Layout,
    stage: Stage,
    death: Option<Death>,
    fails: impl Fn(&mut Dock) -> Result<(), Error> + Sync,
) {
    let kernels = KernelSet::jit(SHAPE).expect("the shape is legal");
    let dying = death.map_or(Arc::clone(&kernels), |death| Arc::new(mortal(&kernels, death)));
    for schedule_seed in [0, 5] {
        cluster(schedule_seed)
            .run(|rank| -> Result<(), Error> {
                let dies = rank.index() == DYING;
                let set = if dies { &dying } else { &kernels };
                let mut dock = rank.dock(Arc::clone(set), Capacity::tokens(TOKENS).layout(layout))?;
                if dies {
                    fails(&mut dock)?;
                } else {
                    match round(&mut dock, true).map(|_| ()) {
                        Err(Error::Late {
                            rank,
                            stage: seen,
                            peer,
                            expected,
                            found,
                            present,
                            ranks,
                            deadline,
                        }) => {
                            let seen = (rank, seen, peer, expected, found, present, ranks);
                            let named = (dock.rank().index(), stage, DYING, 1, 0, RANKS - 1, RANKS);
                            assert_eq!(seen, named, "{name}, {layout:?}");
                            assert_eq!(deadline, Duration::from_millis(2));
                        }
                        other => panic!("{name}, {layout:?}: {other:?}"),
                    }
                }
                dock.reset()?;
                for _ in 0..2 {
                    let results = round(&mut dock, true)?.expect("combined");
                    let doubled: Vec<bf16> =
                        rows(rank.index()).iter().map(|x| bf16::from_f32(2.0 * x.to_f32())).collect();
                    assert!(results == doubled, "{name}, {layout:?}, rank {}", rank.index());
                }
                Ok(())
            })
            .unwrap_or_else(|error| panic!("{name}, {layout:?}: {error}"));
    }
}

/// The dying rank's program does not look at what became of its round: it is dead.
fn dying_round(dock: &mut Dock, combines: bool) -> Result<(), Error> {
    round(dock, combines).map(|_| ()).or_else(|error| match error {
        // By expert, all blocks wait for the rank's own flag too.
        Error::Late { .. } => Ok(()),
        error => Err(error),
    })
}

#[test]
fn a_peer_that_never_arrives() {
    for layout in LAYOUTS {
        recovers("never arrives", layout, Stage::Layout, None, |_| Ok(()));
    }
}

#[test]
fn a_peer_that_does_not_combine() {
    for layout in LAYOUTS {
        recovers("does not combine", layout, Stage::Combine, None, |dock| round(dock, false).map(|_| ()));
    }
}

#[test]
fn a_peer_that_dies_while_it_counts() {
    for layout in LAYOUTS {
        for (name, before) in [
            ("before it counts", ("bar.warp.sync", 1)),
            ("after its counts, before their totals", ("bar.warp.sync", 3)),
            ("after its totals, before its flag", ("st.release", 1)),
        ] {
            let death = Death { kernel: "count", before };
            recovers(name, layout, Stage::Layout, Some(death), |dock| dying_round(dock, false));
        }
    }
}

#[test]
fn a_peer_that_dies_while_it_lays_out() {
    for layout in LAYOUTS {
        for (name, before) in
            [("before it waits", ("ld.param", 1)), ("in the middle of its tokens", ("match.any", 1))]
        {
            let death = Death { kernel: "layout", before };
            recovers(name, layout, Stage::Dispatch, Some(death), |dock| dying_round(dock, false));
        }
    }
}

#[test]
fn a_peer_that_dies_in_dispatch() {
    for layout in LAYOUTS {
        for (name, before) in [
            ("before dispatch", ("bar.sync 0;", 1)),
            ("in the middle of its rows", ("st.global.v4.u32", 3)),
            ("after its rows, before its flag", ("bar.sync 0;", 2)),
        ] {
            let death = Death { kernel: "dispatch", before };
            recovers(name, layout, Stage::Dispatch, Some(death), |dock| dying_round(dock, false));
        }
    }
}

#[test]
fn a_peer_that_dies_in_combine() {
    for (name, before) in [
        ("before combine", ("bar.sync 0;", 1)),
        // The first four send rows that the caller has summed.
        ("in the middle of its partial sums", ("st.global.v4.u32", 5)),
        ("after its partial sums, before its flag", ("bar.sync 0;", 2)),
    ] {
        let death = Death { kernel: "combine", before };
        for layout in LAYOUTS {
            recovers(name, layout, Stage::Combine, Some(death), |dock| dying_round(dock, true));
        }
    }
}

/// The GPU of one rank is busy for much longer than the deadline, that of another for a part of it,
/// so that it still comes to those that wait: whoever gets an error hears of the one that is late,
/// and nobody of a data race or of a rank that only gave up.
#[test]
fn a_peer_that_comes_after_the_deadline_is_the_one_that_is_named() {
    let kernels = KernelSet::jit(SHAPE).expect("the shape is legal");
    for (kernel, layout) in [
        ("count", LAYOUTS[0]),
        ("layout", LAYOUTS[1]),
        ("dispatch", LAYOUTS[0]),
        ("dispatch", LAYOUTS[1]),
        ("combine", LAYOUTS[0]),
        ("combine", LAYOUTS[1]),
    ] {
        for seed in 0..6 {
            let slow = Arc::new(late(&kernels, kernel, 100_000));
            let slower = Arc::new(late(&kernels, kernel, 20_000_000 + 200_000 * seed));
            let place = format!("{kernel}, {layout:?}, seed {seed}");
            let errors = cluster(seed)
                .run(|rank| -> Result<Option<Error>, Error> {
                    let set = [&kernels, &slow, &slower][rank.index()];
                    let mut dock = rank.dock(Arc::clone(set), Capacity::tokens(TOKENS).layout(layout))?;
                    let outcome = round(&mut dock, true);
                    dock.reset()?;
                    round(&mut dock, true)?;
                    Ok(outcome.err())
                })
                .unwrap_or_else(|error| panic!("{place}: {error}"));
            assert!(errors[0].is_some(), "{place}: rank 0 waited for too long");
            for error in errors.into_iter().flatten() {
                assert!(matches!(error, Error::Late { peer: DYING, .. }), "{place}: {error}");
            }
        }
    }
}

#[test]
fn a_peer_with_another_shape_capacity_or_layout_is_named_before_anything_is_sent() {
    let capacity = Capacity::tokens(4);
    for (shape, other, word) in [
        (Shape { hidden: 64, ..SHAPE }, capacity, "hidden 64"),
        (Shape { top_k: 1, ..SHAPE }, capacity, "top-k 1"),
        (Shape { experts: 12, ..SHAPE }, capacity, "12 experts"),
        (Shape { wire: Wire::FP8, ..SHAPE }, capacity, "fp8"),
        (SHAPE, Capacity::tokens(5), "5 tokens"),
        (SHAPE, capacity.rows(3), "room for 3 rows"),
        (SHAPE, capacity.layout(Layout::ByExpert { alignment: 4 }), "ByExpert { alignment: 4 }"),
    ] {
        cluster(0)
            .run(|rank| -> Result<(), Error> {
                let differs = rank.index() == DYING;
                let mut mine = (SHAPE, capacity);
                if differs {
                    mine = (shape, other);
                }
                match rank.dock(KernelSet::jit(mine.0)?, mine.1).map(|_| ()) {
                    Err(Error::OutOfStep { first: 0, second: DYING, second_purpose, .. }) => {
                        assert!(second_purpose.contains(word), "{second_purpose}");
                    }
                    other => panic!("{word}: {other:?}"),
                }
                // Now alike.
                let mut dock = rank.dock(KernelSet::jit(SHAPE)?, Capacity::tokens(TOKENS))?;
                round(&mut dock, true).map(|_| ())
            })
            .unwrap_or_else(|error| panic!("{word}: {error}"));
    }
}
