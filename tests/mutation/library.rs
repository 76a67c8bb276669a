//! A kernel that is written with the library alone, reductions of blocks and multicast memory: its
//! mutants are caught as those of the shipped kernels are.

use std::fmt::Write;

use crossdock::device;
use crossdock_emulator::{Argument, Config, Error, Launch, Machine};

use crate::mutant::{Mutant, mutants};
use crate::table::kind;
use crate::{FEW, MANY};

/// The kernel.
#[device]
#[allow(dead_code, unreachable_pub, reason = "the emulator launches it by its name")]
pub(crate) mod code {
    use crossdock::library::multicast::*;
    use crossdock::library::reductions::*;
    use crossdock::prelude::*;

    /// Adds up squares of all threads of all GPUs, once a round, in memory of all of them: one sum
    /// a round, and after these how often a GPU has added. With as many warps as there are lanes,
    /// every lane of every reduction matters.
    #[kernel(warps = 32)]
    pub fn sums_of_all(values: Global<u32>, all: Global<u32>, gpus: u32, rounds: u32, sums: Global<u32>) {
        for round in 0..rounds {
            let value = values.at(round * threads_in_block() + thread_in_block()).read();
            let sum = block_sum(value.pow(2));
            if thread_in_block() == 0 {
                let total = Multicast::new(all).at(round);
                let added = Multicast::new(all).at(rounds);
                total.reduce_add(sum, Relaxed, System);
                added.reduce_add(1, Release, System);
                while added.load_reduce_min(Acquire, System) < gpus * (round + 1) {}
                sums.at(round).write(total.read_reduce_max());
            }
        }
    }
}

crossdock::specialise! {
    const SUMS = code::sums_of_all {} for sm_90;
}

const GPUS: usize = 2;
const ROUNDS: usize = 2;
const THREADS: usize = 1024;

fn value(gpu: usize, place: usize) -> u32 {
    (gpu * 7919 + place * 104_729) as u32 % 1009
}

/// What a kernel with that text writes on every GPU.
fn run(text: &str, schedule_seed: u64) -> Result<Vec<u32>, Error> {
    let mut machine = Machine::new(Config { gpus: GPUS, schedule_seed, ..Config::default() })?;
    let module = machine.load(text)?;
    let kernel = machine.kernel(module, "sums_of_all")?;
    let mut members = Vec::new();
    for gpu in 0..GPUS {
        let bytes = 4 * (ROUNDS as u64 + 1);
        let member = machine.allocate(gpu, bytes)?;
        machine.write(member, &vec![0; bytes as usize])?;
        members.push(member);
    }
    let all = machine.multicast(&members)?;
    let mut results = Vec::new();
    for gpu in 0..GPUS {
        let values: Vec<u8> =
            (0..ROUNDS * THREADS).flat_map(|place| value(gpu, place).to_le_bytes()).collect();
        let address = machine.allocate(gpu, values.len() as u64)?;
        machine.write(address, &values)?;
        let sums = machine.allocate(gpu, 4 * ROUNDS as u64)?;
        results.push(sums);
        let arguments = vec![
            Argument::U64(address),
            Argument::U64(all),
            Argument::U32(GPUS as u32),
            Argument::U32(ROUNDS as u32),
            Argument::U64(sums),
        ];
        let (grid, block) = ([1, 1, 1], [THREADS as u32, 1, 1]);
        machine.launch(Launch { gpu, stream: 0, kernel, grid, block, shared_bytes: 0, arguments })?;
    }
    machine.run()?;
    let mut sums = Vec::new();
    for address in results {
        let mut bytes = vec![0; 4 * ROUNDS];
        machine.read(address, &mut bytes)?;
        let (words, _) = bytes.as_chunks::<4>();
        sums.extend(words.iter().map(|word| u32::from_le_bytes(*word)));
    }
    Ok(sums)
}

fn expected() -> Vec<u32> {
    let of_round = |round: usize| {
        let places = round * THREADS..(round + 1) * THREADS;
        let values = (0..GPUS).flat_map(|gpu| places.clone().map(move |place| value(gpu, place)));
        values.map(|value| value * value).sum()
    };
    (0..GPUS).flat_map(|_| (0..ROUNDS).map(of_round)).collect()
}

/// Each shuffle at the distance of another step, so that some lanes never meet.
fn other_lanes(text: &str) -> Vec<Mutant> {
    let lines: Vec<&str> = text.lines().collect();
    let shuffles = (0..lines.len()).filter(|&line| lines[line].trim_start().starts_with("shfl.sync.bfly"));
    let mutant = |line: usize| {
        let operands: Vec<&str> = lines[line].split(", ").collect();
        let distance: u32 = operands[2].parse().expect("a distance");
        let other = if distance == 1 { 16 } else { distance / 2 }.to_string();
        let written = [&operands[..2], &[other.as_str()], &operands[3..]].concat().join(", ");
        let mut changed = lines.clone();
        changed[line] = &written;
        Mutant { change: format!("shfl.sync.bfly of {distance} -> {other}"), text: changed.join("\n") }
    };
    shuffles.map(mutant).collect()
}

fn table(seeds: u64) -> String {
    let mut table = String::new();
    for seed in 0..seeds {
        assert_eq!(run(&SUMS.ptx, seed).expect("the kernel works"), expected(), "seed {seed}");
    }
    for mutant in mutants(&SUMS.ptx).into_iter().chain(other_lanes(&SUMS.ptx)) {
        let found = (0..seeds).find_map(|seed| match run(&mutant.text, seed) {
            Err(error) => Some(kind(&error.to_string())),
            Ok(sums) => (sums != expected()).then(|| "wrong result".to_owned()),
        });
        writeln!(table, "{}: {}", mutant.change, found.as_deref().unwrap_or("SURVIVES"))
            .expect("strings grow");
    }
    table
}

#[test]
fn weakened_library_code_is_caught() {
    let table = table(FEW);
    assert!(!table.contains("SURVIVES"), "{table}");
    insta::assert_snapshot!("library", table);
}

#[test]
#[ignore = "takes minutes"]
fn weakened_library_code_is_caught_in_many_schedules() {
    let table = table(MANY);
    assert!(!table.contains("SURVIVES"), "{table}");
}
