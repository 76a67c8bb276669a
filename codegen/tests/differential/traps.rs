//! Divisions that panic in Rust end the launch.

use crate::execute::{ADA, compiled, executed};
use crate::number::Number;

/// Whether `device` of `a` and `b` traps.
fn traps<T: Number>(device: &str, a: T, b: T) -> bool {
    let t = T::NAME;
    let text = compiled(
        &format!(
            "#[kernel(warps = 4)]
        pub fn apply(a: Global<{t}>, b: Global<{t}>, result: Global<{t}>, count: u32) {{
            if thread_in_block() + block_in_grid() < count {{
                let (a, b) = (a.at(0u32).read(), b.at(0u32).read());
                result.write({device});
            }}
        }}"
        ),
        ADA,
    );
    let input = |number: T| number.bits64().to_le_bytes()[..T::BYTES].to_vec();
    match executed(&text, &[input(a), input(b)], T::BYTES, 1) {
        Ok(_) => false,
        Err(error) => {
            assert!(error.to_string().contains("trap"), "{error}\n{text}");
            true
        }
    }
}

macro_rules! every {
    ($($t:ident)*) => {
        #[test]
        fn division_by_zero() {
            $(for device in ["a / b", "a % b", "a.div_euclid(b)", "a.rem_euclid(b)", "7 / b", "0 % b"] {
                for a in $t::edges() {
                    assert!(traps::<$t>(device, a, 0), "{device} of {a} and 0");
                }
                assert!(!traps::<$t>(device, 5, 1), "{device} of 5 and 1");
            })*
        }
    };
}
every!(u8 u32 u64 i8 i16 i64);

macro_rules! signed {
    ($($t:ident)*) => {
        #[test]
        fn the_smallest_number_by_minus_one() {
            $(for device in ["a / b", "a % b"] {
                assert!(traps::<$t>(device, $t::MIN, -1), "{device}");
                assert!(!traps::<$t>(device, $t::MIN + 1, -1), "{device}");
                assert!(!traps::<$t>(device, $t::MIN, 1), "{device}");
                assert!(!traps::<$t>(device, $t::MIN, -2), "{device}");
            }
            assert!(traps::<$t>("a / -1", $t::MIN, 0));
            assert!(!traps::<$t>("a / -1", $t::MAX, 0));
            let least = concat!(stringify!($t), "::MIN % b");
            assert!(traps::<$t>(least, 0, -1));
            assert!(!traps::<$t>(least, 0, 3));)*
        }
    };
}
signed!(i8 i16 i32 i64);

#[test]
fn unsigned_divisors_of_euclid_and_ceil() {
    for device in ["a.div_ceil(b)", "a.next_multiple_of(b)"] {
        assert!(traps::<u32>(device, 5, 0));
        assert!(!traps::<u32>(device, 5, 3));
    }
    assert!(!traps::<u32>("a.is_multiple_of(b) as u32", 5, 0));
}
