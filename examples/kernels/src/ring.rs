//! A token goes round the GPUs, several times. Each GPU has a mailbox and a flag in symmetric
//! memory, which its predecessor writes. The flag holds the turn in which the mailbox was filled,
//! so it is never reset.
//!
//! The mailbox is written with weak writes. They are visible to the successor because the flag is
//! released after and acquired before, both for the whole system. The mailbox may be overwritten in
//! the next turn because the token, and with it the order of events, has gone all the way round by
//! then.

use crossdock::host::{Cluster, Rank, SymmetricBuffer};

use crate::error::Error;

/// The kernel.
#[crossdock::device]
pub mod code {
    use crossdock::prelude::*;

    /// Waits until `flag` holds `turn`; false when that takes more than `deadline` nanoseconds.
    pub fn comes_in_time(flag: Global<u32>, turn: u32, deadline: u64) -> bool {
        let start = global_timer();
        while flag.load(Acquire, System) != turn {
            if global_timer().saturating_sub(start) > deadline {
                return false;
            }
        }
        true
    }

    /// As [`comes_in_time`], for a warp: one lane waits, all lanes see what was released with the
    /// flag.
    pub fn comes_to_warp(flag: Global<u32>, turn: u32, deadline: u64) -> bool {
        let mut in_time = true;
        if lane() == 0 {
            in_time = comes_in_time(flag, turn, deadline);
        }
        // What lane 0 acquired is visible to the others only after a barrier.
        warp_barrier();
        all(in_time)
    }

    /// Passes the token on `turns` times: 32 numbers, to which rank `r` appends the decimal digit
    /// `r + 1`. Rank 0 waits for the token to come home. `missed` becomes the turn in which the
    /// token did not come in time, or 0.
    #[kernel(warps = 1)]
    pub fn pass_token(
        mailboxes: Peers<u64>,
        mailbox: Global<u64>,
        flags: Peers<u32>,
        flag: Global<u32>,
        rank: u32,
        ranks: u32,
        turns: u32,
        deadline: u64,
        missed: Global<u32>,
    ) {
        let last = rank + 1 == ranks;
        let successor = if last { 0 } else { rank + 1 };
        let mut missed_turn = 0;
        let mut turn = 1;
        while turn <= turns && missed_turn == 0 {
            if comes_to_warp(flag, turn, deadline) {
                let number = mailbox.at(lane()).read() * 10 + (rank + 1) as u64;
                mailboxes.rank(successor).at(lane()).write(number);
                // The release of lane 0 covers what the other lanes wrote before the barrier.
                warp_barrier();
                if lane() == 0 {
                    let turn_there = if last { turn + 1 } else { turn };
                    flags.rank(successor).store(turn_there, Release, System);
                }
                turn += 1;
            } else {
                missed_turn = turn;
            }
        }
        if rank == 0 && missed_turn == 0 && !comes_to_warp(flag, turns + 1, deadline) {
            missed_turn = turns + 1;
        }
        if lane() == 0 {
            missed.write(missed_turn);
        }
    }
}

crossdock::specialise! {
    /// The kernel; it runs on every GPU from `sm_80` on.
    pub const PASS_TOKEN = code::pass_token {};
}

/// Numbers in the token: one per lane.
pub const TOKEN: usize = 32;

/// A rank's place in the ring. It serves one journey of the token.
#[derive(Debug)]
pub struct Ring {
    mailbox: SymmetricBuffer<u64>,
    flag: SymmetricBuffer<u32>,
}

impl Ring {
    /// Symmetric memory for the journey. Collective.
    ///
    /// # Errors
    /// When memory is short or a peer fails.
    pub fn open(rank: &Rank) -> Result<Ring, Error> {
        Ok(Ring { mailbox: rank.symmetric_buffer(TOKEN)?, flag: rank.symmetric_buffer(1)? })
    }

    /// Starts the token at rank 0 and passes it on `turns` times. On rank 0 it gives the token that
    /// came home, elsewhere the one that came last. Collective.
    ///
    /// # Errors
    /// When the token does not come within the deadline of the cluster, or a peer fails.
    pub fn pass(self, rank: &Rank, token: &[u64; TOKEN], turns: u16) -> Result<Vec<u64>, Error> {
        if rank.index() == 0 {
            self.mailbox.here().write(0, token)?;
            self.flag.here().write(0, &[1])?;
        }
        let missed = rank.buffer::<u32>(1)?;
        let arguments = code::PassTokenArguments {
            mailboxes: self.mailbox.peers(),
            mailbox: self.mailbox.here().global(),
            flags: self.flag.peers(),
            flag: self.flag.here().global(),
            rank: rank.index() as u32,
            ranks: rank.topology().ranks() as u32,
            turns: u32::from(turns),
            deadline: u64::try_from(rank.deadline().as_nanos()).unwrap_or(u64::MAX),
            missed: missed.global(),
        };
        rank.kernel(&PASS_TOKEN)?.launch(1, &arguments)?;
        rank.synchronise()?;
        let turn = missed.read(0..1)?[0];
        // The mailbox lives until nobody's kernel can write to it, also when this rank's gave up.
        rank.barrier()?;
        if turn != 0 {
            return Err(Error::Late { rank: rank.index(), turn, deadline: rank.deadline() });
        }
        Ok(self.mailbox.here().read(0..TOKEN)?)
    }
}

/// Sends the numbers 0 to 31 round the cluster `turns` times and compares what comes home with
/// plain Rust.
///
/// # Errors
/// When the token is late, the machine reports an error, or a number is another one.
pub fn check(cluster: &Cluster, turns: u16) -> Result<Vec<u64>, Error> {
    let token: [u64; TOKEN] = std::array::from_fn(|lane| lane as u64);
    let mut arrived = cluster.run(|rank| Ring::open(rank)?.pass(rank, &token, turns))?;
    let digits = 1..=cluster.topology().ranks() as u64;
    let journey: Vec<u64> = (0..turns).flat_map(|_| digits.clone()).collect();
    let expected = token.iter().map(|&start| {
        journey.iter().fold(start, |number, digit| number.wrapping_mul(10).wrapping_add(*digit))
    });
    let home = arrived.swap_remove(0);
    Error::unless_equal("the token", expected.collect(), home.clone())?;
    Ok(home)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crossdock::host::Topology;

    use super::*;

    fn gpus(count: usize) -> Result<Cluster, Error> {
        Ok(Cluster::emulated(Topology::nodes(1).gpus_per_node(count))?)
    }

    #[test]
    fn the_token_visits_the_gpus_in_order_under_any_schedule() -> Result<(), Error> {
        for (ranks, turns, digits) in [
            (1, 5, "11111"),
            (2, 4, "12121212"),
            (3, 5, "123123123123123"),
            (8, 2, "1234567812345678"),
            (3, 0, ""),
        ] {
            for seed in 0..5 {
                let token = check(&gpus(ranks)?.schedule_seed(seed), turns)?;
                let read: Vec<u64> = (0..32)
                    .map(|lane| format!("{lane}{digits}").parse().expect("at most 18 digits"))
                    .collect();
                assert_eq!(token, read, "{ranks} ranks, seed {seed}");
            }
        }
        Ok(())
    }

    #[test]
    fn a_gpu_that_does_not_pass_the_token_on_makes_the_others_late() -> Result<(), Error> {
        for seed in 0..3 {
            let deadline = Duration::from_micros(200);
            let outcome = gpus(3)?.schedule_seed(seed).deadline(deadline).run(|rank| {
                let ring = Ring::open(rank)?;
                if rank.index() == 1 {
                    // Its memory stays, its kernel never runs.
                    rank.barrier()?;
                    return Ok(Vec::new());
                }
                ring.pass(rank, &[0; TOKEN], 3)
            });
            let error = outcome.expect_err("rank 1 keeps the token");
            let Error::Late { rank: 0, turn: 2, .. } = error else { panic!("{error}") };
            assert_eq!(error.to_string(), "rank 0: in turn 2 the token did not come within 200µs");
        }
        Ok(())
    }
}
