//! Modifiers in all their combinations: what NVIDIA's assembler takes, the emulator loads.

use std::collections::BTreeSet;

use crossdock_emulator::{Config, Machine};
use crossdock_ptx::Error;
use crossdock_ptx::assembler::Assembler;

const TARGET: &str = "sm_100a";

/// What the assembler takes and the emulator refuses by name: undocumented, or without a meaning
/// there.
const REFUSED: &[&str] = &["cvt.bf16.f16", "cvt.f16.bf16", "cvt.bf16.bf16", "madc.hi.sat.s32"];

/// The instructions that a line stands for.
fn expanded(line: &str) -> Vec<String> {
    let Some((before, rest)) = line.split_once('<') else { return vec![line.to_owned()] };
    let (choices, after) = rest.split_once('>').expect("a `>` for each `<`");
    let tails = expanded(after);
    let heads = choices.split('|').map(|choice| format!("{before}{choice}"));
    heads.flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}"))).collect()
}

/// A kernel of these instructions, each in a line of its own, and the number of the first line.
fn kernel<'a>(instructions: impl IntoIterator<Item = &'a String>) -> (String, usize) {
    let head = format!(
        ".version 9.0\n.target {TARGET}\n.address_size 64\n.visible .entry all()\n{{\n.reg .pred %p<9>;\n.reg .b16 %h<9>;\n\
         .reg .b32 %r<9>;\n.reg .b64 %rd<9>;\n.reg .f32 %f<9>;\n.reg .f64 %d<9>;\n.reg .b128 %q<9>;\n"
    );
    let first = head.lines().count() + 1;
    let body: Vec<&str> = instructions.into_iter().map(String::as_str).collect();
    (format!("{head}{}\nret;\n}}\n", body.join("\n")), first)
}

/// Those that the assembler takes: it names the lines of the others.
fn legal(assembler: &Assembler, mut instructions: Vec<String>) -> Vec<String> {
    loop {
        let (text, first) = kernel(&instructions);
        let said = match assembler.check(&text, TARGET) {
            Ok(()) => return instructions,
            Err(Error::NotAssembled { messages, .. }) => messages,
            Err(other) => panic!("{other}"),
        };
        let named = said.lines().filter(|line| line.contains("error") || line.contains("fatal"));
        let lines: BTreeSet<usize> = named
            .filter_map(|line| line.split_once(", line ")?.1.split(';').next()?.trim().parse().ok())
            .collect();
        let before = instructions.len();
        let mut line = first;
        instructions.retain(|_| {
            line += 1;
            !lines.contains(&(line - 1))
        });
        assert!(instructions.len() < before, "{said}");
    }
}

#[test]
fn what_the_assembler_takes_is_loaded() {
    let Some(assembler) = Assembler::for_test() else { return };
    let lines = include_str!("combinations.txt").lines().filter(|line| !line.starts_with('#'));
    let instructions: Vec<String> = lines.flat_map(expanded).collect();
    let (all, instructions) = (instructions.len(), legal(&assembler, instructions));
    println!("{} of {all} combinations are legal", instructions.len());
    assert!(instructions.len() > 2500, "too few are left to be a test: {}", instructions.len());
    let is_refused = |instruction: &str| {
        REFUSED
            .iter()
            .any(|refused| instruction.strip_prefix(refused).is_some_and(|rest| rest.starts_with(' ')))
    };
    let mut failures = Vec::new();
    for instruction in instructions.iter().filter(|instruction| !is_refused(instruction)) {
        let mut machine = Machine::new(Config::default()).expect("configuration");
        if let Err(error) = machine.load(&kernel([instruction]).0) {
            failures.push(format!("{instruction}  {error}"));
        }
    }
    assert!(failures.is_empty(), "{} are not loaded:\n{}", failures.len(), failures.join("\n"));
}
