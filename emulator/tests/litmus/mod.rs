//! Litmus tests of the PTX memory consistency model (PTX ISA section 8), each with its verdict and
//! the reason for it.
//!
//! A thread is a list of operations separated by `;` on the zeroed words `x`, `y` and `z` and the
//! word `tile` of its block's shared memory: `st`, `ld`, `add` (`atom`), `red`, with order and
//! scope as in PTX, any PTX instruction, or one of the `SHORTHANDS`. `await` loads until it finds a
//! value other than zero. What `ld` and `add` find are the outcome, in the order in which they are
//! written. Places are `gpu.block.warp.lane`. Verdicts were derived by hand from the axioms, not
//! from the emulator.

mod remedies;

use std::collections::BTreeSet;

use crate::harness::{kernel, module, words, zeroed};
use crossdock_emulator::{Argument, Bounds, Config, Error, FaultKind, Launch, Machine, explore};

const SEEDS: std::ops::Range<u64> = 0..150;

/// What must come out.
enum Verdict {
    /// Exactly these outcomes may be found, and each is found by some seed.
    Outcomes(&'static [&'static [u32]]),
    /// The same, and the outcomes of the second list are allowed by the model but not produced.
    NotProduced(&'static [&'static [u32]], &'static [&'static [u32]]),
    /// Among others, this outcome is found.
    Finds(&'static [u32]),
    /// This outcome is never found, and there is no race.
    Never(&'static [u32]),
    /// A data race, with this in its report.
    Race(&'static str),
}
use Verdict::{Finds, Never, NotProduced, Outcomes, Race};

struct Litmus {
    name: &'static str,
    threads: &'static [(&'static str, &'static str)],
    verdict: Verdict,
    why: &'static str,
}

fn litmus() -> Vec<Litmus> {
    let mut all: Vec<Litmus> = include!("cases.rs");
    let proxies: Vec<Litmus> = include!("proxies.rs");
    all.extend(proxies);
    all
}

/// Words of a thread that stand for several instructions.
const SHORTHANDS: [(&str, &str); 6] = [
    ("FILL", "mov.u32 %r40, 7; st.shared.v4.u32 [tile], {%r40, %r40, %r40, %r40}"),
    ("STORE", "cp.async.bulk.global.shared::cta.bulk_group [%rd1], [tile], 16; cp.async.bulk.commit_group"),
    ("LOAD", "mbarrier.arrive.expect_tx.shared.b64 _, [full], 16; COPY"),
    ("COPY", "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [tile], [%rd1], 16, [full]"),
    ("INIT", "mbarrier.init.shared.b64 [full], 1"),
    ("WAIT", "WAIT_{thread}: mbarrier.try_wait.parity.shared.b64 %p, [full], 0; @!%p bra WAIT_{thread}"),
];

/// The operations of a thread.
fn operations(text: &str, thread: usize) -> Vec<String> {
    let mut all: Vec<String> = text.split(';').map(|part| part.trim().to_owned()).collect();
    for (word, meaning) in SHORTHANDS {
        let meaning = meaning.replace("{thread}", &thread.to_string());
        all = all
            .iter()
            .flat_map(|part| if part == word { meaning.as_str() } else { part.as_str() }.split(';'))
            .map(|part| part.trim().to_owned())
            .collect();
    }
    all.retain(|part| !part.is_empty());
    all
}

/// One operation as PTX; `found` counts the results of the thread.
fn operation(text: &str, thread: usize, found: &mut usize) -> String {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let offset = |name: &str| match name {
        "x" => Some(0),
        "y" => Some(256),
        "z" => Some(512),
        "tile" => Some(0),
        _ => None,
    };
    let Some(at) = parts.get(1).and_then(|name| offset(name)) else { return format!("{text};\n") };
    let is_shared = parts[1] == "tile";
    let space = if is_shared { "shared" } else { "global" };
    let (name, order) = parts[0]
        .split_once('.')
        .map_or((parts[0], String::new()), |(name, order)| (name, format!(".{order}")));
    let place = if is_shared { "[tile]".to_owned() } else { format!("[%rd1+{at}]") };
    let mut result = || {
        *found += 1;
        format!("%r{}", 9 + *found)
    };
    match name {
        "st" => format!("st{order}.{space}.u32 {place}, {};\n", parts[2]),
        "st64" => format!("st{order}.{space}.u64 {place}, {};\n", parts[2]),
        "ld" => format!("ld{order}.{space}.u32 {}, {place};\n", result()),
        "ld64" => format!("ld{order}.{space}.u64 %rd20, {place};\ncvt.u32.u64 {}, %rd20;\n", result()),
        "add" => format!("atom{order}.{space}.add.u32 {}, {place}, {};\n", result(), parts[2]),
        "red" => format!("red{order}.{space}.add.u32 {place}, {};\n", parts[2]),
        "await" => format!(
            "AWAIT_{thread}_{at}: ld{order}.{space}.u32 %r30, {place};\nsetp.eq.u32 %s1, %r30, 0;\n@%s1 bra AWAIT_{thread}_{at};\n"
        ),
        _ => panic!("unknown operation `{text}`"),
    }
}

/// The places of threads: GPU, block, warp, lane.
fn place(text: &str) -> [usize; 4] {
    let numbers: Vec<usize> = text.split('.').map(|number| number.parse().expect("a number")).collect();
    numbers.try_into().expect("gpu.block.warp.lane")
}

/// Runs a test once; the outcome.
fn execute(threads: &[(&str, &str)], config: Config) -> Result<Vec<u32>, Error> {
    let config = Config { gpus: 2, ..config };
    let mut machine = Machine::new(config).expect("configuration");
    let memory = zeroed(&mut machine, 0, 1024);
    let outcome = zeroed(&mut machine, 0, 64 * threads.len() as u64);
    let mut counts = Vec::new();
    let mut blocks: BTreeSet<(usize, usize)> = BTreeSet::new();
    for (at, _) in threads {
        let [gpu, block, ..] = place(at);
        blocks.insert((gpu, block));
    }
    let mut bodies = Vec::new();
    for (index, (_, text)) in threads.iter().enumerate() {
        let mut found = 0;
        let mut body = String::new();
        for part in operations(text, index) {
            body += &operation(&part, index, &mut found);
        }
        for result in 0..found {
            body += &format!("st.global.u32 [%rd2+{}], %r{};\n", 64 * index + 4 * result, 10 + result);
        }
        bodies.push(body);
        counts.push(found);
    }
    for (stream, &(gpu, block)) in blocks.iter().enumerate() {
        let mut text = String::from(
            ".shared .align 16 .b8 tile[256]; .shared .align 8 .b8 full[8]; ld.param.u64 %rd1, [memory];
             ld.param.u64 %rd2, [outcome]; mov.u32 %r1, %tid.x; cvta.to.global.u64 %rd1, %rd1;\n",
        );
        let mut warps = 1;
        for (index, (at, _)) in threads.iter().enumerate() {
            let [of_gpu, of_block, warp, lane] = place(at);
            if (of_gpu, of_block) == (gpu, block) {
                warps = warps.max(warp + 1);
                text += &format!("setp.eq.u32 %s2, %r1, {}; @%s2 bra T{index};\n", 32 * warp + lane);
            }
        }
        text += "bra END;\n";
        for (index, (at, _)) in threads.iter().enumerate() {
            let [of_gpu, of_block, ..] = place(at);
            if (of_gpu, of_block) == (gpu, block) {
                text += &format!("T{index}:\n{}bra END;\n", bodies[index]);
            }
        }
        text += "END:";
        let main = kernel(&mut machine, &module(".param .u64 memory, .param .u64 outcome", &text));
        let launch = Launch {
            gpu,
            stream: stream as u32,
            kernel: main,
            grid: [1, 1, 1],
            block: [32 * warps as u32, 1, 1],
            shared_bytes: 0,
            arguments: vec![Argument::U64(memory), Argument::U64(outcome)],
        };
        machine.launch(launch).expect("launch");
    }
    machine.run()?;
    let all = words(&mut machine, outcome, 16 * threads.len());
    Ok(counts
        .iter()
        .enumerate()
        .flat_map(|(index, &count)| all[16 * index..16 * index + count].to_vec())
        .collect())
}

#[test]
fn every_verdict_holds() {
    let all = litmus();
    assert!(all.len() >= 100, "{} tests", all.len());
    let mut wrong = Vec::new();
    for litmus in &all {
        let mut seen: BTreeSet<Vec<u32>> = BTreeSet::new();
        let mut races = BTreeSet::new();
        for seed in SEEDS {
            match execute(litmus.threads, Config { schedule_seed: seed, ..Config::default() }) {
                Ok(outcome) => {
                    seen.insert(outcome);
                }
                Err(Error::Fault(fault)) if matches!(fault.kind, FaultKind::DataRace(_)) => {
                    races.insert(fault.to_string());
                }
                Err(error) => panic!("{}: seed {seed}: {error}", litmus.name),
            }
        }
        let (name, why) = (litmus.name, litmus.why);
        match &litmus.verdict {
            Race(part) => {
                if !races.iter().any(|race| race.contains(part)) {
                    wrong.push(format!("{name}: no race with `{part}`: {races:?} ({why})"));
                }
            }
            Finds(outcome) | Never(outcome) => {
                let is_found = seen.contains(*outcome);
                if is_found != matches!(litmus.verdict, Finds(_)) || !races.is_empty() {
                    wrong.push(format!("{name}: {outcome:?} in {seen:?}: {is_found}, {races:?} ({why})"));
                }
            }
            Outcomes(allowed) | NotProduced(allowed, _) => {
                let allowed: BTreeSet<Vec<u32>> = allowed.iter().map(|outcome| outcome.to_vec()).collect();
                if seen != allowed || !races.is_empty() {
                    wrong.push(format!("{name}: found {seen:?}, expected {allowed:?}, {races:?} ({why})"));
                }
            }
        }
        if let NotProduced(produced, allowed) = &litmus.verdict {
            assert!(allowed.iter().all(|outcome| !produced.contains(outcome)), "{name}: produced and not");
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

/// Enumeration of all schedules finds exactly the outcomes that the verdicts name, without luck.
#[test]
fn enumeration_finds_exactly_the_outcomes() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for litmus in &litmus() {
        let (Outcomes(allowed) | NotProduced(allowed, _)) = &litmus.verdict else { continue };
        // Two threads, and no loop that makes the tree as deep as it is patient.
        let is_tiny =
            litmus.threads.len() == 2 && litmus.threads.iter().all(|(_, text)| !text.contains("await"));
        if !is_tiny || !["MP", "SB", "LB", "CoRR"].iter().any(|name| litmus.name.starts_with(name)) {
            continue;
        }
        count += 1;
        let mut seen = BTreeSet::new();
        let all = explore(&Bounds::default(), |policy| -> Result<(), Error> {
            seen.insert(execute(litmus.threads, Config { policy, ..Config::default() })?);
            Ok(())
        });
        let allowed: BTreeSet<Vec<u32>> = allowed.iter().map(|outcome| outcome.to_vec()).collect();
        println!("{}: {} schedules", litmus.name, all.schedules);
        if !all.exhausted || seen != allowed {
            let failure = all.failure.map(|(_, error)| error.to_string());
            wrong.push(format!("{}: {seen:?} in {} schedules, {failure:?}", litmus.name, all.schedules));
        }
    }
    assert!(count >= 15, "{count} tests");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
