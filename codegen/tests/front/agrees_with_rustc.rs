//! The oracle is rustc: each `const fn` here is compiled into this test and lowered from the same
//! tokens, and both must give the same numbers. The lowered one runs at specialisation, in
//! `const { assert!(f(INPUT) == EXPECTED) }`.

use crossdock_codegen::back;

use crate::modules::lowered;

/// Numbers that make arithmetic interesting.
const INPUTS: [u32; 9] = [0, 1, 2, 3, 7, 31, 100, 0x8000_0000, u32::MAX];

/// Defines the items for rustc and runs `function` on every input in both worlds.
macro_rules! agree {
    ($test:ident: $function:ident { $($item:item)* }) => {
        #[test]
        fn $test() {
            #[allow(dead_code, unused, unreachable_pub, clippy::all)]
            mod twin {
                $($item)*
            }
            agrees(stringify!($($item)*), stringify!($function), twin::$function);
        }
    };
}

fn agrees(source: &str, function: &str, twin: fn(u32) -> u32) {
    let source = format!(
        "{source}
        #[kernel(warps = 1)]
        pub fn compare<const INPUT: u32, const EXPECTED: u32>() {{
            const {{ assert!({function}(INPUT) == EXPECTED, \"{{}}\", {function}(INPUT)) }}
        }}"
    );
    let program = back::link(vec![lowered(&source)]).unwrap_or_else(|error| panic!("{error}\n{source}"));
    for input in INPUTS {
        let expected = twin(input);
        let parameters = [("INPUT", i128::from(input)), ("EXPECTED", i128::from(expected))];
        let outcome = back::specialise(&program, "compare", &parameters, &back::Options::default());
        if let Err(error) = outcome {
            panic!("{function}({input}) is {expected} in Rust and {error} in device code\n{source}");
        }
    }
}

#[test]
fn a_wrong_expectation_is_noticed() {
    let source = "pub const fn same(x: u32) -> u32 { x }
        #[kernel(warps = 1)]
        fn compare<const INPUT: u32>() { const { assert!(same(INPUT) == 2, \"{}\", same(INPUT)) } }";
    let program = back::link(vec![lowered(source)]).expect("the module is right");
    let specialise =
        |input| back::specialise(&program, "compare", &[("INPUT", input)], &back::Options::default());
    assert!(specialise(2).is_ok());
    assert_eq!(specialise(3).expect_err("3 is not 2").to_string(), "3");
}

agree!(operators_keep_their_precedence: f {
    pub const fn f(x: u32) -> u32 {
        ((x & 0xff) * 3 + 1) / 2 % 1000 ^ x >> 3 | !x & 0xf0 ^ x << 2
    }
});

agree!(narrow_integers_wrap_and_extend: f {
    pub const fn f(x: u32) -> u32 {
        let a = x as u8;
        let b = x as i8;
        let c = a as i16 * -3i16;
        let d = b as i64 as u64 >> 4;
        c as u32 ^ d as u32 ^ b as i32 as u32 ^ (x as u16 as i16 >> 2) as u32
    }
});

agree!(float_casts_and_arithmetic: f {
    pub const fn f(x: u32) -> u32 {
        let y = x as f32 * 0.1 - 3.0;
        let z = y as f64 / 7.0;
        (y as i32 as u32) ^ y.to_bits() ^ z.to_bits() as u32 ^ (z as u8 as u32) ^ (-y) as u32
    }
});

agree!(literals_take_the_type_they_meet: f {
    pub const fn f(x: u32) -> u32 {
        let mut sum = 0;
        let step = 3;
        let wide = 1 << 40u64;
        let mut count = 0;
        while count < 4 {
            sum += step;
            count += 1;
        }
        let total: u64 = wide + sum;
        (total >> 8) as u32 ^ x ^ (-1 as i32) as u32 ^ (3_000_000_000 as u32)
    }
});

agree!(a_let_without_a_value_is_assigned_on_every_path: f {
    pub const fn f(x: u32) -> u32 {
        let y;
        let z: u32;
        if x > 5 {
            y = x / 2;
            z = 1;
        } else {
            z = 2;
            y = x * 3;
        }
        y ^ z
    }
});

agree!(an_operand_keeps_its_value_when_a_later_one_assigns: f {
    pub const fn f(x: u32) -> u32 {
        let mut y = x & 7;
        let a = y + { y += 10; y } * 2 + { y = 3; y };
        let b = [y, { y = 4; y }, y][1];
        let c = (y, if a > 20 { y = 5; 1 } else { 2 }, y);
        a * 1000 + b * 100 + c.0 * 10 + c.1 + c.2
    }
});

agree!(arguments_are_evaluated_left_to_right: f {
    const fn join(a: u32, b: u32, c: u32) -> u32 {
        a * 10000 + b * 100 + c
    }

    pub const fn f(x: u32) -> u32 {
        let mut y = x % 10;
        join(y, { y += 1; y }, { y *= 2; if y > 9 { y } else { y + 1 } })
    }
});

agree!(fields_are_evaluated_as_written: f {
    #[derive(Clone, Copy)]
    pub struct Triple {
        a: u32,
        b: u32,
        c: u32,
    }

    pub const fn f(x: u32) -> u32 {
        let mut n = x & 3;
        let first = Triple { c: { n += 1; n }, a: { n *= 5; n }, b: n };
        let second = Triple { b: { n = 50; n }, ..first };
        first.a + first.b * 7 + first.c * 100 + second.a * 1000 + second.b * 3 + second.c
    }
});

agree!(the_right_side_of_an_assignment_comes_first: f {
    pub const fn f(x: u32) -> u32 {
        let mut values = [x & 15, 20, 30, 40];
        let mut i = 0;
        values[i] = { i = 1; 5 };
        values[{ i += 1; i }] += { i += 1; 100 };
        values[3] -= values[0] & 1;
        (i as u32) + values[0] + values[1] * 10 + values[2] * 100 + values[3] * 1000
    }
});

agree!(both_sides_of_a_logical_operator_only_when_needed: f {
    const fn even(x: u32) -> bool {
        x % 2 == 0
    }

    pub const fn f(x: u32) -> u32 {
        let mut calls = 0;
        let a = x > 5 && { calls += 1; even(x) };
        let b = x > 100 || { calls += 10; !even(x) };
        let divides = x != 0 && 100 % x == 0;
        let neither = x == 0 || 100 / x > 3;
        if a && b && { calls += 100; true } {
            calls += 1000;
        }
        let mut rounds = 0;
        while rounds < 5 && { calls += 10000; even(rounds) || rounds < 3 } {
            rounds += 1;
        }
        calls + a as u32 + b as u32 * 2 + divides as u32 * 4 + neither as u32 * 8 + rounds * 16
    }
});

agree!(loops_break_and_continue_by_label: f {
    pub const fn f(x: u32) -> u32 {
        let mut total = 0u32;
        let mut i = 0;
        'outer: loop {
            i += 1;
            if i > 12 {
                break;
            }
            let mut j = 0;
            while j < 6 {
                j += 1;
                if j == i {
                    continue 'outer;
                }
                if i * j == 40 {
                    break 'outer;
                }
                if j % 2 == 1 {
                    continue;
                }
                total = total.rotate_left(3) ^ i ^ j * 5 ^ x;
            }
        }
        total
    }
});

agree!(early_returns_leave_from_anywhere: f {
    const fn classify(x: u32) -> u32 {
        if x == 0 {
            return 1;
        }
        let mut n = x;
        loop {
            n = if n % 2 == 0 { n / 2 } else { return n.rotate_left(7) };
        }
    }

    pub const fn f(x: u32) -> u32 {
        let y = if x > 50 { return classify(x) ^ 1 } else { classify(x) };
        y ^ 5
    }
});

agree!(if_values_nest: f {
    pub const fn f(x: u32) -> u32 {
        let small = if x < 4 { x } else if x < 40 { x / 4 } else { if x == 100 { 25 } else { 9 } };
        let (low, high) = if x % 2 == 0 { (small, x >> 16) } else { let y = x >> 8; (y, small + 1) };
        let flag = if low < high { low == 3 } else { high == 0 };
        low ^ high.rotate_left(3) ^ flag as u32
    }
});

agree!(names_shadow_in_their_scope: f {
    pub const VALUE: u32 = 7;

    const fn value(x: u32) -> u32 {
        x + VALUE
    }

    pub const fn f(x: u32) -> u32 {
        let x = x & 0xff;
        let value = value(x);
        let x = {
            let x = x + value;
            let value = x * 2;
            x + value
        };
        let (x, value) = (value, x);
        if x > 10 {
            let x = 1;
            let _ = x;
        }
        x * 1000 + value
    }
});

agree!(structs_have_constants_and_methods: f {
    #[derive(Clone, Copy)]
    #[repr(C, align(8))]
    pub struct Place {
        pub rank: u32,
        pub row: u32,
    }

    impl Place {
        pub const NOWHERE: Place = Place { rank: u32::MAX, row: Self::BASE };
        const BASE: u32 = 40 + 2;

        pub const fn new(rank: u32) -> Self {
            Self { rank, ..Self::NOWHERE }
        }

        pub const fn is_somewhere(self) -> bool {
            self.rank != Place::NOWHERE.rank
        }

        pub const fn moved<const BY: u32>(&self, up: bool) -> Place {
            let row = if up { self.row + BY } else { self.row - BY };
            Place { row, rank: self.rank }
        }
    }

    #[derive(Clone, Copy)]
    pub struct Pair(u32, Place);

    pub const fn f(x: u32) -> u32 {
        let mut place = Place::new(x);
        let somewhere = place.is_somewhere();
        place.row += 8;
        let pair = Pair(x & 3, place.moved::<5>(somewhere));
        let mut other = pair;
        other.1.row = other.1.row * 2 + pair.0;
        other.1.row * 10 + pair.1.row + somewhere as u32
    }
});

agree!(arrays_and_their_lengths: f {
    pub const HALF: usize = 2;
    pub const WHOLE: usize = HALF * 2;

    const fn sum<const N: usize>(values: [u32; N]) -> u32 {
        let mut total = 0u32;
        let mut i = 0;
        while i < N {
            total = total.rotate_left(7) ^ values[i];
            i += 1;
        }
        total
    }

    const fn filled<const N: usize>(value: u32) -> [u32; N] {
        [value; N]
    }

    pub const fn f(x: u32) -> u32 {
        let mut values: [u32; WHOLE] = [x; HALF + 2];
        values[1] = 5;
        values[HALF + 1] = values[0] ^ values[1];
        let mut nested = [[1u32, 2], [3, 4]];
        nested[1][0] += x & 7;
        sum::<WHOLE>(values) ^ sum::<3>(filled::<3>(x)) ^ sum::<2>(nested[1]) ^ sum::<{ HALF }>([x, 9])
    }
});

agree!(scalar_methods_of_u32: f {
    pub const fn f(x: u32) -> u32 {
        let y = x.rotate_left(5) ^ x.rotate_right(x % 40) ^ x.reverse_bits();
        let z = x.count_ones() + x.leading_zeros() * 3 + x.trailing_zeros() * 5;
        let w = (x / 2).next_multiple_of(12) ^ x.div_ceil(7) ^ x.saturating_sub(100) ^ x.abs_diff(77);
        let v = x.wrapping_shl(35) ^ x.wrapping_shr(33) ^ (x / 2).wrapping_add(5).wrapping_mul(1);
        y ^ z * 1000 ^ w ^ v ^ x.is_power_of_two() as u32
    }
});

agree!(scalar_methods_of_other_integers: f {
    pub const fn f(x: u32) -> u32 {
        let a = (x as i32).rotate_left(7) ^ (x as i32 / 2).wrapping_sub(9) ^ (x as i32).abs_diff(-5) as i32;
        let b = (x as u64 * 0x1_0000_0001).rotate_right(17) ^ (x as u64).reverse_bits();
        let c = (x as u8).rotate_left(3) ^ (x as u8).leading_zeros() as u8 ^ (x as i8).wrapping_abs() as u8;
        let d = (x as i16).trailing_zeros() ^ (x as i64).count_ones() ^ (x as i64).leading_zeros();
        a as u32 ^ b as u32 ^ (b >> 32) as u32 ^ c as u32 ^ d
    }
});

agree!(float_methods: f {
    pub const fn f(x: u32) -> u32 {
        let y = f32::from_bits(x);
        let z = if y.is_nan() { 1.5 } else { y };
        (y.is_nan() as u32) ^ z.to_bits() ^ f64::from_bits(x as u64).to_bits() as u32 ^ f32::INFINITY.to_bits()
    }
});

agree!(constants_of_scalars: f {
    pub const fn f(x: u32) -> u32 {
        let a = u8::MAX as u32 + u16::BITS + (i32::MIN as u32 >> 1) + (i64::MAX >> 40) as u32;
        let b = (f32::MAX.to_bits() ^ f32::EPSILON.to_bits()) ^ f64::MIN_POSITIVE.to_bits() as u32;
        a ^ b ^ x ^ usize::BITS ^ (i8::MIN as i32 as u32) ^ b'x' as u32
    }
});

agree!(wide_and_signed_arithmetic: f {
    pub const fn f(x: u32) -> u32 {
        let a = (x as i64 - 50) * -3;
        let b = a / 7 - a % 7 * 10 + (a >> 2);
        let c = (x as u64) << 33 | 5;
        let d = -128i8 as i32 + (-7 / 2) + (-7 % 3);
        (b as u32) ^ (c >> 20) as u32 ^ d as u32 ^ (a < 0) as u32 ^ (b as u64 >= c) as u32
    }
});

agree!(compound_assignment_to_parts: f {
    pub const fn f(x: u32) -> u32 {
        let mut pair = (x & 0xffff, [1u32, 2, 3]);
        pair.0 <<= 3;
        pair.0 |= 5;
        pair.1[2] ^= pair.0;
        pair.1[0] += pair.1[2] % 11;
        pair.1[1] >>= 1u8;
        pair.0 -= pair.1[0] & 1;
        pair.0 ^ pair.1[0] * 3 ^ pair.1[1] ^ pair.1[2]
    }
});

agree!(const_blocks_are_values: f {
    pub const LIMIT: u32 = 3;

    pub const fn f(x: u32) -> u32 {
        const {
            assert!(LIMIT > 2 && 12 % LIMIT == 0, "the limit is wrong");
        }
        x ^ const { LIMIT * 2 + if LIMIT > 2 { 1 } else { 0 } }
    }
});

agree!(wrapping_methods_wrap_in_constants: f {
    pub const SEED: u64 = 0xffff_ffff_ffff_fff0u64.wrapping_mul(u64::MAX).wrapping_add(u64::MAX);
    pub const LEAST: i32 = i32::MIN.wrapping_neg().wrapping_sub(1);

    pub const fn f(x: u32) -> u32 {
        let a = x.wrapping_add(u32::MAX).wrapping_mul(x | 1).wrapping_sub(77).wrapping_neg();
        let b = (x as i8).wrapping_add(100).wrapping_mul(-3).wrapping_neg();
        let c = (x as i64).wrapping_mul(i64::MIN + 3).wrapping_sub(i64::MAX);
        a ^ b as u32 ^ (c >> 20) as u32 ^ SEED as u32 ^ LEAST as u32 ^ x.wrapping_shl(37) ^ x.wrapping_shr(x)
    }
});

agree!(saturating_methods_in_constants: f {
    pub const fn f(x: u32) -> u32 {
        let a = x.saturating_add(u32::MAX - 50) ^ (x as i32).saturating_add(i32::MAX) as u32;
        let b = (x as i32).saturating_sub(i32::MAX) as u32 ^ (x as i8).saturating_add(x as i8) as u32;
        let c = (x as f32).clamp(3.0, 1e6).to_bits() ^ f32::from_bits(x | 0x8000_0000).clamp(-0.0, 4.0).to_bits();
        a ^ b ^ c ^ (x as i64 - 5).saturating_sub(i64::MAX) as u32
    }
});

agree!(loops_and_blocks_have_values_in_constants: f {
    pub const fn f(x: u32) -> u32 {
        const STEP: u32 = 3;
        let mut i = 0;
        let found = 'outer: loop {
            i += 1;
            let mut j = 0;
            let inner = loop {
                if j > i { break j * 2; }
                if i * j > x % 50 { break 'outer i * 100 + j; }
                j += STEP;
            };
            if inner > 60 { break inner; }
        };
        found + 'kind: { if x > 5 { break 'kind 7; } found }
    }
});

agree!(matches_in_constants: f {
    pub const fn f(x: u32) -> u32 {
        let kind = match x { 0 => 5, 1..=3 => 6, u32::MAX => 9, y @ (7 | 31) => y * 2, y if y % 2 == 0 => 1, _ => 2 };
        let other = match (x > 2, kind) { (true, 5..) => 1, (false, k) => k, _ => 100 };
        kind * 1000 + other
    }
});

agree!(enums_in_constants: f {
    pub const BASE: isize = 10;

    #[derive(Clone, Copy, PartialEq, Eq)]
    pub enum Level { Low = -5, Middle, High = BASE * 2 }

    #[derive(Clone, Copy)]
    #[repr(u8)]
    pub enum Kind { Empty, Some = 7, Other }

    #[derive(Clone, Copy)]
    pub struct Item { kind: Kind, size: u32 }

    impl Kind {
        pub const FIRST: Kind = Kind::Some;

        pub const fn of(x: u32) -> Self {
            match x % 3 { 0 => Self::Empty, 1 => Kind::Some, _ => Self::Other }
        }

        pub const fn weight(self) -> u32 {
            match self { Kind::Empty => 0, Kind::Some | Kind::Other => self as u32 * 2 }
        }
    }

    pub const fn f(x: u32) -> u32 {
        let item = Item { kind: Kind::of(x), size: x & 15 };
        let level = if x > 3 { Level::High } else if x == 0 { Level::Low } else { Level::Middle };
        let known = match (level, item.kind) {
            (Level::Low, _) => 1,
            (Level::High, Kind::Other) => 2,
            (_, kind) => kind as u32 + 10,
        };
        item.kind.weight() * 100 + item.size + known * 10000 + Kind::FIRST as u32 + level as i64 as u32 / 2
    }
});
