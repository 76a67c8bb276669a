//! What people write who know Rust and have not read the manual: it means what it means in Rust, or
//! one sentence says what to write instead.

use crate::refused::refused;
use crate::running::{agree, agrees};

agree! {
    several_const_generics: f {
        fn pack<const ROWS: u32, const COLUMNS: u32, const TRANSPOSED: bool>(row: u32, column: u32) -> u32 {
            if TRANSPOSED { column % COLUMNS * ROWS + row % ROWS } else { row % ROWS * COLUMNS + column % COLUMNS }
        }

        pub fn f(x: u32) -> u32 {
            pack::<7, { 3 + 2 }, true>(x, x >> 3) ^ pack::<16, 8, false>(x, x >> 5) << 8
        }
    }

    structs_in_tuples_and_arrays: f {
        #[derive(Clone, Copy)]
        struct Point { x: i32, y: i32 }

        #[derive(Clone, Copy)]
        struct Segment { ends: [Point; 2], weight: (f32, u8) }

        impl Point {
            const ORIGIN: Point = Point { x: 0, y: 0 };
            const STEP: i32 = 3;

            fn new(x: i32, y: i32) -> Self { Self { x, y } }
            fn plus(self, other: Self) -> Self { Self::new(self.x.wrapping_add(other.x), self.y.wrapping_sub(other.y)) }
            fn moved(self) -> Self { Point { x: self.x.wrapping_add(Self::STEP), ..self } }
        }

        pub fn f(x: u32) -> u32 {
            let a = Point::new(x as i32, -(x as i16 as i32));
            let both = (a, Segment { ends: [Point::ORIGIN, a.moved()], weight: (x as f32 * 0.5, x as u8) });
            let (Point { x: left, .. }, Segment { ends: [first, second], weight: (w, b) }) = both;
            let sum = first.plus(second).plus(both.1.ends[1]).plus(Point::plus(a, a));
            (left ^ sum.x ^ sum.y) as u32 ^ w.to_bits() ^ b as u32
        }
    }

    fields_and_elements_change_in_place: f {
        #[derive(Clone, Copy, Default)]
        struct State { sums: [u32; 3], last: (u8, bool), deep: Inner }

        #[derive(Clone, Copy, Default)]
        struct Inner { count: i16 }

        pub fn f(x: u32) -> u32 {
            let mut state = State { sums: [1, 2, 3], last: (0, false), deep: Inner { count: -1 } };
            state.sums[0] += x >> 4;
            state.sums[2] ^= state.sums[0] << 3;
            state.last.0 = state.last.0.wrapping_add(x as u8);
            state.last.1 |= x > 7;
            state.deep.count -= 5;
            state.deep.count *= 3;
            let copy = state;
            state.sums[1] %= 5;
            let mut rows = [copy, state];
            rows[1].sums[1] += 10;
            rows[0].deep = Inner { count: rows[1].deep.count >> 1 };
            rows[0].sums[0] ^ rows[1].sums[1] ^ rows[1].sums[2] ^ rows[0].deep.count as u32 ^ rows[0].last.0 as u32 ^ state.last.1 as u32
        }
    }

    matches_on_everything: f {
        #[derive(Clone, Copy, PartialEq)]
        enum Kind { Small, Even, Large, Other = 9 }

        impl Kind {
            fn of(x: u32) -> Kind {
                match x {
                    0 | 1 => Kind::Small,
                    n if n % 2 == 0 && n < 1000 => Kind::Even,
                    1000..=0x7fff_ffff => Kind::Large,
                    _ => Kind::Other,
                }
            }
        }

        pub fn f(x: u32) -> u32 {
            let kind = Kind::of(x);
            let base = match (kind, x as i8) {
                (Kind::Small, _) => 1,
                (Kind::Even, -128..=-1) => 2,
                (Kind::Even, v @ 0..=9) => v as u32 + 10,
                (_, i8::MIN..0) => 3,
                (k, v) if k == Kind::Large => v as u32,
                (Kind::Other, ..) | (Kind::Large, _) => kind as u32,
                (Kind::Even, _) => 5,
            };
            let more = match x as u8 { b'a'..=b'z' => 1, b'0' | b'1' => 2, 0xff => 3, _ => 4u32 };
            let flag = match (x & 1 == 1, x & 2 != 0) { (true, true) => 7, (true, false) => 6, (false, b) => b as u32 };
            base * 100 + more * 10 + flag
        }
    }

    shadowing_and_blocks: f {
        pub fn f(x: u32) -> u32 {
            let x = x as u64;
            let x = { let x = x * 3; x + 1 };
            let y = if x > 100 { let x = 5; x } else { let x = x as u32; x };
            let (x, y) = (y, x as u32);
            let y = { let mut y = y; { y += 1; } y };
            {
                let x = 0;
                let _ = x;
            }
            x ^ y
        }
    }

    labels_breaks_and_early_returns: f {
        fn first_divisor(x: u32) -> u32 {
            let mut d = 2;
            loop {
                if d > 40 { return 0; }
                if x % d == 0 { return d; }
                d += 1;
            }
        }

        fn search(x: u32) -> u32 {
            let mut found = 0;
            'rows: for i in 0..12 {
                let mut j = 12;
                while j > 0 && found < 1000 {
                    j -= 1;
                    if (i * j) % 7 == x % 7 { continue 'rows; }
                    if i + j == x % 31 { break 'rows; }
                    found += i ^ j;
                }
                if i == 9 { return found + 1; }
            }
            found
        }

        pub fn f(x: u32) -> u32 {
            let value = 'choose: {
                if x == 0 { break 'choose 1; }
                for i in 1..=5u32 {
                    if i * i > x % 20 { break 'choose i; }
                }
                77
            };
            let n = loop { if value > 3 { break value * 2; } else { break value + 1; } };
            first_divisor(x) + search(x) * 100 + n * 100_000
        }
    }

    small_integers_wrap: f {
        fn mix(a: u8, b: i8) -> i8 {
            let c = a.wrapping_mul(3) >> 2;
            let d = b.wrapping_mul(-5) / 3 % 4;
            (c as i8 ^ d) & !(b >> 1)
        }

        pub fn f(x: u32) -> u32 {
            let mut sum = 250u8;
            let mut down = -120i8;
            for i in 0..4u8 {
                sum = sum.wrapping_add(x as u8 | i);
                down = down.wrapping_sub(x as i8 >> i);
            }
            mix(sum, down) as u32 ^ (sum as u16 as i16 as u32) << 3 ^ down as u8 as u32 ^ (-1i8 as u8) as u32
        }
    }

    logic_of_bools: f {
        fn odd(x: u32) -> bool { x & 1 == 1 }

        pub fn f(x: u32) -> u32 {
            let (a, b) = (odd(x), x > 50);
            let c = a && !b || (a ^ b) & (x != 3) | !(a == b);
            let d = a < b || b <= a && c != a;
            let mut e = false;
            e |= c;
            e &= !d;
            e ^= a;
            if !e && (c || d) { 8 | a as u32 } else { (b as u8 + c as u8 * 2) as u32 }
        }
    }

    casts_between_all: f {
        pub fn f(x: u32) -> u32 {
            let (a, b, c, d) = (x as i8, x as u16, x as i64 - 0x9000_0000, (x as u64) << 21);
            let r = f32::from_bits(x & 0xbfff_ffff | 0x3000_0000);
            let s = -(d as f64) * 1.5;
            let n = (a as u64) ^ (b as i8 as u64) ^ (c as i16 as u64) ^ (d as i8 as u64) ^ (c as u8 as u64);
            let m = (r as i8 as i64) ^ (r as u16 as i64) ^ (s as i64) ^ (s as u8 as i64) ^ (r as u64 as i64);
            let k = (a as f32).to_bits() ^ (c as f32).to_bits() ^ (d as f32).to_bits() ^ (s as f32).to_bits();
            let l = (b as f64).to_bits() ^ (c as f64).to_bits() ^ (d as f64).to_bits() ^ (r as f64).to_bits();
            (n ^ m as u64 ^ l ^ l >> 32) as u32 ^ (n >> 32) as u32 ^ k ^ (a as isize as usize as u32) ^ true as u32
        }
    }

    shifts_by_variables: f {
        pub fn f(x: u32) -> u32 {
            let n = x as u8 & 7;
            let a = (x as u16).wrapping_shl(n as u32) >> n;
            let b = (x as i32 >> n) << (n / 2);
            let c = (x as i8 >> n) as u32;
            let d = (x as u64) << (n as i64 * 8) >> (x % 64);
            a as u32 ^ b as u32 ^ c ^ d as u32 ^ (1u32 << (x & 31)) ^ (-8i64 >> n) as u32
        }
    }

    constant_arrays_and_loops_over_them: f {
        const PRIMES: [u32; 5] = [2, 3, 5, 7, 11];
        const TABLE: [[u8; 2]; 3] = [[1, 2], [3, 4], [5, 6]];
        const fn weights(scale: u32) -> [u32; 5] {
            let mut all = [0; 5];
            let mut i = 0;
            while i < 5 {
                all[i] = PRIMES[i] * scale + i as u32;
                i += 1;
            }
            all
        }
        const WEIGHTS: [u32; 5] = weights(10);

        const fn entry(row: usize, column: usize) -> u32 {
            let mut sum = 0;
            let mut i = 0;
            while i <= row {
                sum += TABLE[i][column] as u32;
                i += 1;
            }
            sum
        }
        const CORNER: u32 = entry(TABLE.len() - 1, 1);

        pub fn f(x: u32) -> u32 {
            let last = PRIMES.len() - 1;
            let many = [x; 4];
            x % PRIMES[4] * WEIGHTS[2] ^ CORNER << 4 ^ TABLE[1][0] as u32 ^ last as u32 ^ (many.len() as u32).wrapping_mul(many[3])
        }
    }

    tuples_are_swapped_by_assignment: f {
        pub fn f(x: u32) -> u32 {
            let (mut a, mut b) = (x % 1000, 7u32);
            while b != 0 {
                (a, b) = (b, a % b);
            }
            let mut pair = [1, 2];
            (pair[0], _) = (pair[1] + a, 5);
            [pair[1], b] = pair;
            a * 100 + pair[0] * 10 + pair[1] + b
        }
    }

    loops_with_steps_and_backwards: f {
        pub fn f(x: u32) -> u32 {
            let mut sum = 0u32;
            for i in (0..x % 50).step_by(3) {
                sum = sum * 2 + i;
            }
            for i in (1..=x % 9).rev() {
                sum = sum.wrapping_mul(3) ^ i;
            }
            let mut step = 1;
            while step <= x % 100 && step != 0 {
                sum += step;
                step <<= 1;
            }
            sum
        }
    }

    ranges_are_asked: f {
        pub fn f(x: u32) -> u32 {
            let y = x as i16;
            let a = (3..x / 2).contains(&7) as u32 + (-5..=100).contains(&y) as u32 * 2;
            let z = x as f32 / 10.0;
            a + (..1.5).contains(&z) as u32 * 4 + (z..).contains(&20.0) as u32 * 8
        }
    }

    macros_that_are_questions: f {
        #[derive(Clone, Copy, PartialEq)]
        enum Side { Left, Right, Both }

        fn side(x: u32) -> Side { if x % 3 == 0 { Side::Left } else if x % 3 == 1 { Side::Right } else { Side::Both } }

        pub fn f(x: u32) -> u32 {
            let a = matches!(x, 1..=9 | 100);
            let b = matches!(side(x), Side::Left | Side::Both) && !matches!(x as u8, n if n > 100);
            a as u32 * 2 + b as u32
        }
    }

    numbers_in_every_spelling: f {
        const MASK: u32 = 0b1010_1010 | 0o17 | 0xff00;

        pub fn f(x: u32) -> u32 {
            let a = 1_000_000u64 * x as u64;
            let b = -2147483648i32 as u32;
            let c = 1e3f32 + 2.5e-1 + 1. + x as f32;
            let d = usize::MAX as u32 ^ i64::MIN as u32 ^ u32::BITS ^ b'!' as u32;
            (a >> 7) as u32 ^ b ^ c.to_bits() ^ d ^ MASK ^ !0
        }
    }

    functions_inside_functions: f {
        pub fn f(x: u32) -> u32 {
            const HALF: u32 = u32::MAX / 2;
            let y = u32::min(x, HALF).max(3);
            u32::wrapping_add(y, i32::abs(-5) as u32) ^ f32::max(1.5, x as f32).to_bits()
        }
    }

    negative_floats_as_integers: f {
        pub fn f(x: u32) -> u32 {
            let y = -(x as f32) / 3.0;
            (y as u32) ^ (y as i32 as u32) ^ (y as u8 as u32) ^ (y as i8 as u32) ^ (y.floor() as i64 as u32) ^ (y % 7.0).to_bits()
                ^ ((y as f64).rem_euclid(2.5)).to_bits() as u32
        }
    }

    results_that_nobody_uses: f {
        fn twice(x: u32) -> u32 { x.wrapping_mul(2) }

        pub fn f(x: u32) -> u32 {
            twice(x);
            x ^ 1;
            let _ = twice(3);
            let _unused = x / 5;;
            if x > 3 { twice(x); }
            match x { 0 => (), _ => {} }
            x
        }
    }
}

refused! {
    a_method_that_changes_its_struct:
        "struct A { x: u32 } impl A { fn add(&mut self, y: u32) { self.x += y; } }", "&mut self",
        "a method takes a copy: write `self`, and return the changed value instead of changing it in place";
    an_iterator: "fn f(x: u32) -> u32 { let mut s = 0; for v in [x, 2].iter() { s += v; } s }", "[x",
        "`for` runs over a range: write `for i in a..b`, `(a..b).rev()` or `(a..b).step_by(n)`";
    a_missing_return: "fn f(x: u32) -> u32 { if x > 3 { return 1; } }", "if", "expected `u32`, found `()`";
    an_integer_that_is_too_large: "fn f() -> i8 { 128 }", "128", "128 is out of the range of `i8`";
    a_conversion: "fn f(x: u8) -> u32 { u32::from(x) }", "u32::from",
        "device code has no conversion traits: write `value as u32`";
    a_reference_to_a_value: "fn g(x: u32) -> u32 { x } fn f(x: u32) -> u32 { g(&x) }", "&x",
        "device code has no references: pass the value itself, it is copied";
    a_wrong_argument: "fn g(x: u32) -> u32 { x } fn f(x: u64) -> u32 { g(x) }", "x) }", "expected `u32`, found `u64`: write `as u32`";
    a_missing_argument: "fn g(x: u32, y: u32) -> u32 { x + y } fn f(x: u32) -> u32 { g(x) }", "g(x)", "`g` takes 2 arguments, and 1 are given";
    an_unknown_function: "fn f(x: u32) -> u32 { h(x) + 1 }", "h(x)", "there is no device function `h` here: define it in this module, or import it from a `#[device]` module with `use`";
    an_unknown_method_of_a_struct: "struct A { x: u32 } fn f(a: A) -> u32 { a.get() * 2 }", "get", "`A` has no method `get`: write one in its `impl`, without traits";
    an_if_without_else_as_a_value: "fn f(x: u32) -> u32 { let y = if x > 3 { 1 }; x }", "if", "an `if` without `else` has no value: add `else { .. }`";
    arms_of_different_types: "fn f(x: u32) -> u32 { match x { 0 => 1u8, _ => x } }", "x } }", "expected `u8`, found `u32`: write `as u8`";
    a_float_for_an_integer: "fn f() -> u32 { let x: u32 = 1.5; x }", "1.5", "expected `u32`, found `float`: write the number without a point, or convert with `as`";
    an_integer_and_a_float: "fn f(x: u32) -> u32 { let y = x + 1.0; y }", "1.0", "expected `u32`, found `float`: write the number without a point, or convert with `as`";
    an_element_of_a_tuple_that_is_not_there: "fn f(x: (u32, u32)) -> u32 { x.2 }", "2", "`(u32, u32)` has no field `2`";
    a_field_that_a_literal_invents: "struct A { x: u32 } fn f() -> u32 { let a = A { x: 1, y: 2 }; a.x }", "y", "`A` has no field `y`";
    and_of_integers: "fn f(x: u32, y: u32) -> bool { x && y == 1 }", "x &&", "expected `bool`, found `u32`";
    not_of_a_float: "fn f(x: f32) -> f32 { !x }", "!x", "`!` takes an integer or a `bool`, this is `f32`";
    a_call_of_a_variable: "fn g(x: u32) -> u32 { x } fn f(x: u32) -> u32 { let g = x; g(2) }", "g(2)", "`g` is a variable here: device code calls functions only";
    an_assigned_constant: "const C: u32 = 1; fn f() { C = 2; }", "C = 2", "only a local, its fields and its elements are assigned: write memory with `pointer.write(value)`";
    a_comparison_of_different_types: "fn f(x: u32, y: i32) -> bool { x < y }", "y }", "expected `u32`, found `i32`: write `as u32`";
    a_negative_literal_for_an_unsigned: "fn f() -> u32 { let x: u32 = -1; x }", "-1", "-1 is out of the range of `u32`";
    a_shift_by_a_float: "fn f(x: u32) -> u32 { x << 1.0 }", "x << 1.0", "a shift takes integers";
    a_bool_and_a_number: "fn f(x: bool) -> u32 { x + 1 }", "x + 1", "this operator takes numbers, not `bool`s: convert with `as u32`";
    a_string: "fn f() { let x = \"text\"; }", "\"text\"", "device code has no strings: report a number and give it words on the host";
    a_char: "fn f() -> u32 { 'a' as u32 }", "'a'", "device code has no characters: write a byte such as `b'a'`";
    an_array_of_another_length: "fn g(x: [u32; 3]) -> u32 { x[0] } fn f() -> u32 { g([1, 2]) }", "[1, 2]", "expected `[u32; 3]`, found `[integer; 2]`";
    a_value_that_is_not_used_as_condition: "fn f(x: u32) -> u32 { while x { } x }", "x {", "expected `bool`, found `u32`";
    a_sum_of_values: "fn f(x: [u32; 4]) -> u32 { x.iter().sum() }", "iter", "arrays have no method `iter` in device code: write a `for` loop over the indices";
    a_static_method: "fn f(x: u32) -> u32 { core::cmp::min(x, 3) }", "core", "device code has no functions of the standard library: write `a.min(b)`";
    a_mutable_reference: "fn g(x: &mut u32) { } fn f() { }", "&mut u32", "device code has no references: pass the value itself, all device types are `Copy`";
    an_option: "fn f(x: u32) -> Option<u32> { if x > 1 { Some(x) } else { None } }", "Option", "`Option` is not available in device code: return a `bool` beside the value";
    a_bound_by_a_trait_of_rust: "fn g<T: Clone>(x: T) -> T { x } fn f(x: u32) -> u32 { g::<u32>(x) }", "Clone", "this is no set of device types: bound `T` by one of `Copy`, `Number`, `Integer`, `Unsigned`, `Signed`, `Float`, `Word`, `IntegerWord`";
}
