//! Which bytes a round moves, worked out from its routes alone, so that rates on GPUs that count
//! nothing rest on exact numbers. Tests hold them against the counters of virtual GPUs.
//!
//! Bytes over links are all that cross, flags and counts included. Bytes of memory are those of
//! rows, outputs, partial sums and results, and what is written beside a row to say where it
//! belongs; positions, counts and flags, which every kernel reads too, are left out: rates err on
//! the low side.

use std::collections::BTreeMap;

use crossdock_device::Shape;
use crossdock_host::Layout;

use crate::Routes;

/// Bytes of an entry of `expert_rows` and of a counter.
const WORD: u64 = 4;

/// Bytes of a flag.
const FLAG: u64 = 8;

/// Bytes of a selection and of an origin.
const PAIR: u64 = 8;

/// What one rank's kernels move in one stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Read from the rank's own memory.
    pub read: u64,
    /// Written to the rank's own memory.
    pub written: u64,
    /// Written to each peer's memory.
    pub links: BTreeMap<usize, u64>,
}

/// What the ranks' kernels move, in rank order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoundBytes {
    /// A whole dispatch.
    pub dispatch: Vec<Moved>,
    /// A dispatch by the positions of an earlier round.
    pub dispatch_cached: Vec<Moved>,
    /// Combine.
    pub combine: Vec<Moved>,
}

/// What one rank sends another.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    /// Tokens that need that rank.
    rows: u64,
    /// Their selections there.
    slots: u64,
}

/// What arrives at one rank.
#[derive(Clone, Debug, Default)]
struct Arriving {
    slots_of_expert: Vec<u64>,
    /// Rows that several of its experts want, and how many copies beyond the first these make.
    shared_rows: u64,
    copies: u64,
}

impl RoundBytes {
    /// Bytes of a round in which rank `r` brings the tokens that `routes[r]` routes. `quantises`:
    /// rows are bf16 that dispatch makes 8-bit floats of.
    pub fn new(shape: &Shape, layout: Layout, quantises: bool, routes: &[Routes]) -> RoundBytes {
        let ranks = routes.len();
        let local = shape.experts as usize / ranks;
        let top_k = shape.top_k as usize;
        let mut sent = vec![vec![Sent::default(); ranks]; ranks];
        let mut arriving = vec![Arriving { slots_of_expert: vec![0; local], ..Arriving::default() }; ranks];
        let mut sending = vec![0; ranks];
        for (rank, routes) in routes.iter().enumerate() {
            for token in routes.experts.chunks(top_k) {
                let mut wanted: BTreeMap<usize, u64> = BTreeMap::new();
                for expert in token.iter().filter_map(|&expert| usize::try_from(expert).ok()) {
                    *wanted.entry(expert / local).or_default() += 1;
                    arriving[expert / local].slots_of_expert[expert % local] += 1;
                }
                sending[rank] += u64::from(!wanted.is_empty());
                for (&peer, &slots) in &wanted {
                    sent[rank][peer].rows += 1;
                    sent[rank][peer].slots += slots;
                    arriving[peer].shared_rows += u64::from(slots > 1);
                    arriving[peer].copies += slots - 1;
                }
            }
        }

        let (row, side) = (u64::from(shape.row_bytes()), u64::from(shape.side_bytes()));
        let output = u64::from(shape.output_row_bytes());
        let source = if quantises { output } else { row + side };
        // A row with its record, selections and origin, and where its slots find it.
        let delivered =
            |sent: Sent| sent.rows * (row + side + PAIR * u64::from(shape.top_k) + PAIR) + WORD * sent.slots;
        let peers = |rank: usize| (0..ranks).filter(move |&peer| peer != rank);
        let dispatch_cached: Vec<Moved> = (0..ranks)
            .map(|rank| {
                let mut moved = Moved {
                    read: sending[rank] * source,
                    written: delivered(sent[rank][rank]),
                    // Two flags: of `begin_round` and of `dispatch`.
                    links: peers(rank).map(|peer| (peer, delivered(sent[rank][peer]) + 2 * FLAG)).collect(),
                };
                moved.lay_by_expert(layout, &arriving[rank], row + side);
                moved
            })
            .collect();
        let counts = WORD * (ranks as u64 + u64::from(shape.experts));
        let dispatch = dispatch_cached
            .iter()
            .map(|cached| {
                // Counts besides; the flag of `count` takes the place of that of `begin_round`.
                let links = cached.links.iter().map(|(&peer, &bytes)| (peer, bytes + counts)).collect();
                Moved { links, ..cached.clone() }
            })
            .collect();
        let combine = (0..ranks)
            .map(|rank| {
                let slots: u64 = arriving[rank].slots_of_expert.iter().sum();
                let partials: u64 = sent[rank].iter().map(|sent| sent.rows).sum();
                let tokens = (routes[rank].experts.len() / top_k) as u64;
                Moved {
                    read: (slots + partials) * output,
                    written: (sent[rank][rank].rows + tokens) * output,
                    links: peers(rank).map(|peer| (peer, sent[peer][rank].rows * output + FLAG)).collect(),
                }
            })
            .collect();
        RoundBytes { dispatch, dispatch_cached, combine }
    }
}

impl Moved {
    /// What the receiving rank does itself where rows lie at their slots: further copies, and slots
    /// that nobody takes.
    fn lay_by_expert(&mut self, layout: Layout, arriving: &Arriving, bytes: u64) {
        let unused: u64 = match layout {
            Layout::BySource => return,
            Layout::ByExpert { alignment } => {
                let alignment = u64::from(alignment);
                arriving.slots_of_expert.iter().map(|slots| slots.next_multiple_of(alignment) - slots).sum()
            }
            Layout::Masked { capacity } => {
                arriving.slots_of_expert.iter().map(|&slots| u64::from(capacity).saturating_sub(slots)).sum()
            }
        };
        let zeros = if let Layout::ByExpert { .. } = layout { unused } else { 0 };
        self.read += arriving.shared_rows * bytes;
        self.written += (arriving.copies + zeros) * bytes + WORD * unused;
    }
}

/// What a stage moves through GPUs, of which rank `r` runs on number `r` modulo their count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Busiest {
    /// Bytes read from and written to the memory of the GPU where that is most.
    pub memory: u64,
    /// Bytes that leave or enter the GPU where that is most, in the direction in which it is.
    pub link: u64,
}

impl Busiest {
    /// The busiest of `gpus` GPUs.
    pub fn of(ranks: &[Moved], gpus: usize) -> Busiest {
        let gpus = gpus.max(1);
        let (mut memory, mut out, mut into) = (vec![0; gpus], vec![0; gpus], vec![0; gpus]);
        for (rank, moved) in ranks.iter().enumerate() {
            memory[rank % gpus] += moved.read + moved.written;
            for (&peer, &bytes) in &moved.links {
                memory[peer % gpus] += bytes;
                if peer % gpus != rank % gpus {
                    out[rank % gpus] += bytes;
                    into[peer % gpus] += bytes;
                }
            }
        }
        let most = |counts: &[u64]| counts.iter().copied().max().unwrap_or(0);
        Busiest { memory: most(&memory), link: most(&out).max(most(&into)) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crossdock_device::{KernelSet, Options, Wire};
    use crossdock_host::report::{Counters, RoundReport, StageReport};
    use crossdock_host::{Capacity, Cluster, Routing, Tokens, Topology, bf16};
    use proptest::prelude::*;

    use super::*;
    use crate::Error;

    /// Two rounds on virtual GPUs, the second cached: the reports of dispatch, cached dispatch and
    /// combine of each rank.
    fn count(
        shape: Shape,
        layout: Layout,
        target: &str,
        routes: &[Routes],
    ) -> Result<Vec<(RoundReport, StageReport)>, Error> {
        let kernels: Arc<KernelSet> = KernelSet::jit_for(shape, Options::new(target, None)?)?;
        let most = routes.iter().map(|routes| routes.experts.len()).max().unwrap_or(0) / shape.top_k as usize;
        let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(routes.len()))?.multiprocessors(8);
        let counted = cluster.run(|rank| -> Result<_, crossdock_host::Error> {
            let routes = &routes[rank.index()];
            let tokens = routes.experts.len() / shape.top_k as usize;
            let mut dock = rank.dock(Arc::clone(&kernels), Capacity::tokens(most).layout(layout))?;
            let rows = vec![bf16::ONE; tokens * shape.hidden as usize];
            let routing = Routing::new(&routes.experts, &routes.weights);
            let arrived = dock.dispatch(&Tokens::Bf16(&rows), &routing)?;
            let dispatch = arrived.report().clone();
            let handle = arrived.handle()?;
            let outputs = vec![bf16::ONE; arrived.slot_count() * shape.hidden as usize];
            let combine = arrived.combine(&outputs)?.report;
            let cached = dock.dispatch_cached(&Tokens::Bf16(&rows), &handle)?.report().clone();
            Ok((RoundReport { dispatch, combine }, cached))
        })?;
        Ok(counted)
    }

    fn links(stage: &StageReport) -> BTreeMap<usize, u64> {
        let links = stage.counters().expect("virtual GPUs count").traffic.nvlink;
        links.into_iter().map(|(peer, link)| (peer, link.read + link.written)).collect()
    }

    /// What the kernel of that name counted.
    fn kernel(stage: &StageReport, name: &str) -> Counters {
        let launch = stage.launches.iter().find(|launch| launch.kernel == name).expect("it ran");
        launch.counters.clone().expect("virtual GPUs count")
    }

    /// Own memory that a kernel wrote, without its counter of finished blocks and its own flag.
    fn written(counters: &Counters) -> u64 {
        counters.traffic.hbm_written - WORD * (counters.activity.blocks + 1) - FLAG
    }

    fn agrees(shape: Shape, layout: Layout, target: &str, routes: &[Routes]) {
        let counted = count(shape, layout, target, routes).expect("the round is legal");
        let quantises = matches!(shape.wire, Wire::Fp8(_));
        let bytes = RoundBytes::new(&shape, layout, quantises, routes);
        for (rank, (round, cached)) in counted.iter().enumerate() {
            for (what, stage, name, moved) in [
                ("dispatch", &round.dispatch, "dispatch", &bytes.dispatch[rank]),
                ("cached dispatch", cached, "dispatch", &bytes.dispatch_cached[rank]),
                ("combine", &round.combine, "combine", &bytes.combine[rank]),
            ] {
                let place = format!("{shape:?}, {layout:?}, {target}, {what}, rank {rank}");
                assert_eq!(links(stage), moved.links, "{place}: links");
                let kernel = kernel(stage, name);
                assert_eq!(written(&kernel), moved.written, "{place}: written");
                assert!(kernel.traffic.hbm_read >= moved.read, "{place}: {} read", kernel.traffic.hbm_read);
            }
        }
    }

    /// Routes of `tokens` tokens each; one selection in five goes nowhere.
    fn drawn(shape: &Shape, tokens: &[usize], seed: u64) -> Vec<Routes> {
        let mut state = seed;
        let mut below = |most: u32| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            ((state >> 33) % u64::from(most)) as u32
        };
        let routes = tokens.iter().map(|&tokens| {
            let selections = tokens * shape.top_k as usize;
            let experts = (0..selections)
                .map(|_| if below(5) == 0 { -1 } else { below(shape.experts).cast_signed() })
                .collect();
            Routes { experts, weights: vec![0.5; selections] }
        });
        routes.collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 24,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn bytes_are_those_that_virtual_gpus_count(
            tokens in prop::collection::vec(0usize..12, 1..5),
            local in 1u32..4,
            top_k in 1u32..7,
            wide in 1u32..5,
            layout in prop_oneof![
                Just(Layout::BySource),
                Just(Layout::ByExpert { alignment: 4 }),
                Just(Layout::Masked { capacity: 12 * 6 * 5 }),
            ],
            fp8: bool,
            new: bool,
            seed: u64,
        ) {
            let experts = local * tokens.len() as u32;
            let wire = if fp8 { Wire::FP8 } else { Wire::Bf16 };
            let shape = Shape { hidden: 48 * wide, top_k: top_k.min(experts), experts, wire };
            let routes = drawn(&shape, &tokens, seed);
            agrees(shape, layout, if new { "sm_90" } else { "sm_80" }, &routes);
        }
    }

    /// On one rank nobody waits, so twice the width reads exactly as many bytes more as rows and
    /// outputs grow by.
    #[test]
    fn what_is_read_grows_with_rows_as_it_should() {
        for layout in [Layout::BySource, Layout::ByExpert { alignment: 2 }] {
            let read = |hidden: u32| {
                let shape = Shape { hidden, top_k: 3, experts: 4, wire: Wire::Bf16 };
                let routes = drawn(&shape, &[21], 5);
                let counted = count(shape, layout, "sm_90", &routes).expect("the round is legal");
                let (round, _) = &counted[0];
                let bytes = RoundBytes::new(&shape, layout, false, &routes);
                [
                    (kernel(&round.dispatch, "dispatch").traffic.hbm_read, bytes.dispatch[0].read),
                    (kernel(&round.combine, "combine").traffic.hbm_read, bytes.combine[0].read),
                ]
            };
            for ((counted, expected), (wider, wider_expected)) in read(256).into_iter().zip(read(512)) {
                assert_eq!(wider - counted, wider_expected - expected, "{layout:?}");
            }
        }
    }

    #[test]
    fn bytes_between_ranks_of_one_gpu_are_bytes_of_its_memory() {
        let moved =
            |links: &[(usize, u64)]| Moved { read: 10, written: 1, links: links.iter().copied().collect() };
        let ranks = [moved(&[(1, 100), (2, 1000)]), moved(&[(0, 200)]), moved(&[])];
        // Ranks 0 and 2 share GPU 0.
        assert_eq!(Busiest::of(&ranks, 2), Busiest { memory: 22 + 1000 + 200, link: 200 });
        assert_eq!(Busiest::of(&ranks, 1), Busiest { memory: 33 + 1300, link: 0 });
        assert_eq!(Busiest::of(&ranks, 3), Busiest { memory: 1011, link: 1100 });
    }
}
