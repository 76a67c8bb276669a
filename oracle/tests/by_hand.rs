//! Rounds small enough to work out on paper.

use crossdock_oracle::{
    Arrival, Bounds, Round, Selection, Source, arrivals, combine, combine_bounds, dispatch_bounds,
};
use half::bf16;

/// Two ranks with two experts each. Rank 0 brings two tokens (rows 10 and 11), rank 1 one (row 20).
fn two_ranks() -> Round {
    let source = |experts: &[i32], weights: &[f32], rows: &[u8], scales: &[f32]| Source {
        experts: experts.to_vec(),
        weights: weights.to_vec(),
        rows: rows.to_vec(),
        scales: scales.to_vec(),
    };
    Round {
        experts: 4,
        top_k: 3,
        hidden: 1,
        row_bytes: 2,
        scale_count: 1,
        sources: vec![
            source(&[3, 0, 2, -1, 1, 1], &[0.5, 0.25, 2.0, 9.0, 3.0, 4.0], &[10, 10, 11, 11], &[0.1, 0.2]),
            source(&[2, -1, 3], &[1.0, 9.0, 8.0], &[20, 20], &[0.3]),
        ],
    }
}

fn selected(slot: usize, weight: f32) -> Option<Selection> {
    Some(Selection { slot, weight })
}

#[test]
fn rows_arrive_by_source_and_slots_by_expert() {
    let expected = [
        Arrival {
            origins: vec![(0, 0), (0, 1)],
            rows: vec![10, 10, 11, 11],
            scales: vec![0.1, 0.2],
            selections: vec![None, selected(0, 0.25), None, None, selected(1, 3.0), selected(2, 4.0)],
            source_offsets: vec![0, 2, 2],
            expert_offsets: vec![0, 1, 3],
            expert_rows: vec![0, 1, 1],
        },
        Arrival {
            origins: vec![(0, 0), (1, 0)],
            rows: vec![10, 10, 20, 20],
            scales: vec![0.1, 0.3],
            selections: vec![
                selected(2, 0.5),
                None,
                selected(0, 2.0),
                selected(1, 1.0),
                None,
                selected(3, 8.0),
            ],
            source_offsets: vec![0, 1, 2],
            expert_offsets: vec![0, 2, 4],
            expert_rows: vec![0, 1, 0, 1],
        },
    ];
    assert_eq!(arrivals(&two_ranks()), expected);
}

#[test]
fn results_are_weighted_sums_of_the_slots() {
    let round = two_ranks();
    let outputs =
        [[1.0, 2.0, 3.0].map(bf16::from_f32).to_vec(), [10.0, 20.0, 30.0, 40.0].map(bf16::from_f32).to_vec()];
    let results = combine(&round, &arrivals(&round), &outputs);
    // Token (0, 0): rank 1 gives 0.5 * 30 + 2 * 10, rank 0 gives 0.25 * 1. Token (0, 1): 3 * 2 + 4 * 3.
    let expected = [
        [35.25f32, 18.0].map(bf16::from_f32).to_vec(),
        [1.0f32 * 20.0 + 8.0 * 40.0].map(bf16::from_f32).to_vec(),
    ];
    assert_eq!(results, expected);
}

#[test]
fn partial_sums_are_rounded_before_they_travel() {
    // One token, two ranks with one expert each: 256 + 1 needs nine bits, bf16 holds eight.
    let source = Source { experts: vec![0, 0, 1], weights: vec![1.0; 3], rows: vec![0; 2], scales: vec![] };
    let round = Round {
        experts: 2,
        top_k: 3,
        hidden: 1,
        row_bytes: 2,
        scale_count: 0,
        sources: vec![source, Source::default()],
    };
    let outputs = [[256.0, 1.0].map(bf16::from_f32).to_vec(), vec![bf16::from_f32(1.0)]];
    // bf16(256 + 1) is 256, and bf16(256 + 1) is 256 again; an exact sum of three would round to 258.
    assert_eq!(combine(&round, &arrivals(&round), &outputs)[0], [bf16::from_f32(256.0)]);
}

#[test]
fn a_token_without_routes_goes_nowhere_and_gives_positive_zero() {
    let source =
        Source { experts: vec![-1, -1], weights: vec![f32::NAN; 2], rows: vec![7; 2], scales: vec![] };
    let round =
        Round { experts: 1, top_k: 2, hidden: 1, row_bytes: 2, scale_count: 0, sources: vec![source] };
    let arrivals = arrivals(&round);
    assert_eq!((arrivals[0].rows.len(), &arrivals[0].expert_offsets), (0, &vec![0, 0]));
    assert_eq!(combine(&round, &arrivals, &[vec![]])[0][0].to_bits(), 0);
    assert_eq!(dispatch_bounds(&round), Bounds::default());
    assert_eq!(combine_bounds(&round, &arrivals), Bounds { rows: 0, nvlink: 0, hbm: 2 });
}

#[test]
fn bounds_count_each_row_once_per_destination() {
    let round = two_ranks();
    // Deliveries: (0,0) to ranks 1 and 0, (0,1) to rank 0, (1,0) to rank 1. Six bytes each with the scale.
    assert_eq!(dispatch_bounds(&round), Bounds { rows: 4, nvlink: 6, hbm: 3 * 6 + 3 * 6 });
    // Seven outputs read, one partial across NVLink, three written at home, four read, three results; two bytes each.
    assert_eq!(
        combine_bounds(&round, &arrivals(&round)),
        Bounds { rows: 4, nvlink: 2, hbm: (7 + 3 + 4 + 3) * 2 }
    );
}
