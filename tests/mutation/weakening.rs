//! What an instruction that orders something is weakened to, one way at a time. Where PTX, or the
//! target, has no weaker form, there is none.

use crossdock_ptx::{Instruction, Operand};

/// An instruction that orders less.
pub(crate) struct Weakening {
    /// What becomes of it, in words.
    pub(crate) change: String,
    /// `None` for nothing.
    pub(crate) instruction: Option<Instruction>,
}

/// Scopes, each with the narrower ones that differ on a machine whose clusters are single blocks;
/// and those of `membar`.
const NARROWER: [(&str, &[&str]); 4] =
    [("sys", &["gpu", "cta", "gl"]), ("gpu", &["cta"]), ("gl", &["cta"]), ("cluster", &["cta"])];

/// Every order with what is weaker.
const WEAKER: [(&str, &[&str]); 4] = [
    ("sc", &["acq_rel"]),
    ("acq_rel", &["acquire", "release", "relaxed"]),
    ("acquire", &["relaxed"]),
    ("release", &["relaxed"]),
];

/// Every proxy fence with those that order less.
const NARROWER_PROXIES: [(&str, &[&str]); 1] =
    [("fence.proxy.async", &["fence.proxy.async.global", "fence.proxy.async.shared::cta"])];

/// Instructions whose only effects are order and arrival, as the first words of their opcode.
const REMOVABLE: [&str; 20] = [
    "fence",
    "membar",
    "bar.sync",
    "bar.arrive",
    "bar.warp.sync",
    "barrier.sync",
    "barrier.arrive",
    "barrier.cta.sync",
    "barrier.cta.arrive",
    "barrier.cluster.wait",
    "barrier.cluster.arrive",
    "cp.async.wait_group",
    "cp.async.wait_all",
    "cp.async.mbarrier.arrive",
    "cp.async.bulk.wait_group",
    "cp.async.commit_group",
    "cp.async.bulk.commit_group",
    "mbarrier.expect_tx",
    "mbarrier.complete_tx",
    "griddepcontrol.wait",
];

/// Everything that makes a load or a store strong.
const STRENGTH: [&str; 9] =
    ["relaxed", "acquire", "release", "volatile", "mmio", "sys", "gpu", "cluster", "cta"];

/// Every way to weaken an instruction.
pub(crate) fn weakenings(instruction: &Instruction) -> Vec<Weakening> {
    let opcode = instruction.opcode.to_string();
    let words: Vec<&str> = opcode.split('.').collect();
    let operands = &instruction.operands;
    let mut found = Found { original: instruction, all: Vec::new() };
    for (order, weaker) in WEAKER.into_iter().chain(NARROWER).filter(|(word, _)| words.contains(word)) {
        for other in weaker {
            let replaced: Vec<&str> =
                words.iter().map(|&word| if word == order { other } else { word }).collect();
            found.opcode(&replaced.join("."));
        }
    }
    for &narrower in NARROWER_PROXIES.iter().filter(|(fence, _)| *fence == opcode).flat_map(|(_, all)| *all) {
        found.opcode(narrower);
    }
    if matches!(words[0], "ld" | "st") {
        let weak: Vec<&str> = words.iter().copied().filter(|word| !STRENGTH.contains(word)).collect();
        if weak.len() < words.len() {
            found.opcode(&weak.join("."));
        }
    }
    if opcode == "cp.async.bulk.wait_group" {
        found.opcode("cp.async.bulk.wait_group.read");
    }
    if words.contains(&"wait_group")
        && let [Operand::Integer(groups)] = operands[..]
    {
        found.operands("with one group more", vec![Operand::Integer(groups + 1)]);
    }
    if words[0] == "mbarrier" {
        mbarrier(&mut found, &words);
    }
    if opcode == "bar.warp.sync" && operands[0] != Operand::Integer(1) {
        found.operands("of lane 0 alone", vec![Operand::Integer(1)]);
    }
    let arrives = opcode.starts_with("mbarrier.arrive") && operands[0] == Operand::Sink;
    let starts = |prefix: &&str| opcode == **prefix || opcode.starts_with(&format!("{prefix}."));
    if arrives || REMOVABLE.iter().any(starts) {
        found.all.push(Weakening { change: "removed".into(), instruction: None });
    }
    found.all
}

/// Arrivals without their bytes, with a wrong number of them or without release; waits without
/// acquire, or without waiting.
fn mbarrier(found: &mut Found<'_>, words: &[&str]) {
    let operands = &found.original.operands;
    let waits = words[1].ends_with("_wait");
    if (waits || words[1].starts_with("arrive")) && !words.iter().any(|word| STRENGTH.contains(word)) {
        // Without an order it releases or acquires, for the block.
        let named = if words.contains(&"parity") || words.contains(&"expect_tx") { 3 } else { 2 };
        let space = words[named..].iter().map(|&word| if word == "shared" { "shared::cta" } else { word });
        let relaxed: Vec<&str> =
            words[..named].iter().copied().chain(["relaxed", "cta"]).chain(space).collect();
        found.opcode(&relaxed.join("."));
    }
    if words[1] == "arrive" && words[2] == "expect_tx" {
        let plain: Vec<&str> = words.iter().copied().filter(|&word| word != "expect_tx").collect();
        found.other(&plain.join("."), operands[..operands.len() - 1].to_vec());
    }
    if words.contains(&"expect_tx") && operands[operands.len() - 1] != Operand::Integer(8) {
        let mut wrong = operands.clone();
        *wrong.last_mut().expect("the bytes") = Operand::Integer(8);
        found.operands("of 8 bytes", wrong);
    }
    if waits {
        let zero = Operand::Integer(0);
        found.other("setp.eq.u32", vec![operands[0].clone(), zero.clone(), zero]);
    }
}

/// The ways found so far.
struct Found<'a> {
    original: &'a Instruction,
    all: Vec<Weakening>,
}

impl Found<'_> {
    /// Adds the instruction with that guard, if there is one of that form.
    fn add(&mut self, change: String, opcode: &str, operands: Vec<Operand>) {
        if let Ok(mut instruction) = Instruction::new(opcode, operands) {
            instruction.guard.clone_from(&self.original.guard);
            self.all.push(Weakening { change, instruction: Some(instruction) });
        }
    }

    fn opcode(&mut self, opcode: &str) {
        self.other(opcode, self.original.operands.clone());
    }

    fn other(&mut self, opcode: &str, operands: Vec<Operand>) {
        self.add(format!("-> {opcode}"), opcode, operands);
    }

    fn operands(&mut self, change: &str, operands: Vec<Operand>) {
        self.add(change.to_owned(), &self.original.opcode.to_string(), operands);
    }
}
