//! The oracle is rustc, the PTX is executed: each function here is compiled into this test and
//! lowered from the same tokens, and both must give the same numbers on the same inputs.

use crossdock_codegen::back;
use crossdock_emulator::{Argument, Config, Launch, Machine};

use crate::modules::lowered;

/// Numbers that make arithmetic interesting: edges first, then random ones.
fn inputs() -> Vec<u32> {
    let mut inputs: Vec<u32> = (0..70).collect();
    for edge in
        [0x7fu32, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 0x3f80_0000, 0x7f80_0000, 0x7fc0_0000]
    {
        inputs.extend([edge - 1, edge, edge.wrapping_add(1), edge ^ 0x8000_0000]);
    }
    let mut state = 0x2545_f491_4f6c_dd1du64;
    while inputs.len() < 2048 {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let random = (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32;
        inputs.push(random >> (random % 29));
    }
    inputs
}

/// The twins of intrinsics. The emulator that executes the PTX has conversions of its own.
mod intrinsics {
    use crossdock_codegen::ir::Format;
    use crossdock_codegen::rounded::{decode, pack, widen};

    pub(super) fn pack_f16(low: f32, high: f32) -> u32 {
        pack(Format::F16, low, high)
    }

    pub(super) fn pack_e4m3(low: f32, high: f32) -> u16 {
        pack(Format::E4m3, low, high) as u16
    }

    pub(super) fn pack_e5m2(low: f32, high: f32) -> u16 {
        pack(Format::E5m2, low, high) as u16
    }

    pub(super) fn f16_value(code: u16) -> f32 {
        decode(Format::F16, u32::from(code))
    }

    pub(super) fn widen_e4m3(codes: u16) -> u32 {
        widen(Format::E4m3, codes)
    }

    pub(super) fn widen_e5m2(codes: u16) -> u32 {
        widen(Format::E5m2, codes)
    }

    pub(super) fn trap() -> ! {
        panic!("not reached")
    }
}

/// Defines the items for rustc and runs `function` on every input in both worlds.
macro_rules! agree {
    ($($test:ident: $function:ident { $($item:item)* })*) => {
        $(#[test]
        fn $test() {
            #[allow(dead_code, unused, unreachable_pub, clippy::all)]
            mod twin {
                $($item)*
            }
            agrees(stringify!($($item)*), stringify!($function), twin::$function);
        })*
    };
}
pub(crate) use agree;

/// The oldest target with 8-bit floats.
fn ada() -> back::Options {
    back::Options::new("sm_89", None).expect("sm_89 is a target")
}

/// The PTX of a kernel that applies `function` to every input.
fn kernel(source: &str, function: &str) -> back::Kernel {
    let source = format!(
        "{source}
        #[kernel(warps = 4)]
        pub fn apply(from: Global<u32>, to: Global<u32>, count: u32) {{
            let mut index = block_in_grid() * threads_in_block() + thread_in_block();
            while index < count {{
                to.at(index).write({function}(from.at(index).read()));
                index += blocks_in_grid() * threads_in_block();
            }}
        }}"
    );
    let program = back::link(vec![lowered(&source)]).unwrap_or_else(|error| panic!("{error}\n{source}"));
    back::specialise(&program, "apply", &[], &ada()).unwrap_or_else(|error| panic!("{error}\n{source}"))
}

/// What the PTX computes.
fn executed(text: &str, block: u32, inputs: &[u32]) -> Vec<u32> {
    let mut machine = Machine::new(Config::default()).expect("the configuration is right");
    let module = machine.load(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let bytes: Vec<u8> = inputs.iter().flat_map(|input| input.to_le_bytes()).collect();
    let from = machine.allocate(0, bytes.len() as u64).expect("memory");
    let to = machine.allocate(0, bytes.len() as u64).expect("memory");
    machine.write(from, &bytes).expect("the allocation is that large");
    let count = inputs.len() as u32;
    let launch = Launch {
        gpu: 0,
        stream: 0,
        kernel: machine.kernel(module, "apply").expect("the module has this entry"),
        grid: [4, 1, 1],
        block: [block, 1, 1],
        shared_bytes: 0,
        arguments: vec![Argument::U64(from), Argument::U64(to), Argument::U32(count)],
    };
    machine.launch(launch).expect("the arguments fit");
    machine.run().unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut results = vec![0; bytes.len()];
    machine.read(to, &mut results).expect("the allocation is that large");
    let (words, _) = results.as_chunks::<4>();
    words.iter().map(|word| u32::from_le_bytes(*word)).collect()
}

pub(crate) fn agrees(source: &str, function: &str, twin: fn(u32) -> u32) {
    agrees_on(&inputs(), source, function, twin);
}

fn agrees_on(inputs: &[u32], source: &str, function: &str, twin: fn(u32) -> u32) {
    let kernel = kernel(source, function);
    let text = kernel.ptx.to_string();
    for (input, found) in inputs.iter().zip(executed(&text, kernel.needs.block.x, inputs)) {
        let expected = twin(*input);
        assert_eq!(found, expected, "{function}({input:#x}) in PTX, then in Rust\n{source}\n{text}");
    }
}

#[test]
fn a_wrong_result_is_noticed() {
    let kernel = kernel("pub fn next(x: u32) -> u32 { x + 1 }", "next");
    let found = executed(&kernel.ptx.to_string(), kernel.needs.block.x, &[7, u32::MAX]);
    assert_eq!(found, [8, 0]);
}

agree! {
    wrapping_methods: f {
        pub fn f(x: u32) -> u32 {
            let a = x.wrapping_add(0xffff_fff0).wrapping_mul(x).wrapping_sub(x << 3).wrapping_neg();
            let b = (x as u8).wrapping_mul(77).wrapping_add(200).wrapping_neg();
            let c = (x as i16).wrapping_mul(-300).wrapping_sub(i16::MIN).wrapping_neg();
            let d = (x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(u64::MAX);
            let e = (x as i32).wrapping_mul(x as i32).wrapping_add(x.wrapping_shl(x) as i32);
            a ^ b as u32 ^ c as u32 ^ d as u32 ^ (d >> 32) as u32 ^ e as u32 ^ x.wrapping_shr(x ^ 40)
        }
    }

    saturating_methods: f {
        pub fn f(x: u32) -> u32 {
            let y = x.rotate_left(9);
            let a = x.saturating_add(y) ^ x.saturating_sub(y);
            let b = (x as i32).saturating_add(y as i32) ^ (x as i32).saturating_sub(y as i32);
            let c = (x as i8).saturating_add(y as i8) as u32 ^ (x as i8).saturating_sub(y as i8) as u32 >> 1;
            let d = (x as u16).saturating_add(y as u16) as u32 ^ (x as u16).saturating_sub(y as u16) as u32 * 5;
            let wide = ((x as i64) << 32 | y as i64).saturating_add((y as i64) << 32 | x as i64);
            let less = ((x as i64) << 32 | y as i64).saturating_sub((y as i64) << 32 | x as i64);
            a ^ b as u32 ^ c ^ d ^ (wide >> 32) as u32 ^ wide as u32 ^ (less >> 32) as u32 ^ less as u32
        }
    }

    clamped_numbers: f {
        pub fn f(x: u32) -> u32 {
            let y = f32::from_bits(x).clamp(-2.5, 1000.0);
            let z = (x as i32).clamp(-70, 70) as u32 ^ x.clamp(5, 1 << 20) * 3 ^ (x as i8).clamp(-3, 100) as u32;
            // The bits of a NaN are the hardware's choice.
            let y = if y.is_nan() { 99.5 } else { y };
            z ^ y.to_bits() ^ f32::from_bits(x & 0x8000_0000).clamp(0.0, 1.0).to_bits()
        }
    }

    methods_of_bools: f {
        pub fn f(x: u32) -> u32 {
            let (a, b) = (x % 3 == 0, x % 5 < 2);
            a.min(b) as u32 + a.max(b) as u32 * 2
        }
    }

    constants_in_functions: f {
        const OUTER: u32 = 3;

        fn sum(x: u32) -> u32 {
            const COUNT: usize = 2 + HALF;
            const HALF: usize = OUTER as usize - 1;
            let mut values = [x; COUNT];
            values[COUNT - 1] = MASK & 0xff;
            const MASK: u32 = u32::MAX.wrapping_mul(OUTER).wrapping_add(77);
            values[0] ^ values[3] ^ MASK
        }

        pub fn f(x: u32) -> u32 {
            const MASK: u32 = 0x55;
            if x > 100 {
                const LIMIT: u32 = MASK * 2;
                return sum(x) % LIMIT;
            }
            sum(x & MASK)
        }
    }

    loops_have_values: f {
        fn root(x: u32) -> u32 {
            let mut guess = 0u32;
            loop {
                if (guess + 1) * (guess + 1) > x {
                    break guess;
                }
                guess += 1;
            }
        }

        pub fn f(x: u32) -> u32 {
            let x = x & 0xfff;
            let mut rounds = 0;
            let pair = 'search: loop {
                rounds += 1;
                let mut y = x >> rounds;
                while y % 2 == 1 {
                    y /= 3;
                    if y == 7 {
                        break 'search (y, rounds);
                    }
                }
                if rounds == 9 {
                    break (y + 100, loop { break 3 });
                }
            };
            root(x) * 1000 + pair.0 * 20 + pair.1
        }
    }

    labelled_blocks_end_early: f {
        pub fn f(x: u32) -> u32 {
            let mut effects = 0;
            let kind = 'kind: {
                if x < 10 {
                    break 'kind 1;
                }
                effects += 100;
                if x % 2 == 0 {
                    if x % 4 == 0 { break 'kind 2 } else { effects += 3; }
                    effects += 1000;
                }
                x % 7
            };
            let mut i = 0;
            'walk: while i < 5 {
                i += 1;
                'step: {
                    if i == 2 {
                        continue 'walk;
                    }
                    if i == x % 8 {
                        break 'step;
                    }
                    if i == 4 && x > 1000 {
                        break 'walk;
                    }
                    effects += i * 10000;
                }
                effects ^= 1 << 20;
            }
            let plain = 'plain: { effects / 3 };
            kind + effects + plain
        }
    }

    a_trap_that_is_not_reached: f {
        use super::intrinsics::trap;

        fn positive(x: u32) -> u32 {
            if x < 0x8000_0000 {
                return x + 1;
            }
            if x == 0 { trap() }
            let y = if x > 5 { x } else { trap() };
            y / 2
        }

        pub fn f(x: u32) -> u32 {
            positive(x)
        }
    }

    matches_on_integers: f {
        const SEVEN: u32 = 7;

        pub fn f(x: u32) -> u32 {
            const EIGHT: u32 = SEVEN + 1;
            let mut effects = 0;
            let kind = match x % 64 {
                0 => 100,
                1 | 3 | 5..=6 => 200,
                SEVEN | EIGHT => 300,
                10..20 => { effects += 1; 400 }
                y @ (20 | 22..=25) => y * 2,
                y if y % 2 == 0 && { effects += 10; y > 30 } => y + 1000,
                mut y @ 40.. => { y += 3; y * 7 }
                31 if x > 1000 => return 5,
                y => y ^ x & 0xff,
            };
            match kind {
                200 => effects += 1000,
                400.. => {}
                _ => effects += 2000,
            }
            let signed = match x as i8 {
                i8::MIN..=-100 => 1,
                -99..-1 => 2,
                -1 => 3,
                0..=50 => 4,
                51..=i8::MAX => 5,
            };
            kind + effects + signed * 100_000
        }
    }

    patterns_take_values_apart: f {
        #[derive(Clone, Copy)]
        pub struct Place { rank: u32, row: u32 }
        #[derive(Clone, Copy)]
        pub struct Pair(Place, u32);
        #[derive(Clone, Copy, PartialEq)]
        #[repr(u32)]
        pub enum Wire { Wide, Narrow }

        const NOWHERE: u32 = 3;

        fn place(x: u32) -> Place {
            Place { rank: x % 5, row: x / 7 }
        }

        fn rank_below(place: Place, most: u32) -> u32 {
            let Place { rank: rank @ 0..=2, .. } = place else { return most };
            rank + 1
        }

        pub fn f(x: u32) -> u32 {
            let x = x % 100_000;
            let mut effects = 0;
            let Place { rank, row: mut line } = place(x);
            line ^= rank;
            let Pair(Place { row, .. }, (y)): Pair = Pair(place(x + 1), x & 0xff);
            let [first, .., last] = [x % 3, { effects += 1; x % 4 }, x % 5, x % 6];
            let (a, (b, ..), .., c) = (x & 1, (x & 2, true), 5u64, x & 4);
            let mut whole @ [low, _] = [x & 0xf, x >> 4];
            whole[0] += low;
            if let Place { rank: NOWHERE, row } = place(x) {
                effects += row;
            } else if let (1 | 2, 10..) = (x % 4, x) {
                effects += 77;
            }
            let chosen = if let Pair(Place { rank: 1, .. }, n @ 5..=90) = Pair(place(x), y) { n * 3 } else { 9 };
            let kind = match (place(x), if x % 2 == 0 { Wire::Wide } else { Wire::Narrow }) {
                (Place { rank: 0, row } | Place { rank: 4, row }, Wire::Wide) => row,
                (Place { rank, .. }, Wire::Narrow) if rank > 1 => rank * 100,
                (Place { rank, row }, wire) => rank ^ row ^ wire as u32,
            };
            let mut left = x % 9;
            while let 2..=8 = left {
                left -= 1;
                if left == 4 && x % 7 == 0 {
                    break;
                }
                if x % 3 == 0 {
                    continue;
                }
                effects += left;
            }
            let inner = 'outer: loop {
                while let (0, n) | (1, n) = (left, x % 11) {
                    break 'outer n;
                }
                break 50;
            };
            rank_below(place(x), 44) + effects * 3 + line + row * 5 + y + first * 7 + last * 11 + a + b + c * 13
                + whole[0] * 17 + whole[1] + chosen + kind * 19 + left * 23 + inner * 29
        }
    }

    matches_on_bools_and_tuples: f {
        pub fn f(x: u32) -> u32 {
            let a = match x > 50 { true => 3, false => 4 };
            let b = match (x % 2 == 0, x % 3 == 0, x % 5) {
                (true, true, rest) => rest,
                (true, _, 0..=2) => 10,
                (false, true, y) if y > 2 => y + 20,
                (_, third, _) => 30 + third as u32,
            };
            let mut y = x;
            let c = match y { z => { y = 5; z / 2 } };
            let mut rounds = 0;
            let d = loop {
                match rounds {
                    0..=3 => rounds += 1,
                    4 if x % 7 == 3 => break 1000,
                    _ if x % 7 > 3 => break rounds,
                    _ => { rounds += 1; if rounds > 9 { break 7 } }
                }
            };
            a + b * 10 + c % 1000 * 1000 + d + y
        }
    }

    enums_are_matched_and_compared: f {
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
        #[repr(i16)]
        pub enum Stage { Early = -2, #[default] Late = 300, Never }

        #[derive(Clone, Copy, PartialEq)]
        enum Side { Left, Right }

        #[derive(Clone, Copy)]
        struct Step { stage: Stage, count: u32 }

        fn stage(x: u32) -> Stage {
            if x < 100 { Stage::Early } else if x % 2 == 0 { Stage::Late } else { Stage::Never }
        }

        fn advance(step: Step) -> Step {
            let next = match step.stage {
                Stage::Early if step.count > 50 => Stage::Never,
                Stage::Early => Stage::Late,
                _ => step.stage,
            };
            Step { stage: next, ..step }
        }

        pub fn f(x: u32) -> u32 {
            let before = Step { stage: stage(x), count: x % 90 };
            let after = advance(before);
            let side = if x % 3 == 0 { Side::Left } else { Side::Right };
            let mut total = (after.stage > before.stage) as u32 + (side == Side::Left) as u32 * 2;
            if before.stage != Stage::Late && after.stage <= Stage::Late {
                total += 4;
            }
            let mut last = Stage::Early;
            for i in 0..3u32 {
                last = match (last, side) {
                    (Stage::Early, Side::Left) => Stage::Late,
                    (Stage::Late, _) if x % 5 == i => Stage::Never,
                    (other, _) => other,
                };
            }
            total + after.stage as u32 % 1000 * 10 + (before.stage as i32 + 2) as u32 * 100_000 + (last as u8 as u32)
        }
    }
}

/// As [`agree`], for every code of 16 bits with the lower bits that decide ties.
macro_rules! agree_on_floats {
    ($($test:ident: $function:ident { $($item:item)* })*) => {
        $(#[test]
        fn $test() {
            mod twin {
                $($item)*
            }
            let uppers = (0..=0xffffu32).map(|upper| upper << 16);
            let inputs: Vec<u32> = uppers.flat_map(|upper| [upper, upper | 1, upper | 0xffff]).collect();
            agrees_on(&inputs, stringify!($($item)*), stringify!($function), twin::$function);
        })*
    };
}

agree_on_floats! {
    floats_are_rounded_to_16_bits: f {
        use super::intrinsics::pack_f16;

        pub(super) fn f(x: u32) -> u32 {
            // Scaled, so that more of the inputs are near the format's range.
            let value = f32::from_bits(x);
            pack_f16(value, value * 0.000_030_518) ^ pack_f16(f32::from_bits(x >> 3), -value).rotate_left(7)
        }
    }

    floats_are_rounded_to_8_bits: f {
        use super::intrinsics::{pack_e4m3, pack_e5m2};

        pub(super) fn f(x: u32) -> u32 {
            let value = f32::from_bits(x);
            (pack_e4m3(value, -value) as u32) << 16 | pack_e5m2(value, -value) as u32
        }
    }

    small_floats_are_widened: f {
        use super::intrinsics::{f16_value, widen_e4m3, widen_e5m2};

        pub(super) fn f(x: u32) -> u32 {
            let code = (x >> 16) as u16;
            let value = f16_value(code);
            let bits = if value.is_nan() { 77 } else { value.to_bits() };
            match x % 4 { 0 => bits, 1 => widen_e4m3(code), _ => widen_e5m2(code) }
        }
    }
}

#[test]
fn eight_bit_floats_need_their_target_and_version() {
    let source = "#[kernel(warps = 1)]
        fn apply(x: f32, to: Global<u16>) { to.write(pack_e4m3(x, 0.0)); }";
    let program = back::link(vec![lowered(source)]).expect("the module is right");
    let message = |options: &back::Options| match back::specialise(&program, "apply", &[], options) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    let old = message(&back::Options::default());
    let expected = "`cvt.rn.satfinite.e4m3x2.f32` needs the target sm_89, and this kernel is made for sm_80: raise the target";
    assert!(old.starts_with(expected), "{old}");
    let version = message(&back::Options::new("sm_90", Some("8.0")).expect("PTX 8.0 has sm_90"));
    let expected = "`cvt.rn.satfinite.e4m3x2.f32` needs PTX 8.1, and this kernel is written in PTX 8.0: raise the version";
    assert!(version.starts_with(expected), "{version}");
    assert_eq!(message(&ada()), "");
}

#[test]
fn enums_lie_in_memory_as_their_integers() {
    let source = "
        #[derive(Clone, Copy)]
        #[repr(u8)]
        pub enum State { Free, Taken = 5, Done }

        #[derive(Clone, Copy)]
        #[repr(C)]
        pub struct Slot { state: State, tag: u8, next: u16 }

        #[kernel(warps = 1)]
        pub fn apply(from: Global<u32>, to: Global<u32>, count: u32) {
            if block_in_grid() == 0 && lane() < count {
                let slots = from.cast::<Slot>();
                let slot = slots.at(lane()).read();
                let state = match slot.state {
                    State::Free => State::Taken,
                    State::Taken | State::Done => State::Done,
                };
                to.cast::<Slot>().at(lane()).write(Slot { state, ..slot });
            }
        }";
    let program = back::link(vec![lowered(source)]).expect("the module is right");
    let kernel = back::specialise(&program, "apply", &[], &back::Options::default()).expect("it specialises");
    let found =
        executed(&kernel.ptx.to_string(), kernel.needs.block.x, &[0x0102_0300, 0xffff_0005, 0x0000_ff06]);
    assert_eq!(found, [0x0102_0305, 0xffff_0006, 0x0000_ff06]);
}
