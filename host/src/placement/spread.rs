//! Spreading: the copies of an expert on different GPUs, and equally many of each expert where
//! there is no load.
//!
//! Two copies on one GPU relieve nothing, yet the published rules make them: they count copies
//! without looking at GPUs, and without load all further copies go to the first expert. Here an
//! expert has a copy more than there are GPUs only when every other expert has one on each, and
//! copies of one expert share a GPU only when there are more of them than GPUs. Last, copies change
//! places while that makes the heaviest GPU lighter.

use super::packing::Seat;
use super::replication::Replicas;

/// Exchanges that improve less than this are no improvement but a rounding error.
const LEAST_GAIN: f64 = 1e-12;

/// Distributes `copies` copies, at least as many as experts: each further one to the expert whose
/// copies carry most, of those that are not on all GPUs yet. Among equals the expert with fewer
/// copies gets it, then the lower index.
pub(super) fn replicate(loads: &[f64], copies: usize, gpus: usize) -> Replicas {
    let mut experts: Vec<usize> = (0..loads.len()).collect();
    let mut counts = vec![1; loads.len()];
    while experts.len() < copies {
        let share = |expert: usize| loads[expert] / counts[expert] as f64;
        let order = |&a: &usize, &b: &usize| {
            let full = |expert: usize| counts[expert] / gpus;
            full(a).cmp(&full(b)).then(share(b).total_cmp(&share(a))).then(counts[a].cmp(&counts[b]))
        };
        let Some(next) = (0..loads.len()).min_by(order) else { break };
        experts.push(next);
        counts[next] += 1;
    }
    Replicas { experts, counts }
}

/// Puts equally many copies on each of `gpus` GPUs, which divide their number. A seat per copy.
pub(super) fn pack(replicas: &Replicas, loads: &[f64], gpus: usize) -> Vec<Seat> {
    let share = |copy: usize| {
        let expert = replicas.experts[copy];
        loads[expert] / replicas.counts[expert] as f64
    };
    let copies = replicas.experts.len();
    let mut packing = Packing {
        experts: &replicas.experts,
        shares: (0..copies).map(share).collect(),
        fixed: replicas.counts.iter().map(|count| count / gpus).sum(),
        room: copies / gpus,
        gpus: vec![Gpu { load: 0.0, copies: Vec::new(), holds: vec![false; loads.len()] }; gpus],
    };
    // Experts with a copy for each GPU, or several, have these there; what is left of each expert
    // goes to different GPUs.
    let mut everywhere: Vec<usize> = replicas.counts.iter().map(|count| count / gpus * gpus).collect();
    let mut left = Vec::new();
    for (copy, &expert) in replicas.experts.iter().enumerate() {
        match everywhere[expert].checked_sub(1) {
            Some(rest) => {
                everywhere[expert] = rest;
                packing.add(rest % gpus, copy);
            }
            None => left.push(copy),
        }
    }
    packing.gpus.iter_mut().for_each(|gpu| gpu.holds.fill(false));
    left.sort_by(|&a, &b| packing.shares[b].total_cmp(&packing.shares[a]));
    left.into_iter().for_each(|copy| packing.place(copy));
    packing.improve();
    let mut seats = vec![Seat::default(); copies];
    for (pack, gpu) in packing.gpus.iter().enumerate() {
        for (position, &copy) in gpu.copies.iter().enumerate() {
            seats[copy] = Seat { pack, position };
        }
    }
    seats
}

#[derive(Clone)]
struct Gpu {
    load: f64,
    copies: Vec<usize>,
    /// `[experts]`: whether a copy is here besides those that are on all GPUs.
    holds: Vec<bool>,
}

struct Packing<'a> {
    /// `[copies]`: the expert of each.
    experts: &'a [usize],
    /// `[copies]`: the load of each.
    shares: Vec<f64>,
    /// The first copies of each GPU, which are on all of them.
    fixed: usize,
    /// Copies on each GPU in the end.
    room: usize,
    gpus: Vec<Gpu>,
}

/// Two copies that change places: each a GPU, and a position in its copies.
type Exchange = [(usize, usize); 2];

impl Packing<'_> {
    /// Whether a GPU may take the copy.
    fn admits(&self, gpu: usize, copy: usize) -> bool {
        !self.gpus[gpu].holds[self.experts[copy]]
    }

    /// Puts a copy on the lightest GPU that has room, if possible one without its like.
    fn place(&mut self, copy: usize) {
        let order = |&a: &usize, &b: &usize| {
            let (admits, a, b) =
                (self.admits(b, copy).cmp(&self.admits(a, copy)), &self.gpus[a], &self.gpus[b]);
            admits.then(a.load.total_cmp(&b.load)).then(a.copies.len().cmp(&b.copies.len()))
        };
        let open = (0..self.gpus.len()).filter(|&gpu| self.gpus[gpu].copies.len() < self.room);
        let Some(open) = open.min_by(order) else { return };
        let fits = self.admits(open, copy);
        self.add(open, copy);
        if fits {
            return;
        }
        // Some full GPU has no copy of this expert, and more experts than this GPU, so one of them
        // can change places with it.
        let here = (open, self.gpus[open].copies.len() - 1);
        let difference =
            |exchange: &Exchange| (self.shares[self.copy(exchange[1])] - self.shares[copy]).abs();
        let closest = self.exchanges(here).min_by(|a, b| difference(a).total_cmp(&difference(b)));
        if let Some([_, (gpu, position)]) = closest {
            self.exchange([here, (gpu, position)]);
            // The expert of the copy was here already, and still is.
            self.gpus[open].holds[self.experts[copy]] = true;
        }
    }

    fn copy(&self, (gpu, position): (usize, usize)) -> usize {
        self.gpus[gpu].copies[position]
    }

    /// The exchanges of one copy that put none beside its like.
    fn exchanges(&self, here: (usize, usize)) -> impl Iterator<Item = Exchange> + '_ {
        let others =
            (0..self.gpus.len()).filter(move |&gpu| gpu != here.0 && self.admits(gpu, self.copy(here)));
        others
            .flat_map(move |gpu| {
                (self.fixed..self.gpus[gpu].copies.len()).map(move |position| [here, (gpu, position)])
            })
            .filter(move |exchange| self.admits(here.0, self.copy(exchange[1])))
    }

    /// While that makes it lighter, changes a copy of the heaviest GPU for a lighter one.
    fn improve(&mut self) {
        // Each exchange lowers the heaviest or the number of the heaviest; few are ever needed.
        for _ in 0..4 * self.experts.len() {
            let heaviest =
                |a: &usize, b: &usize| self.gpus[*a].load.total_cmp(&self.gpus[*b].load).then(b.cmp(a));
            let Some(gpu) = (0..self.gpus.len()).max_by(heaviest) else { return };
            let load = self.gpus[gpu].load;
            // What the heavier of the two carries afterwards.
            let after = |[from, to]: &Exchange| {
                let moved = self.shares[self.copy(*from)] - self.shares[self.copy(*to)];
                (load - moved).max(self.gpus[to.0].load + moved)
            };
            let all = (self.fixed..self.room).flat_map(|position| self.exchanges((gpu, position)));
            let best =
                all.map(|exchange| (after(&exchange), exchange)).min_by(|(a, _), (b, _)| a.total_cmp(b));
            match best {
                Some((after, exchange)) if after < load * (1.0 - LEAST_GAIN) => self.exchange(exchange),
                _ => return,
            }
        }
    }

    fn exchange(&mut self, exchange: Exchange) {
        let [a, b] = exchange.map(|place| self.copy(place));
        for ((gpu, position), old, new) in [(exchange[0], a, b), (exchange[1], b, a)] {
            let gpu = &mut self.gpus[gpu];
            gpu.copies[position] = new;
            gpu.load += self.shares[new] - self.shares[old];
            gpu.holds[self.experts[old]] = false;
            gpu.holds[self.experts[new]] = true;
        }
    }

    fn add(&mut self, gpu: usize, copy: usize) {
        let gpu = &mut self.gpus[gpu];
        gpu.copies.push(copy);
        gpu.load += self.shares[copy];
        gpu.holds[self.experts[copy]] = true;
    }
}
