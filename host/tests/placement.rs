//! Expert placement: the published example, and what every placement must satisfy, against brute
//! force and a plain greedy.

use crossdock_host::{Balance, Placement};
use proptest::prelude::*;

/// The loads of the published example: two layers of twelve experts.
const LOADS: [f64; 24] = [
    90.0, 132.0, 40.0, 61.0, 104.0, 165.0, 39.0, 4.0, 73.0, 56.0, 183.0, 86.0, //
    20.0, 107.0, 104.0, 64.0, 19.0, 197.0, 187.0, 157.0, 172.0, 86.0, 16.0, 27.0,
];

#[test]
fn the_published_example_is_reproduced() {
    let balance = Balance { physical_experts: 16, groups: 4, nodes: 2, gpus: 8 };
    let placements = balance.place_as_published(&LOADS, 12).expect("the sizes divide");
    let tables: Vec<_> = placements.iter().map(Placement::physical_to_logical).collect();
    assert_eq!(
        tables,
        [
            [5, 6, 5, 7, 8, 4, 3, 4, 10, 9, 10, 2, 0, 1, 11, 1],
            [7, 10, 6, 8, 6, 11, 8, 9, 2, 4, 5, 1, 5, 0, 3, 1],
        ]
    );
    // Replicas of one expert are on different GPUs here, and a token's group on one node.
    for placement in &placements {
        for expert in 0..12 {
            let mut gpus: Vec<u32> = placement.replicas(expert).iter().map(|physical| physical / 2).collect();
            let copies = gpus.len();
            gpus.dedup();
            assert_eq!(gpus.len(), copies, "expert {expert}");
            let nodes: Vec<u32> = gpus.iter().map(|gpu| gpu / 4).collect();
            assert!(nodes.iter().all(|&node| node == nodes[0]), "expert {expert}");
        }
    }
}

#[test]
fn impossible_sizes_say_which_and_why() {
    let good = Balance { physical_experts: 16, groups: 4, nodes: 2, gpus: 8 };
    let message = |balance: Balance, loads: &[f64], experts| {
        balance.place(loads, experts).expect_err("refused").to_string()
    };
    assert_eq!(
        message(Balance { physical_experts: 12, ..good }, &LOADS, 12),
        "physical_experts must be a multiple of gpus (8): 12 is not"
    );
    assert_eq!(
        message(Balance { physical_experts: 8, ..good }, &LOADS, 12),
        "physical_experts must be 12 to 2147483647: 8 is not"
    );
    assert_eq!(
        message(Balance { groups: 5, ..good }, &LOADS, 12),
        "logical_experts must be a multiple of groups (5): 12 is not"
    );
    assert_eq!(
        message(Balance { nodes: 3, ..good }, &LOADS, 12),
        "gpus must be a multiple of nodes (3): 8 is not"
    );
    assert_eq!(message(Balance { gpus: 0, ..good }, &LOADS, 12), "gpus must be 1 to 2147483647: 0 is not");
    assert_eq!(message(good, &LOADS, 0), "logical_experts must be 1 to 2147483647: 0 is not");
    assert_eq!(
        message(good, &LOADS[..23], 12),
        "loads must hold layers * logical experts = 24 elements; it holds 23"
    );
    for (load, word) in [(f64::NAN, "NaN"), (-1.0, "-1"), (f64::INFINITY, "inf")] {
        let mut loads = LOADS;
        loads[17] = load;
        assert_eq!(
            message(good, &loads, 12),
            format!("layer 1, expert 5: the load must be a finite number of at least 0: {word} is not")
        );
    }
    assert_eq!(good.place(&[], 12).expect("no layers").len(), 0);
}

/// Sizes that divide, and loads: small whole numbers, so that ties are common and sums exact.
fn cases() -> impl Strategy<Value = (Balance, usize, Vec<f64>)> {
    (1usize..=4, 1usize..=4, 1usize..=4, 1usize..=5, 0usize..=6, 1usize..=2).prop_flat_map(
        |(nodes, gpus_per_node, groups, group_size, more, layers)| {
            let (gpus, experts) = (nodes * gpus_per_node, groups * group_size);
            let physical_experts = experts.next_multiple_of(gpus) + more * gpus;
            let balance = Balance { physical_experts, groups, nodes, gpus };
            prop::collection::vec((0u32..=30).prop_map(f64::from), layers * experts)
                .prop_map(move |loads| (balance, experts, loads))
        },
    )
}

/// The load of every GPU when the replicas of an expert share its load equally.
fn gpu_loads(placement: &Placement, loads: &[f64], gpus: usize) -> Vec<f64> {
    let share = |&expert: &u32| loads[expert as usize] / placement.replicas(expert as usize).len() as f64;
    let per_gpu = placement.physical_experts() / gpus;
    placement.physical_to_logical().chunks(per_gpu).map(|gpu| gpu.iter().map(share).sum()).collect()
}

fn heaviest_gpu(placement: &Placement, loads: &[f64], gpus: usize) -> f64 {
    gpu_loads(placement, loads, gpus).into_iter().fold(0.0, f64::max)
}

/// `[logical experts][gpus of its node]`: how many copies of the expert each GPU holds.
fn copies_by_gpu(placement: &Placement, balance: Balance, nodes: usize) -> Vec<Vec<usize>> {
    let (per_gpu, per_node) = (balance.physical_experts / balance.gpus, balance.gpus / nodes);
    (0..placement.logical_experts())
        .map(|expert| {
            let mut copies = vec![0; per_node];
            placement
                .replicas(expert)
                .iter()
                .for_each(|&physical| copies[physical as usize / per_gpu % per_node] += 1);
            copies
        })
        .collect()
}

#[test]
fn copies_are_spread_where_the_published_rules_pile_them_up() {
    // One hot expert of four, on two GPUs with three places each: a third copy relieves nothing.
    let balance = Balance { physical_experts: 6, groups: 1, nodes: 1, gpus: 2 };
    let loads = [100.0, 1.0, 1.0, 1.0];
    let counts = |placement: &Placement| [0, 1, 2, 3].map(|expert| placement.replicas(expert).len());
    let published = balance.place_as_published(&loads, 4).expect("the sizes divide").remove(0);
    assert_eq!(counts(&published), [3, 1, 1, 1]);
    let spread = balance.place(&loads, 4).expect("the sizes divide").remove(0);
    assert_eq!(counts(&spread), [2, 2, 1, 1]);
    assert!(heaviest_gpu(&spread, &loads, 2) < heaviest_gpu(&published, &loads, 2));

    // Without load, the published rules give the first expert everything.
    let balance = Balance { physical_experts: 16, groups: 1, nodes: 1, gpus: 4 };
    let counts =
        |placement: &Placement| (0..6).map(|expert| placement.replicas(expert).len()).collect::<Vec<_>>();
    let published = balance.place_as_published(&[0.0; 6], 6).expect("the sizes divide").remove(0);
    assert_eq!(counts(&published), [11, 1, 1, 1, 1, 1]);
    let spread = balance.place(&[0.0; 6], 6).expect("the sizes divide").remove(0);
    assert_eq!(counts(&spread), [3, 3, 3, 3, 2, 2]);
}

/// The least possible load of the heaviest of `copies` copies, over every way to distribute them.
fn lightest_heaviest_copy(loads: &[f64], copies: usize) -> f64 {
    let Some((&first, rest)) = loads.split_first() else { return 0.0 };
    if rest.is_empty() {
        return first / copies as f64;
    }
    (1..=copies - rest.len())
        .map(|count| (first / count as f64).max(lightest_heaviest_copy(rest, copies - count)))
        .fold(f64::INFINITY, f64::min)
}

/// The heaviest pack of a greedy that a person would do by hand: take the heaviest item left, find
/// the lightest pack with room.
fn greedy_maximum(mut items: Vec<f64>, packs: usize) -> f64 {
    let room = items.len() / packs;
    let mut contents: Vec<Vec<f64>> = vec![Vec::new(); packs];
    while !items.is_empty() {
        let heaviest =
            (0..items.len()).reduce(|best, item| if items[item] > items[best] { item } else { best });
        let item = items.remove(heaviest.expect("not empty"));
        let open = (0..packs).filter(|&pack| contents[pack].len() < room);
        let load = |pack: usize| contents[pack].iter().sum::<f64>();
        let lightest = open.reduce(|best, pack| if load(pack) < load(best) { pack } else { best });
        contents[lightest.expect("there is room for all")].push(item);
    }
    contents.iter().map(|pack| pack.iter().sum()).fold(0.0, f64::max)
}

proptest! {
    #[test]
    fn every_expert_is_placed_and_groups_keep_to_a_node((balance, experts, loads) in cases()) {
        let (spread, published) = (balance.place(&loads, experts), balance.place_as_published(&loads, experts));
        let placements = [spread.expect("the sizes divide"), published.expect("the sizes divide")];
        for placement in placements.iter().flatten() {
            prop_assert_eq!(placement.physical_experts(), balance.physical_experts);
            let mut seen: Vec<u32> = Vec::new();
            for expert in 0..experts {
                let replicas = placement.replicas(expert);
                prop_assert!(!replicas.is_empty(), "expert {} is nowhere", expert);
                for &physical in replicas {
                    prop_assert_eq!(placement.physical_to_logical()[physical as usize] as usize, expert);
                }
                seen.extend(replicas);
            }
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..balance.physical_experts as u32).collect::<Vec<_>>());
            if balance.groups % balance.nodes == 0 {
                // Each node holds the same number of whole groups, with all their replicas.
                let per_node = balance.physical_experts / balance.nodes;
                let mut homes = vec![None; balance.groups];
                for (physical, &expert) in placement.physical_to_logical().iter().enumerate() {
                    let home = homes[expert as usize / (experts / balance.groups)].get_or_insert(physical / per_node);
                    prop_assert_eq!(*home, physical / per_node);
                }
                for node in 0..balance.nodes {
                    let groups = homes.iter().filter(|home| **home == Some(node)).count();
                    prop_assert_eq!(groups, balance.groups / balance.nodes);
                }
            }
        }
    }

    #[test]
    fn no_other_numbers_of_replicas_are_better(
        loads in prop::collection::vec((0u32..=30).prop_map(f64::from), 1..=5),
        more in 0usize..=5,
    ) {
        let copies = loads.len() + more;
        // A GPU for every copy: its load is the copy's.
        let balance = Balance { physical_experts: copies, groups: 1, nodes: 1, gpus: copies };
        let (spread, published) = (balance.place(&loads, loads.len()), balance.place_as_published(&loads, loads.len()));
        for placement in [spread, published] {
            let placement = &placement.expect("the sizes divide")[0];
            let heaviest = heaviest_gpu(placement, &loads, copies);
            prop_assert_eq!(heaviest, lightest_heaviest_copy(&loads, copies));
        }
    }

    #[test]
    fn the_heaviest_gpu_is_no_heavier_than_greedy_packing_makes_it((balance, experts, loads) in cases()) {
        let global = Balance { groups: 1, nodes: 1, ..balance };
        for (placement, loads) in global.place_as_published(&loads, experts).expect("the sizes divide").iter().zip(loads.chunks(experts)) {
            let share = |&expert: &u32| loads[expert as usize] / placement.replicas(expert as usize).len() as f64;
            let items: Vec<f64> = placement.physical_to_logical().iter().map(share).collect();
            let heaviest = heaviest_gpu(placement, loads, balance.gpus);
            let greedy = greedy_maximum(items, balance.gpus);
            // Sums of thirds and fifths round differently in another order.
            prop_assert!(heaviest <= greedy * (1.0 + 1e-9), "{} and {}", heaviest, greedy);
        }
    }

    #[test]
    fn copies_share_a_gpu_only_where_they_must((balance, experts, loads) in cases()) {
        let nodes = if balance.groups % balance.nodes == 0 { balance.nodes } else { 1 };
        let gpus = balance.gpus / nodes;
        for (placement, loads) in balance.place(&loads, experts).expect("the sizes divide").iter().zip(loads.chunks(experts)) {
            let copies = copies_by_gpu(placement, balance, nodes);
            for gpus in &copies {
                let (least, most) = (gpus.iter().min(), gpus.iter().max());
                prop_assert!(most.zip(least).is_some_and(|(most, least)| most - least <= 1), "{:?}", copies);
            }
            // More copies than GPUs only where all experts of the node have as many.
            let per_node = balance.physical_experts / nodes;
            let homes: Vec<usize> = (0..experts).map(|expert| placement.replicas(expert)[0] as usize / per_node).collect();
            let totals: Vec<usize> = copies.iter().map(|gpus| gpus.iter().sum()).collect();
            for (expert, total) in totals.iter().enumerate() {
                let others = || (0..experts).filter(|&other| homes[other] == homes[expert]);
                prop_assert!(*total <= gpus || others().all(|other| totals[other] >= gpus), "{:?}", totals);
                // Equal loads get equally many.
                for other in others().filter(|&other| loads[other] == loads[expert]) {
                    prop_assert!(totals[other].abs_diff(*total) <= 1, "{:?} of {:?}", totals, loads);
                }
            }
        }
    }

    #[test]
    fn spreading_costs_nothing_where_the_published_rules_spread((balance, experts, loads) in cases()) {
        let nodes = if balance.groups % balance.nodes == 0 { balance.nodes } else { 1 };
        let (spread, published) = (balance.place(&loads, experts), balance.place_as_published(&loads, experts));
        let layers = spread.expect("the sizes divide").into_iter().zip(published.expect("the sizes divide"));
        for ((spread, published), loads) in layers.zip(loads.chunks(experts)) {
            let alike = (0..experts).all(|expert| spread.replicas(expert).len() == published.replicas(expert).len());
            let apart = copies_by_gpu(&published, balance, nodes).iter().flatten().all(|&copies| copies < 2);
            if alike && apart {
                let heaviest = heaviest_gpu(&spread, loads, balance.gpus);
                let bound = heaviest_gpu(&published, loads, balance.gpus);
                prop_assert!(heaviest <= bound * (1.0 + 1e-9), "{} and {}", heaviest, bound);
            }
        }
    }
}
