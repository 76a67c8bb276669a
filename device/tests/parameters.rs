//! Structs as kernel parameters: a launch passes each field as a parameter of its own.

mod harness;

use crossdock_device::device;
use crossdock_device::intrinsics::{Peer, Peers};
use crossdock_device::launch::{Argument, Arguments};
use harness::{Memory, blackwell, ptx, run};

/// What other modules take as parameters.
#[device(crate = ::crossdock_device)]
pub mod records {
    use crossdock_device::prelude::*;

    /// Who takes part.
    #[derive(Clone, Copy, Debug)]
    pub struct Place {
        /// This rank.
        pub rank: u32,
        /// All of them.
        pub ranks: u32,
    }

    /// Where a sum is wanted.
    #[derive(Clone, Copy, Debug)]
    pub struct Target(pub Peer<u32>, pub bool);
}

/// Kernels that take structs.
#[device(crate = ::crossdock_device)]
pub mod code {
    use super::records::{Place, Target};
    use crossdock_device::prelude::*;

    /// A round of one rank.
    #[derive(Clone, Copy, Debug)]
    pub struct Round {
        place: Place,
        /// What is added.
        pub words: GlobalSlice<u32>,
        /// Half a weight.
        pub half: f32,
        /// Every rank's copy.
        pub peers: Peers<u32>,
    }

    impl Round {
        /// A round of `place`.
        pub fn new(place: Place, words: GlobalSlice<u32>, half: f32, peers: Peers<u32>) -> Round {
            Round { place, words, half, peers }
        }

        /// The sum, with the rank and twice the half.
        fn sum(self) -> u32 {
            let mut sum = 1000 * self.place.rank + (self.half * 2.0) as u32;
            for index in 0..self.words.len() {
                sum += self.words.at(index).read();
            }
            sum
        }
    }

    /// Writes the sum for whoever wants it; `round_half` is called as a field's parameter might be.
    #[kernel(warps = 1)]
    pub fn announce(round: Round, round_half: u32, to: Target) {
        let Target(target, wanted) = to;
        if lane() == 0 && wanted {
            target.write(round.sum() + round_half);
            round.peers.rank(round.place.ranks - 1).write(round.place.ranks);
        }
    }

    /// Changes its own copy.
    #[kernel(warps = 1)]
    pub fn moved(mut place: Place, out: Global<u32>) {
        while place.rank < place.ranks {
            place.rank += 3;
        }
        out.write(place.rank);
    }
}

#[test]
fn a_struct_is_passed_field_by_field() {
    let mut memory = Memory::new(1);
    let (words, target, copy) = (memory.global(&[5, 6, 7]), memory.global(&[0]), memory.global(&[0]));
    let table = memory.global(&[0, 0, copy.address as u32, (copy.address >> 32) as u32]);
    let place = records::Place { rank: 1, ranks: 2 };
    let peers = Peers::from_address(table.address);
    let arguments = code::AnnounceArguments {
        round: code::Round::new(place, words.pointer().slice(3u32), 2.5, peers),
        round_half: 100_000,
        to: records::Target(Peer::from_address(target.address), true),
    };
    assert_eq!(arguments.arguments().len(), 9);
    assert_eq!(arguments.arguments()[4], Argument::F32(2.5));
    run(&mut memory, &code::__device::MODULE, arguments, &[]);
    assert_eq!(memory.words(&target), [1000 + 5 + 18 + 100_000]);
    assert_eq!(memory.words(&copy), [2]);
}

#[test]
fn a_kernel_may_change_its_copy() {
    let mut memory = Memory::new(1);
    let out = memory.global(&[0]);
    let arguments = code::MovedArguments { place: records::Place { rank: 2, ranks: 9 }, out: out.pointer() };
    run(&mut memory, &code::__device::MODULE, arguments, &[]);
    assert_eq!(memory.words(&out), [11]);
}

#[test]
fn parameters_are_named_after_their_fields() {
    let kernel =
        ptx::<code::AnnounceArguments>(&code::__device::MODULE, &[], &blackwell()).expect("specialised");
    let declared: Vec<&str> = ["round_place_rank", "round_place_ranks", "round_words", "round_words_length"]
        .into_iter()
        .chain(["round_half", "round_peers", "round_half_6", "to_0", "to_1"])
        .collect();
    let text = kernel.ptx.to_string();
    let found: Vec<String> = text
        .lines()
        .filter(|line| line.trim_start().starts_with(".param"))
        .filter_map(|line| line.split("announce_param_").nth(1))
        .map(|name| name.trim_end_matches(',').to_string())
        .collect();
    assert_eq!(found, declared);
}
