//! Random kernels that try to talk the check into a barrier that not all reach: what it takes must
//! run on the emulator, whatever the schedule, without a deadlock or a fault.
//!
//! Every loop is bounded and nothing is written that others read, so a warp that waits in vain is a
//! hole in the check. That roles reach a barrier that they share equally often is not claimed: here
//! roles use only barriers of their own.

use std::fmt::Write;

use crossdock_codegen::back::{self, Options};
use crossdock_codegen::front;
use crossdock_emulator::{Argument, Config, Launch, Machine};

const WARPS: u32 = 3;
/// Kernels to write. Most of them are refused.
const KERNELS: u64 = 600;

/// A deterministic source of choices (xorshift).
struct Choices(u64);

impl Choices {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as u32) % bound
    }

    fn once_in(&mut self, bound: u32) -> bool {
        self.below(bound) == 0
    }
}

/// A kernel in the making.
struct Writer {
    choices: Choices,
    names: u32,
    /// Loops around the current statement.
    loops: u32,
    in_role: bool,
    in_function: bool,
}

impl Writer {
    fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    fn number(&mut self, depth: u32) -> String {
        match self.choices.below(if depth == 0 { 8 } else { 15 }) {
            0 => self.choices.below(4).to_string(),
            1 => "n".to_string(),
            2 => "lane()".to_string(),
            3 => "thread_in_block()".to_string(),
            4 => "(thread_in_block() / 32)".to_string(),
            5..8 => format!("x{}", self.choices.below(4)),
            8 => format!("({} + {})", self.number(depth - 1), self.number(depth - 1)),
            9 => format!("({} & {})", self.number(depth - 1), self.choices.below(64)),
            10 => format!("({} / {})", self.number(depth - 1), 1 << self.choices.below(7)),
            11 => format!("inputs.at({} % 8).read()", self.number(depth - 1)),
            12 => format!(
                "(if {} {{ {} }} else {{ {} }})",
                self.condition(depth - 1),
                self.number(depth - 1),
                self.number(depth - 1)
            ),
            13 => format!("assume_block_uniform({})", self.choices.below(3)),
            _ => format!("pick({}, {})", self.number(depth - 1), self.number(depth - 1)),
        }
    }

    fn condition(&mut self, depth: u32) -> String {
        let left = self.number(depth);
        let right =
            if self.choices.once_in(2) { self.choices.below(96).to_string() } else { self.number(depth) };
        match self.choices.below(5) {
            0 => format!("{left} < {right}"),
            1 => format!("{left} == {right}"),
            2 => format!("{left} % 2 == 0"),
            3 => format!("{left} >= {right}"),
            _ => format!("{left} != {right}"),
        }
    }

    fn block(&mut self, depth: u32) -> String {
        let mut block = String::new();
        for _ in 0..1 + self.choices.below(3) {
            let statement = self.statement(depth);
            writeln!(block, "{statement}").expect("strings grow");
        }
        block
    }

    /// An operation that waits for others.
    fn together(&mut self) -> String {
        let x = format!("x{}", self.choices.below(4));
        match self.choices.below(11) {
            0 | 1 if self.in_role => "role_barrier();".to_string(),
            0 | 1 => "block_barrier();".to_string(),
            2 => "warp_barrier();".to_string(),
            3 => format!("{x} = shuffle({}, {} % 32);", self.number(1), self.number(0)),
            4 => format!("{x} = shuffle_xor({}, 1 << {});", self.number(1), self.choices.below(5)),
            5 => format!("{x} = ballot({});", self.condition(1)),
            6 => format!(
                "{x} = if any({}) {{ {} }} else {{ {} }};",
                self.condition(1),
                self.number(0),
                self.number(0)
            ),
            7 if !self.in_role && !self.in_function => {
                format!("{x} = if named_barrier_any(2, 96, {}) {{ 1 }} else {{ 0 }};", self.condition(1))
            }
            8 if !self.in_role && !self.in_function => format!("named_barrier_sync(1, {});", 32 * WARPS),
            9 => {
                let (p, m) = (self.name("p"), self.name("m"));
                let other = if self.choices.once_in(3) { self.assignment() } else { String::new() };
                format!(
                    "let mut {p} = {}; let {m} = ballot({p}); {other} if {p} {{ {x} = shuffle_among({m}, {}, {} % 32); }}",
                    self.condition(1),
                    self.number(0),
                    self.number(0)
                )
            }
            _ => {
                let m = self.name("m");
                format!(
                    "let {m} = match_any({}); {} {x} = ballot_among({m}, {});",
                    self.number(1),
                    if self.choices.once_in(3) { self.assignment() } else { String::new() },
                    self.condition(0)
                )
            }
        }
    }

    fn assignment(&mut self) -> String {
        format!("x{} = {};", self.choices.below(4), self.number(2))
    }

    fn statement(&mut self, depth: u32) -> String {
        match self.choices.below(if depth == 0 { 6 } else { 14 }) {
            0..3 => self.assignment(),
            3 | 4 => self.together(),
            5 => match self.choices.below(4) {
                0 if self.loops > 0 => format!("if {} {{ break; }}", self.condition(1)),
                1 if self.loops > 0 => format!("if {} {{ continue; }}", self.condition(1)),
                2 if self.in_function => format!("if {} {{ return x1; }}", self.condition(1)),
                3 if self.choices.once_in(4) && !self.in_function => {
                    format!("if {} {{ return; }}", self.condition(1))
                }
                _ => self.together(),
            },
            6..9 => {
                let (condition, then) = (self.condition(1), self.block(depth - 1));
                let otherwise = if self.choices.once_in(2) { self.block(depth - 1) } else { String::new() };
                format!("if {condition} {{\n{then}}} else {{\n{otherwise}}}")
            }
            9 | 10 => {
                let (i, bound) = (self.name("i"), self.number(1));
                let unroll = self.choices.once_in(4);
                self.loops += 1;
                let body = self.block(depth - 1);
                self.loops -= 1;
                match unroll {
                    true => format!("#[unroll] for {i} in 0..3u32 {{\nx2 = x2 + {i};\n{body}}}"),
                    false => format!("for {i} in 0..{bound} % 4 {{\nx2 = x2 + {i};\n{body}}}"),
                }
            }
            11 | 12 => {
                let turns = self.name("turns");
                self.loops += 1;
                let body = self.block(depth - 1);
                self.loops -= 1;
                format!(
                    "let mut {turns} = 0u32; loop {{\nif {turns} > 3 {{ break; }} {turns} += 1;\n{body}}}"
                )
            }
            _ if !self.in_role && !self.in_function => {
                let split = 1 + self.choices.below(WARPS - 1);
                self.in_role = true;
                // A role is not left by the jumps of loops around it.
                let loops = std::mem::take(&mut self.loops);
                let (first, second) = (self.block(depth - 1), self.block(depth - 1));
                self.loops = loops;
                self.in_role = false;
                format!(
                    "#[role(first, warps = 0..{split})] {{\n{first}}}\n#[role(second, warps = {split}..{WARPS})] {{\n{second}}}"
                )
            }
            _ => self.together(),
        }
    }

    /// A kernel `k` and a function `pick` that it calls.
    fn kernel(seed: u64) -> String {
        let choices = Choices(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut writer = Writer { choices, names: 0, loops: 0, in_role: false, in_function: true };
        let pick = match writer.choices.below(3) {
            0 => "if x0 < x1 { x0 } else { x1 }".to_string(),
            1 => "if lane() < x0 { return x1; } x0".to_string(),
            _ => {
                let body = writer.block(1).replace("pick(", "max(");
                format!("let mut x2 = x0; let mut x3 = x1; let inputs = inputs; let n = x0; {body} x2 ^ x3")
            }
        };
        writer.in_function = false;
        let body = writer.block(3);
        let (pick, body) = (
            pick.replace("max(", "larger(").replace("let inputs = inputs; ", ""),
            body.replace("pick(", "pick(inputs, "),
        );
        format!(
            "fn larger(a: u32, b: u32) -> u32 {{ if a > b {{ a }} else {{ b }} }}
            fn pick(inputs: Global<u32>, mut x0: u32, mut x1: u32) -> u32 {{ {pick} }}
            #[kernel(warps = {WARPS})]
            fn k(n: u32, inputs: Global<u32>, out: Global<u32>) {{
                let mut x0 = 0u32; let mut x1 = lane(); let mut x2 = thread_in_block() / 32; let mut x3 = n;
                {body}
                out.at(block_in_grid() * threads_in_block() + thread_in_block()).write(x0 ^ x1 ^ x2 ^ x3);
            }}"
        )
    }
}

/// The PTX of a kernel, if the check takes it.
fn taken(source: &str) -> Option<String> {
    let file = syn::parse_file(source).unwrap_or_else(|error| panic!("{error}\n{source}"));
    let place = front::Source { name: "code", file: "code.rs", text: None };
    let module = front::lower(&file.items, &place, &[], &[])
        .unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{source}"));
    let program = back::link(vec![module]).unwrap_or_else(|error| panic!("{error}\n{source}"));
    let kernel = back::specialise(&program, "k", &[], &Options::default()).ok()?;
    Some(kernel.ptx.to_string())
}

/// What the emulator says.
fn run(text: &str, schedule_seed: u64, n: u32) -> Result<(), String> {
    let mut machine =
        Machine::new(Config { schedule_seed, ..Config::default() }).expect("the configuration is right");
    let module = machine.load(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let inputs = machine.allocate(0, 32).expect("memory");
    let numbers: Vec<u8> =
        [3u32, 0, 7, 1, 40, 2, 64, 5].iter().flat_map(|number| number.to_le_bytes()).collect();
    machine.write(inputs, &numbers).expect("the allocation is that large");
    let out = machine.allocate(0, u64::from(2 * WARPS * 32 * 4)).expect("memory");
    let launch = Launch {
        gpu: 0,
        stream: 0,
        kernel: machine.kernel(module, "k").expect("the module has this entry"),
        grid: [2, 1, 1],
        block: [WARPS * 32, 1, 1],
        shared_bytes: 0,
        arguments: vec![Argument::U32(n), Argument::U64(inputs), Argument::U64(out)],
    };
    machine.launch(launch).expect("the arguments fit");
    machine.run().map(drop).map_err(|error| error.to_string())
}

#[test]
fn what_is_taken_runs_under_every_schedule() {
    let (mut accepted, mut with_barriers) = (0, 0);
    for seed in 1..=KERNELS {
        let source = Writer::kernel(seed);
        let Some(text) = taken(&source) else { continue };
        accepted += 1;
        with_barriers += u32::from(text.contains("bar.") || text.contains(".sync"));
        for schedule in 0..3 {
            if let Err(error) = run(&text, schedule, 1 + (seed % 3) as u32) {
                panic!("kernel {seed}, schedule {schedule}: {error}\n{source}\n{text}");
            }
        }
    }
    println!("{accepted} of {KERNELS} kernels are taken, {with_barriers} of them wait for others");
    assert!(with_barriers > 50, "only {with_barriers} kernels show anything");
}

#[test]
fn the_emulator_sees_what_the_check_would_let_through() {
    let broken = |condition: &str, operation: &str| {
        let source = format!(
            "#[kernel(warps = {WARPS})] fn k(n: u32, inputs: Global<u32>, out: Global<u32>) {{
                if {condition} {{ {operation} }}
                out.write(n);
            }}"
        );
        run(&taken(&source).expect("the programmer vouches for it"), 1, 1)
    };
    assert!(
        broken("assume_block_uniform(lane() < 3)", "warp_barrier(); } else { out.write(ballot(n == 1));")
            .is_err()
    );
    assert!(broken("assume_block_uniform(thread_in_block() < 32)", "named_barrier_sync(1, 96);").is_err());
}
