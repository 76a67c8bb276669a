//! A token's routes, one lane per selection.

use crate::device;

/// Reading routes.
#[device]
pub mod code {
    use crate::layout::code::NOWHERE;
    use crate::prelude::*;

    /// What lane `k` knows of selection `k` of a token. Lanes at or past top-k hold no selection.
    #[derive(Clone, Copy, Debug)]
    pub struct Route {
        /// Expert, or [`NOWHERE`].
        pub expert: u32,
        /// The rank that holds it, or [`NOWHERE`].
        pub rank: u32,
        /// The lanes whose selections go to the same rank.
        pub together: u32,
    }

    impl Route {
        /// The lane of the token's first selection for this rank.
        pub fn leader(self) -> u32 {
            self.together.trailing_zeros()
        }

        /// Whether this lane is that lane: each destination rank has one leader.
        pub fn leads(self) -> bool {
            self.rank != NOWHERE && self.together & lanes_below() == 0
        }
    }

    /// The index in the routes of this lane's selection, as given: -1 for none.
    pub fn selected<const TOP_K: u32>(experts: Global<i32>, token: u32) -> i32 {
        let mut expert = -1;
        if lane() < TOP_K {
            expert = experts.at(token * TOP_K + lane()).read();
        }
        expert
    }

    /// This lane's route of `token`. `experts` is `[tokens, TOP_K]`; -1, and what is no expert,
    /// goes nowhere.
    pub fn route<const TOP_K: u32, const EXPERTS: u32>(
        experts: Global<i32>,
        token: u32,
        experts_per_rank: u32,
    ) -> Route {
        let mut expert = selected::<TOP_K>(experts, token) as u32;
        let mut rank = NOWHERE;
        if expert < EXPERTS {
            rank = expert / experts_per_rank;
        } else {
            expert = NOWHERE;
        }
        Route { expert, rank, together: match_any(rank) }
    }
}
