//! Masks of the `_among` forms.

use crate::kernels::{refuses, takes};

fn unproven(name: &str) -> String {
    format!(
        "it is not provable that exactly the lanes of this mask reach `{name}` with it: use the mask that `match_any` gave, \
         or inside `if p` the mask of `ballot(p)` for the same binding `p`, or vouch for it with `assume_members(mask)`"
    )
}

#[test]
fn the_groups_of_a_match_meet_where_the_warp_is_together() {
    takes(
        "let group = match_any(out.at(lane()).read()); out.write(shuffle_among(group, n, group.trailing_zeros()));",
    );
    refuses(
        "\nlet group = match_any(lane());\nif lane() == n {\nwarp_barrier_among(group); }",
        4,
        "all lanes of every group must reach this `warp_barrier_among` together, but the branch on line 3 diverges: the \
         condition differs between lanes because it comes from `lane()` on line 3; move it to where all are, or vouch for \
         the condition with `assume_warp_uniform(..)`",
    );
}

#[test]
fn the_lanes_of_a_ballot_meet_inside_its_branch() {
    takes("let p = lane() < n; let mask = ballot(p); if p { out.write(shuffle_among(mask, n, 0)); }");
    let name = "warp_barrier_among";
    let refused = [
        // Outside of the branch, lanes are there that the mask does not name.
        "\nlet p = lane() < n; let mask = ballot(p);\nwarp_barrier_among(mask);",
        // The other arm has the other lanes.
        "\nlet p = lane() < n; let mask = ballot(p); if p { out.write(1); } else {\nwarp_barrier_among(mask); }",
        // Another condition.
        "\nlet p = lane() < n; let q = lane() > n; let mask = ballot(p); if q {\nwarp_barrier_among(mask); }",
        // The condition has changed since.
        "\nlet mut p = lane() < n; let mask = ballot(p); p = lane() > n; if p {\nwarp_barrier_among(mask); }",
        // The mask is of an earlier turn.
        "\nlet mut mask = 0; for i in 0..n { let p = lane() < i; if p {\nwarp_barrier_among(mask); } mask = ballot(p); }",
        // Fewer lanes than the mask names.
        "\nlet p = lane() < n; let mask = ballot(p); if p { if lane() < 3 {\nwarp_barrier_among(mask); } }",
        "\nlet p = lane() < n; let mask = ballot(p); if p { if lane() < 3 { return; }\nwarp_barrier_among(mask); }",
        // Another part of the same value.
        "\nlet p = (lane() < n, lane() > n); let mask = ballot(p.0); if p.1 {\nwarp_barrier_among(mask); }",
    ];
    for body in refused {
        refuses(body, 3, &unproven(name));
    }
}

#[test]
fn other_masks_need_your_word() {
    refuses("out.write(any_among(n, true) as u32);", 1, &unproven("any_among"));
    refuses("if lane() < 16 {\nout.write(ballot_among(0xffff, true)); }", 2, &unproven("ballot_among"));
    takes("if lane() < 16 { out.write(ballot_among(assume_members(0xffff), true)); }");
}

#[test]
fn all_lanes_as_a_mask_are_all_lanes() {
    takes("out.write(ballot_among(0xffff_ffff, true));");
    refuses(
        "if lane() == 1 {\nout.write(ballot_among(0xffff_ffff, true)); }",
        2,
        "all lanes of the warp must reach this `ballot` together, but the branch on line 1 diverges: the condition differs \
         between lanes because it comes from `lane()` on line 1; move it to where all are, or vouch for the condition \
         with `assume_warp_uniform(..)`",
    );
}

#[test]
fn what_some_lanes_agree_on_may_differ_from_the_others() {
    refuses(
        "\nlet group = match_any(lane()); let told = shuffle_among(group, n, 0);\nif told == 1 {\nwarp_barrier(); }",
        4,
        "all lanes of the warp must reach this `warp_barrier` together, but the branch on line 3 diverges: `told` differs \
         between lanes because it comes from `shuffle_among` on line 2; move it to where all are, or vouch for the \
         condition with `assume_warp_uniform(..)`",
    );
}
