//! Rounds small enough to work out on paper.

use crossdock_oracle::{
    Arrival, Bounds, Round, Selection, Slots, Source, Sums, arrivals, combine, combine_bf16, combine_bounds,
    dispatch_bounds, gradients, values_home,
};
use half::bf16;

/// Two ranks with two experts each. Rank 0 brings two tokens (rows 10 and 11), rank 1 one (row 20).
fn two_ranks() -> Round {
    let source = |experts: &[i32], weights: &[f32], rows: &[u8], sides: &[u8]| Source {
        experts: experts.to_vec(),
        weights: weights.to_vec(),
        rows: rows.to_vec(),
        sides: sides.iter().flat_map(|&side| [side; 4]).collect(),
    };
    Round {
        experts: 4,
        top_k: 3,
        hidden: 1,
        row_bytes: 2,
        side_bytes: 4,
        source_bytes: 6,
        slots: Slots::BesideRows,
        sources: vec![
            source(&[3, 0, 2, -1, 1, 1], &[0.5, 0.25, 2.0, 9.0, 3.0, 4.0], &[10, 10, 11, 11], &[1, 2]),
            source(&[2, -1, 3], &[1.0, 9.0, 8.0], &[20, 20], &[3]),
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
            sides: [[1; 4], [2; 4]].concat(),
            selections: vec![None, selected(0, 0.25), None, None, selected(1, 3.0), selected(2, 4.0)],
            source_offsets: vec![0, 2, 2],
            expert_offsets: vec![0, 1, 3],
            expert_counts: vec![1, 2],
            expert_rows: vec![Some(0), Some(1), Some(1)],
        },
        Arrival {
            origins: vec![(0, 0), (1, 0)],
            rows: vec![10, 10, 20, 20],
            sides: [[1; 4], [3; 4]].concat(),
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
            expert_counts: vec![2, 2],
            expert_rows: vec![Some(0), Some(1), Some(0), Some(1)],
        },
    ];
    assert_eq!(arrivals(&two_ranks()), expected);
}

#[test]
fn results_are_weighted_sums_of_the_slots() {
    let round = two_ranks();
    let outputs =
        [[1.0, 2.0, 3.0].map(bf16::from_f32).to_vec(), [10.0, 20.0, 30.0, 40.0].map(bf16::from_f32).to_vec()];
    let results = combine_bf16(&round, &arrivals(&round), &outputs);
    // Token (0, 0): rank 1 gives 0.5 * 30 + 2 * 10, rank 0 gives 0.25 * 1. Token (0, 1): 3 * 2 +
    // 4 * 3.
    let expected = [
        [35.25f32, 18.0].map(bf16::from_f32).to_vec(),
        [1.0f32 * 20.0 + 8.0 * 40.0].map(bf16::from_f32).to_vec(),
    ];
    assert_eq!(results, expected);
}

#[test]
fn partial_sums_are_rounded_before_they_travel() {
    // One token, two ranks with one expert each: 256 + 1 needs nine bits, bf16 holds eight.
    let source = Source { experts: vec![0, 0, 1], weights: vec![1.0; 3], rows: vec![0; 2], sides: vec![] };
    let round = Round {
        experts: 2,
        top_k: 3,
        hidden: 1,
        row_bytes: 2,
        side_bytes: 0,
        source_bytes: 2,
        slots: Slots::BesideRows,
        sources: vec![source, Source::default()],
    };
    let outputs = [[256.0, 1.0].map(bf16::from_f32).to_vec(), vec![bf16::from_f32(1.0)]];
    // bf16(256 + 1) is 256, and bf16(256 + 1) is 256 again; an exact sum of three would round
    // to 258.
    assert_eq!(combine_bf16(&round, &arrivals(&round), &outputs)[0], [bf16::from_f32(256.0)]);
}

#[test]
fn a_token_without_routes_goes_nowhere_and_gives_positive_zero() {
    let source =
        Source { experts: vec![-1, -1], weights: vec![f32::NAN; 2], rows: vec![7; 2], sides: vec![] };
    let round =
        Round { experts: 1, top_k: 2, hidden: 1, row_bytes: 2, sources: vec![source], ..Round::default() };
    let arrived = arrivals(&round);
    assert_eq!((arrived[0].rows.len(), &arrived[0].expert_offsets), (0, &vec![0, 0]));
    assert_eq!(combine_bf16(&round, &arrived, &[vec![]])[0][0].to_bits(), 0);
    assert_eq!(dispatch_bounds(&round, &arrivals(&round)), Bounds::default());
    assert_eq!(combine_bounds(&round, &arrived), Bounds { rows: 0, nvlink: 0, hbm: 2 });
}

#[test]
fn bounds_count_each_row_once_per_destination() {
    let round = two_ranks();
    // Deliveries: (0,0) to ranks 1 and 0, (0,1) to rank 0, (1,0) to rank 1. Six bytes each with the
    // scale.
    assert_eq!(dispatch_bounds(&round, &arrivals(&round)), Bounds { rows: 4, nvlink: 6, hbm: 3 * 6 + 3 * 6 });
    // Seven outputs read, one partial across NVLink, three written at home, four read, three
    // results; two bytes each.
    assert_eq!(
        combine_bounds(&round, &arrivals(&round)),
        Bounds { rows: 4, nvlink: 2, hbm: (7 + 3 + 4 + 3) * 2 }
    );
}

#[test]
fn slots_are_aligned_or_fixed_and_rows_lie_at_them() {
    let rows = |slots| {
        let round = Round { slots, ..two_ranks() };
        let arrivals = arrivals(&round);
        let second = &arrivals[1];
        (second.expert_offsets.clone(), second.expert_rows.clone(), second.stored(&round, &second.rows, 2, 0))
    };
    let (offsets, taken, stored) = rows(Slots::Aligned(3));
    assert_eq!(offsets, [0, 3, 6]);
    assert_eq!(taken, [Some(0), Some(1), None, Some(0), Some(1), None]);
    assert_eq!(stored, [10, 10, 20, 20, 0, 0, 10, 10, 20, 20, 0, 0]);
    let (offsets, taken, _) = rows(Slots::Fixed(4));
    assert_eq!(offsets, [0, 4, 8]);
    assert_eq!(taken[4..], [Some(0), Some(1), None, None]);
    let round = Round { slots: Slots::Aligned(3), ..two_ranks() };
    let arrived = arrivals(&round);
    // Three rows have two slots each: read once more, written once more. Of the slots, 2 + 1 and
    // 1 + 1 are zeros.
    let further = 3 * 2 + 5;
    assert_eq!(dispatch_bounds(&round, &arrived).hbm, (3 + 3 + further) * 6);
}

#[test]
fn sums_may_be_unweighted_by_row_and_start_from_biases() {
    let round = two_ranks();
    let arrived = arrivals(&round);
    let number = |values: &[f32]| values.iter().map(|&value| bf16::from_f32(value)).collect::<Vec<_>>();
    let slots = [number(&[1.0, 2.0, 3.0]), number(&[10.0, 20.0, 30.0, 40.0])];
    let unweighted = Sums { unweighted: true, ..Sums::default() };
    assert_eq!(combine(&round, &arrived, &slots, &unweighted), [vec![41.0, 5.0], vec![60.0]]);
    let rows = [number(&[1.0, 2.0]), number(&[10.0, 20.0])];
    let biases = vec![vec![number(&[0.5, 0.25])], vec![number(&[3.0]), number(&[4.0])]];
    let by_row = Sums { by_row: true, biases, ..Sums::default() };
    assert_eq!(combine(&round, &arrived, &rows, &by_row), [vec![11.5, 2.25], vec![27.0]]);
    let home = values_home(&round, &arrived, &[vec![1.0, 2.0, 3.0], vec![4.0, 5.0, 6.0, 7.0]]);
    assert_eq!(home, [vec![6.0, 1.0, 4.0, 0.0, 2.0, 3.0], vec![5.0, 0.0, 7.0]]);
}

#[test]
fn gradients_are_scaled_rows_and_dot_products() {
    let round = two_ranks();
    let arrived = arrivals(&round);
    let number = |values: &[f32]| values.iter().map(|&value| bf16::from_f32(value)).collect::<Vec<_>>();
    let outputs = [number(&[1.0, 2.0, 3.0]), number(&[10.0, 20.0, 30.0, 40.0])];
    let results = [number(&[2.0, 4.0]), number(&[-1.0])];
    let all = gradients(&round, &arrived, &outputs, &results);
    assert_eq!(all[0], (number(&[0.5, 12.0, 16.0]), vec![2.0, 8.0, 12.0]));
    assert_eq!(all[1], (number(&[4.0, -1.0, 1.0, -8.0]), vec![20.0, -20.0, 60.0, -40.0]));
}
