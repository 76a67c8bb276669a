//! Ranks in processes of their own, which meet and hand each other their memory: a round in each,
//! against the host.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use crossdock::host::{Capacity, Cluster, Rank, Routing, Tokens, bf16};
use crossdock::{Shape, Wire};
use crossdock_trial::Error;
use crossdock_trial::lane::{Lane, Test, Verdict, same};

use crate::failure::Failure;

const SHAPE: Shape = Shape { hidden: 64, top_k: 2, experts: 8, wire: Wire::Bf16 };
const TOKENS: usize = 8;

pub(super) fn tests() -> Vec<Test> {
    let test = |ranks: usize| {
        Test::that_may_skip(format!("processes: {ranks} ranks"), move |lane| check(lane, ranks))
    };
    [2, 4].map(test).into()
}

fn check(lane: &Lane, ranks: usize) -> Result<Verdict, Error> {
    if lane.is_virtual() {
        return Ok(Verdict::Skipped("virtual GPUs are all in one process"));
    }
    let failed = |error: std::io::Error| Error::Failed(format!("a process of a rank did not start: {error}"));
    // Nobody listens there any more when rank 0 does.
    let port =
        TcpListener::bind("0.0.0.0:0").and_then(|listener| listener.local_addr()).map_err(failed)?.port();
    let program = std::env::current_exe().map_err(failed)?;
    let start = |rank: usize| {
        let number = |value: usize| value.to_string();
        Command::new(&program)
            .args(["gpu-test", "--process"])
            .envs([("RANK", number(rank)), ("WORLD_SIZE", number(ranks))])
            .envs([("LOCAL_RANK", number(rank)), ("LOCAL_WORLD_SIZE", number(ranks))])
            .envs([("MASTER_ADDR", "127.0.0.1".to_owned()), ("CROSSDOCK_PORT", port.to_string())])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
    };
    let processes: Vec<_> = (0..ranks).map(start).collect();
    // All are waited for, also if one fails: they give up on it by themselves.
    let outcomes: Vec<Result<(), Error>> = processes
        .into_iter()
        .map(|process| process.and_then(Child::wait_with_output).map_err(failed))
        .enumerate()
        .map(|(rank, output)| {
            let output = output?;
            let told = String::from_utf8_lossy(&output.stderr);
            let failure = || Error::Failed(format!("the process of rank {rank}: {}", told.trim()));
            if output.status.success() { Ok(()) } else { Err(failure()) }
        })
        .collect();
    outcomes.into_iter().collect::<Result<(), Error>>().map(|()| Verdict::Passed)
}

/// What the process of a rank does.
pub(super) fn rank_of_environment() -> Result<(), Failure> {
    Cluster::from_env()?.run(round).map(|_| ())
}

/// Two rounds whose experts give back what they get, with weights that add up to one: every token
/// comes home as it went.
fn round(rank: &Rank) -> Result<(), Failure> {
    let mut dock = rank.dock(rank.kernels(SHAPE)?, Capacity::tokens(TOKENS))?;
    for round in 0..2 {
        let value = |at: usize| bf16::from_f32(((at * 7 + rank.index() * 3 + round) % 16) as f32);
        let rows: Vec<bf16> = (0..TOKENS * SHAPE.hidden as usize).map(value).collect();
        let expert = |at: usize| ((at / 2 * 3 + at % 2 * 5 + rank.index()) % 8) as i32;
        let experts: Vec<i32> = (0..2 * TOKENS).map(expert).collect();
        let weights = [0.25, 0.75].repeat(TOKENS);
        let arrived = dock.dispatch(&Tokens::Bf16(&rows), &Routing::new(&experts, &weights))?;
        let outputs = arrived.apply(|_expert, input, output| output.copy_from_slice(input))?;
        let home = arrived.combine(&outputs)?.rows;
        same(&home, &rows, &format!("rank {}, round {round}", rank.index()), "the host gives")?;
    }
    Ok(())
}

#[cfg(test)]
mod self_tests {
    use crossdock::host::Topology;

    use super::*;

    #[test]
    fn tokens_come_home_as_they_went() {
        for ranks in [1, 2, 4] {
            let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(ranks)).expect("one node");
            cluster.run(round).unwrap_or_else(|failure| panic!("{ranks} ranks: {failure}"));
        }
    }
}
