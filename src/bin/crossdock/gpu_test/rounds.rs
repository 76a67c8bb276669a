//! Whole rounds at 1, 2, 4 and 8 ranks, on however many GPUs there are: every byte against the
//! reference, on the GPUs under test and on virtual ones.

use clap::Parser;
use crossdock::{Float8, Fp8};
use crossdock_trial::Error;
use crossdock_trial::lane::{Lane, Test, Verdict};

use crate::arguments::{Arguments, Command};
use crate::failure::Failure;
use crate::flags::BackendName;
use crate::run;
use crate::run::arguments::RunArguments;

/// Ranks of every round of the table.
const RANKS: [u32; 4] = [1, 2, 4, 8];

/// Flags of `crossdock run`; `{element}` is each 8-bit float that `fp8` alone does not mean.
const ROUNDS: [&str; 10] = [
    "--tokens 24 --hidden 256 --experts 16 --top-k 4",
    "--tokens 24 --hidden 256 --experts 16 --top-k 4 --target sm_80",
    "--tokens 9 --hidden 1152 --experts 16 --top-k 4 --wire fp8",
    "--tokens 9 --hidden 1152 --experts 16 --top-k 4 --wire fp8 --target sm_80",
    "--tokens 9 --hidden 80 --experts 16 --top-k 3 --wire fp8({element},block:64,scale:ue8m0) --layout by_expert(alignment:8)",
    "--tokens 9 --hidden 144 --experts 8 --top-k 8 --wire fp8(e4m3,block:32,scale:power_of_two) --pre-quantised --routing sparse:0.3",
    "--tokens 12 --hidden 72 --experts 8 --top-k 5 --wire opaque(row:48,sides:[5,3]) --layout masked(capacity:96)",
    "--tokens 200 --hidden 16 --experts 32 --top-k 2 --routing zipf:1.2 --sms all",
    "--tokens 7 --hidden 64 --experts 8 --top-k 2 --routing one-expert --layout by_expert(alignment:4) --sms 1",
    "--tokens 24 --hidden 64 --experts 64 --top-k 6 --router sigmoid --groups 8 --top-groups 3 --scaling 2.5",
];

/// Rounds in the shape of DeepSeek-V3.
const LARGE: [&str; 2] = [
    "--gpus-per-node 8 --tokens 8 --hidden 7168 --experts 256 --top-k 8",
    "--gpus-per-node 8 --tokens 8 --hidden 7168 --experts 256 --top-k 8 --wire fp8",
];

pub(super) fn tests() -> Vec<Test> {
    let table = RANKS
        .into_iter()
        .flat_map(|ranks| rounds().into_iter().map(move |flags| format!("--gpus-per-node {ranks} {flags}")));
    table.chain(LARGE.map(str::to_owned)).map(test).collect()
}

fn rounds() -> Vec<String> {
    let others = || Float8::ALL.iter().filter(|&&element| element != Fp8::DEEPSEEK_V3.element);
    let of_each = |flags: &str| match flags.contains("{element}") {
        true => others().map(|element| flags.replace("{element}", element.word())).collect(),
        false => vec![flags.to_owned()],
    };
    ROUNDS.into_iter().flat_map(of_each).collect()
}

fn test(flags: String) -> Test {
    Test::that_may_skip(format!("round: {flags}"), move |lane| {
        check(lane, &flags).map(|()| Verdict::Passed).map_err(|failure| Error::Failed(failure.to_string()))
    })
}

fn check(lane: &Lane, flags: &str) -> Result<(), Failure> {
    let target = match (flags.contains("--target"), lane.runs_sm_90()) {
        (true, _) => "",
        (false, true) => " --target sm_90",
        (false, false) => " --target sm_80",
    };
    let mut arguments = parse(&format!("{flags}{target}"))?;
    let expected = run::verify(&arguments, Ok)?;
    if !lane.is_virtual() {
        arguments.round.backend = BackendName::Cuda;
    }
    match run::verify(&arguments, Ok)? {
        found if found != expected => {
            Err(Failure::Mismatch(format!("results hash to {found:#x}, on virtual GPUs to {expected:#x}")))
        }
        _ => Ok(()),
    }
}

fn parse(flags: &str) -> Result<RunArguments, Failure> {
    let words = ["crossdock", "run"].into_iter().chain(flags.split_whitespace());
    match Arguments::try_parse_from(words).map_err(|error| Failure::arguments(error.to_string()))?.command {
        Command::Run(arguments) => Ok(*arguments),
        _ => Err(Failure::arguments("a round is flags of `crossdock run`")),
    }
}

#[cfg(test)]
mod self_tests {
    use super::*;

    #[test]
    fn every_round_of_the_table_is_legal() {
        for flags in rounds().into_iter().chain(LARGE.map(str::to_owned)) {
            parse(&flags).unwrap_or_else(|error| panic!("{flags}: {error}"));
        }
    }
}
