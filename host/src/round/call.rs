//! Which collective call a rank makes: what ranks compare where they wait for each other.

use std::fmt;

/// A round of a dock, which all ranks number alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RoundName {
    pub(crate) dock: u32,
    pub(crate) round: u32,
}

/// A collective call as flags hold it, in 31 bits: equal on ranks whose calls belong together.
///
/// From the lowest bit: the operation (2 bits), whether it repeats a round by a handle, how it
/// combines (3 bits), and of the handle's round the number (18 bits) and the dock (7 bits), which
/// are the same for rounds that far apart only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call(u32);

const DISPATCH: u32 = 1;
const COMBINE: u32 = 2;
const OPERATION: u32 = 3;
const CACHED: u32 = 1 << 2;
const BY_ROW: u32 = 1 << 3;
const WEIGHTED: u32 = 1 << 4;
const VALUES: u32 = 1 << 5;
const ROUND_FROM: u32 = 6;
const ROUND_BITS: u32 = 18;
const DOCK_FROM: u32 = ROUND_FROM + ROUND_BITS;
const DOCK_BITS: u32 = 7;

impl Call {
    /// A dispatch that counts, whatever its routes come from and whoever waits for it.
    pub(crate) const DISPATCH: Call = Call(DISPATCH);

    /// A combine, with what all ranks must ask for alike.
    pub(crate) fn combine(by_row: bool, weighted: bool, values: bool) -> Call {
        let set = |bit, given| if given { bit } else { 0 };
        Call(COMBINE | set(BY_ROW, by_row) | set(WEIGHTED, weighted) | set(VALUES, values))
    }

    /// The same with the routes and positions of an earlier round.
    pub(crate) fn cached(self, made: RoundName) -> Call {
        let low = |number: u32, bits: u32| number & ((1 << bits) - 1);
        Call(
            self.0
                | CACHED
                | low(made.round, ROUND_BITS) << ROUND_FROM
                | low(made.dock, DOCK_BITS) << DOCK_FROM,
        )
    }

    /// As kernels are told.
    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    /// What a flag says.
    pub(crate) const fn of_bits(bits: u32) -> Call {
        Call(bits)
    }

    /// Whether it is the combine of a round that was dispatched before.
    pub(crate) const fn follows_a_dispatch(self) -> bool {
        self.0 & (OPERATION | CACHED) == COMBINE
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has = |bit| self.0 & bit != 0;
        f.write_str(match self.0 & OPERATION {
            DISPATCH => "dispatch",
            COMBINE => "combine",
            _ => "no call",
        })?;
        if has(CACHED) {
            let (round, dock) = (self.0 >> ROUND_FROM & ((1 << ROUND_BITS) - 1), self.0 >> DOCK_FROM);
            write!(f, "_cached with the handle of round {round} of dock {dock}")?;
        }
        if self.0 & OPERATION == COMBINE {
            f.write_str(if has(BY_ROW) { " of rows" } else { " of slots" })?;
            f.write_str(if has(WEIGHTED) { ", weighted" } else { ", unweighted" })?;
            f.write_str(if has(VALUES) { ", with values" } else { ", without values" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_differ_in_all_that_ranks_must_agree_on_and_say_it() {
        let (first, second) = (RoundName { dock: 0, round: 1 }, RoundName { dock: 0, round: 2 });
        let other = RoundName { dock: 1, round: 1 };
        let combines = [false, true].map(|by_row| {
            [false, true].map(|weighted| [false, true].map(|values| Call::combine(by_row, weighted, values)))
        });
        let combines = combines.as_flattened().as_flattened();
        let mut all = vec![Call::DISPATCH];
        all.extend(combines);
        for made in [first, second, other] {
            all.push(Call::DISPATCH.cached(made));
            all.extend(combines.iter().map(|combine| combine.cached(made)));
        }
        for (at, call) in all.iter().enumerate() {
            assert!(call.bits() < 1 << 31);
            assert_eq!(Call::of_bits(call.bits()), *call);
            for later in &all[at + 1..] {
                assert_ne!(call, later);
                assert_ne!(call.to_string(), later.to_string());
            }
        }
        assert_eq!(
            Call::combine(false, true, true).cached(RoundName { dock: 5, round: 9 }).to_string(),
            "combine_cached with the handle of round 9 of dock 5 of slots, weighted, with values"
        );
        let far = RoundName { dock: u32::MAX, round: u32::MAX };
        assert!(Call::combine(true, true, true).cached(far).bits() < 1 << 31);
    }
}
