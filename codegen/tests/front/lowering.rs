//! What constructs become: the IR of small functions, as text without positions.

use crate::modules::{canonical, function, lowered};

/// Lowers the one function of `source` and compares its IR.
#[track_caller]
fn becomes(source: &str, expected: &str) {
    let name = source.split("fn ").nth(1).and_then(|rest| rest.split(['(', '<']).next()).expect("a function");
    let found = function(source, name);
    let expected = canonical(&format!("module code;\nfile \"code.rs\";\n{expected}\n"));
    assert_eq!(found, expected, "found:\n{found}\nexpected:\n{expected}");
}

#[test]
fn dispatch_as_it_is_meant_to_read() {
    becomes(
        "fn copy<const ROW: u32>(target: Peer<u32>, source: Global<u32>) {
            let mut piece = lane();
            while piece < ROW {
                target.at(piece).write(source.at(piece).read());
                piece += 32;
            }
        }",
        "fn copy<const ROW: u32>(target#0: Peer<u32>, source#1: Global<u32>) {
            let piece#2 = lane();
            loop {
                if piece#2 < ROW {
                } else {
                    break;
                }
                write(at(target#0, piece#2), read(at(source#1, piece#2)));
                piece#2 = piece#2 + 32u32;
            }
        }",
    );
}

#[test]
fn roles_that_follow_one_another_belong_together() {
    becomes(
        "fn f<const N: u32>(x: u32) {
            #[role(producer, warps = 0..1, registers = 40)] { named_barrier_arrive(1, 64); }
            #[role(consumer, warps = 1..N)] { role_barrier(); }
            block_barrier();
            #[role(all, warps = 0..N)] {}
        }",
        "fn f<const N: u32>(x#0: u32) {
            roles {
                role \"producer\" 0u32..1u32, 40u32 {
                    named_barrier_arrive(1u32, 64u32);
                }
                role \"consumer\" 1u32..N {
                    role_barrier();
                }
            }
            block_barrier();
            roles {
                role \"all\" 0u32..N {
                }
            }
        }",
    );
}

#[test]
fn loops_over_ranges() {
    becomes(
        "fn sum(values: Global<f32>, count: u32) -> f32 {
            let mut data = [0.0; 4];
            #[unroll]
            for i in 0..4 {
                data[i] = values.at(i).read();
            }
            for _ in 1..=count {
                data[0] += data[3];
            }
            data[0]
        }",
        "fn sum(values#0: Global<f32>, count#1: u32) -> f32 {
            let data#2 = [0x0_f32; 4];
            #[unroll] for i#3: u64 in 0u64..4u64 {
                data#2[i#3] = read(at(values#0, i#3));
            }
            for index#4: u32 in 1u32..=count#1 {
                data#2[0u64] = data#2[0u64] + data#2[3u64];
            }
            return data#2[0u64];
        }",
    );
}

#[test]
fn what_an_index_needs_decides_its_type() {
    becomes(
        "fn first(values: Shared<u64>) -> u64 {
            values.at(3).read()
        }",
        "fn first(values#0: Shared<u64>) -> u64 {
            return read(at(values#0, 3u32));
        }",
    );
}

#[test]
fn a_cheap_value_is_selected_and_others_branch() {
    becomes(
        "fn choose(memory: Global<u32>, x: u32) -> u32 {
            let cheap = if x > 3 { x + 1 } else { 7 };
            let memory = if x > 3 { memory.read() } else { 7 };
            let divides = if x > 3 { 100 / x } else { 7 };
            cheap + memory + divides
        }",
        "fn choose(memory#0: Global<u32>, x#1: u32) -> u32 {
            let cheap#2 = select(x#1 > 3u32, x#1 + 1u32, 7u32);
            if x#1 > 3u32 {
                let memory#3 = read(memory#0);
            } else {
                memory#3 = 7u32;
            }
            if x#1 > 3u32 {
                let divides#4 = 100u32 / x#1;
            } else {
                divides#4 = 7u32;
            }
            return (cheap#2 + memory#3) + divides#4;
        }",
    );
}

#[test]
fn a_condition_with_effects_is_evaluated_once_before_its_select() {
    becomes(
        "fn choose(flag: Global<u32>, x: u32) -> u32 {
            if flag.load(Acquire, System) == 1 { x } else { 7 }
        }",
        "fn choose(flag#0: Global<u32>, x#1: u32) -> u32 {
            let condition#3 = load::<Acquire, System>(flag#0) == 1u32;
            let value#2 = select(condition#3, x#1, 7u32);
            return value#2;
        }",
    );
}

#[test]
fn memory_is_read_in_order_when_a_later_operand_branches() {
    becomes(
        "fn order(memory: Global<u32>, x: u32) -> u32 {
            memory.read() + x + if x > 3 { memory.at(1).read() } else { 0 }
        }",
        "fn order(memory#0: Global<u32>, x#1: u32) -> u32 {
            let value#3 = read(memory#0) + x#1;
            if x#1 > 3u32 {
                let value#2 = read(at(memory#0, 1u32));
            } else {
                value#2 = 0u32;
            }
            return value#3 + value#2;
        }",
    );
}

#[test]
fn effects_on_the_right_of_and_are_guarded() {
    becomes(
        "fn spin(flag: Global<u32>, limit: u32) {
            let mut tries = 0;
            while tries < limit && flag.load(Relaxed, Gpu) == 0 {
                tries += 1;
            }
            if tries == limit && limit != 0 && flag.load(Acquire, Gpu) == 0 {
                trap();
            }
            let seen = limit == 0 || flag.read() == 1;
            if seen {
                flag.write(2);
            }
        }",
        "fn spin(flag#0: Global<u32>, limit#1: u32) {
            let tries#2 = 0u32;
            loop {
                if tries#2 < limit#1 {
                } else {
                    break;
                }
                if load::<Relaxed, Gpu>(flag#0) == 0u32 {
                } else {
                    break;
                }
                tries#2 = tries#2 + 1u32;
            }
            if (tries#2 == limit#1) & (limit#1 != 0u32) {
                if load::<Acquire, Gpu>(flag#0) == 0u32 {
                    trap();
                }
            }
            let seen#3 = limit#1 == 0u32;
            if seen#3 {
            } else {
                seen#3 = read(flag#0) == 1u32;
            }
            if seen#3 {
                write(flag#0, 2u32);
            }
        }",
    );
}

#[test]
fn a_trap_gives_any_value() {
    becomes(
        "fn checked(x: u32) -> u32 {
            let y = if x > 3 { x - 3 } else { trap() };
            y * 2
        }",
        "fn checked(x#0: u32) -> u32 {
            if x#0 > 3u32 {
                let y#1 = x#0 - 3u32;
            } else {
                trap();
            }
            return y#1 * 2u32;
        }",
    );
}

#[test]
fn every_path_returns() {
    becomes(
        "fn find(memory: Global<u32>, count: u32) -> u32 {
            for i in 0..count {
                if memory.at(i).read() == 0 {
                    return i;
                }
            }
            loop {
                if count > 3 {
                    return 1;
                }
            }
        }",
        "fn find(memory#0: Global<u32>, count#1: u32) -> u32 {
            for i#2: u32 in 0u32..count#1 {
                if read(at(memory#0, i#2)) == 0u32 {
                    return i#2;
                }
            }
            loop {
                if count#1 > 3u32 {
                    return 1u32;
                }
            }
        }",
    );
}

#[test]
fn tuples_come_apart() {
    becomes(
        "fn swap(a: u32, b: f32) -> (f32, u32) {
            let (x, _) = (a, b);
            let pair = (b, x);
            let (first, (second, _)) = (pair.0, pair);
            (first + second, x)
        }",
        "fn swap(a#0: u32, b#1: f32) -> (f32, u32) {
            let x#2 = a#0;
            let pair#3 = (b#1, x#2);
            let first#4 = pair#3.0;
            let second#5 = pair#3.0;
            return (first#4 + second#5, x#2);
        }",
    );
}

#[test]
fn relations_that_could_divide_by_zero_are_nested() {
    becomes(
        "fn check<const N: u32>() {
            const {
                assert!(N != 0 && 128 % N == 0, \"{} must divide {}\", N, 128);
                assert!(N < 64 && N > 1, \"{N} is out of range\");
            }
        }",
        "fn check<const N: u32>() {
            assert!(N != 0u32, \"{} must divide {}\", N, 128i32);
            if N != 0u32 {
                assert!((128u32 % N) == 0u32, \"{} must divide {}\", N, 128i32);
            }
            assert!((N < 64u32) & (N > 1u32), \"{} is out of range\", N);
        }",
    );
}

#[test]
fn the_right_side_is_evaluated_before_the_place() {
    becomes(
        "fn add(memory: Global<u32>, step: u32) -> u32 {
            let mut sums = [0; 2];
            let mut i = 0;
            sums[i] += memory.fetch_add(step, Relaxed, Block);
            i += 1;
            sums[i] = sums[0];
            sums[i]
        }",
        "fn add(memory#0: Global<u32>, step#1: u32) -> u32 {
            let sums#2 = [0u32; 2];
            let i#3 = 0u64;
            sums#2[i#3] = sums#2[i#3] + fetch_add::<Relaxed, Block>(memory#0, step#1);
            i#3 = i#3 + 1u64;
            sums#2[i#3] = sums#2[0u64];
            return sums#2[i#3];
        }",
    );
}

#[test]
fn attributes_of_a_kernel_and_lines_of_its_source() {
    let source = "use crossdock::intrinsics::*;\n\n/// Doc.\n#[kernel(warps = 4, max_registers = 64)]\n#[inline]\npub fn \
                  nothing(\n    out: Global<u32>,\n) {\n\n    out.write(1); // one\n}\n";
    let module = lowered(source);
    let kernel = module.functions[0].kernel.as_ref().expect("a kernel");
    assert_eq!((kernel.warps(), kernel.max_registers), (4, Some(64)));
    let lines: Vec<(u32, &str)> = module.lines.iter().map(|(line, text)| (*line, text.as_str())).collect();
    let expected =
        [(6, "pub fn nothing("), (7, "out: Global<u32>,"), (8, ") {"), (10, "out.write(1); // one")];
    assert_eq!(lines, expected);
    let position = module.functions[0].body[0].span;
    assert_eq!((position.line, position.column), (10, 8), "an operation is where its name is");
}

#[test]
fn structs_keep_fields_alignment_and_order() {
    let module = lowered(
        "#[derive(Clone, Copy)] #[repr(C, align(16))] pub struct Place { pub rank: u32, rows: [u16; N] }
        #[repr(C)] struct Pair(Place, Global<Place>);
        impl Place { fn rank(self) -> u32 { self.rank } const NONE: Place = Place { rank: 0, rows: [0; N] }; }
        const N: usize = HALF * 2;
        const HALF: usize = 1 + 1;",
    );
    let place = &module.structs[0];
    let names: Vec<&str> = place.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!((place.align, names), (16, vec!["rank", "rows"]));
    let pair: Vec<&str> = module.structs[1].fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!((module.structs[1].align, pair), (1, vec!["0", "1"]));
    assert_eq!(module.functions[0].name, "Place::rank");
    let constants: Vec<&str> = module.constants.iter().map(|constant| constant.name.as_str()).collect();
    assert_eq!(constants, ["N", "HALF", "Place::NONE"]);
    let rows = crossdock_codegen::text::print(&module);
    assert!(rows.contains("[u16; 4]"), "constant lengths are numbers: {rows}");
}
