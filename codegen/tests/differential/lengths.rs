//! How many instructions each method, and `%` of floats, takes: what a change of the core library
//! costs is seen here, for every width and sign.

use crossdock_codegen::front;

use crate::execute::{ADA, compiled};

/// Methods of integers, of unsigned, of signed ones and of floats, with what they are called on.
const METHODS: [(&[&str], &[&str]); 4] = [
    (
        &["u8", "u32", "u64", "i8", "i32", "i64"],
        &[
            "a.clamp(b, b)",
            "a.wrapping_neg()",
            "a.wrapping_shl(b as u32)",
            "a.wrapping_shr(b as u32)",
            "a.saturating_add(b)",
            "a.saturating_sub(b)",
            "a.saturating_mul(b)",
            "a.rotate_left(b as u32)",
            "a.rotate_right(b as u32)",
            "a.rotate_left(3)",
            "a.count_zeros()",
            "a.leading_ones()",
            "a.trailing_ones()",
            "a.div_euclid(b)",
            "a.rem_euclid(b)",
            "a.div_euclid(5)",
            "a.rem_euclid(8)",
            "a.overflowing_add(b).1",
            "a.overflowing_sub(b).1",
            "a.overflowing_mul(b).1",
            "a.swap_bytes()",
            "a.to_be()",
            "a.pow(2)",
            "a.pow(13)",
            "a.pow(b as u32)",
            "a.wrapping_pow(5)",
            "a.wrapping_pow(b as u32)",
            "a.ilog2()",
            "a.abs_diff(b)",
        ],
    ),
    (
        &["u8", "u32", "u64"],
        &[
            "a.is_power_of_two()",
            "a.next_power_of_two()",
            "a.div_ceil(b)",
            "a.div_ceil(16)",
            "a.next_multiple_of(b)",
            "a.is_multiple_of(b)",
            "a.is_multiple_of(16)",
        ],
    ),
    (
        &["i8", "i32", "i64"],
        &[
            "a.wrapping_abs()",
            "a.unsigned_abs()",
            "a.signum()",
            "a.is_positive()",
            "a.is_negative()",
            "a.wrapping_div(b)",
            "a.wrapping_rem(b)",
            "a.wrapping_div(-1)",
        ],
    ),
    (
        &["f32", "f64"],
        &[
            "a % b",
            "a % 3.0",
            "a.clamp(b, b)",
            "a.rem_euclid(b)",
            "a.div_euclid(b)",
            "a.round()",
            "a.fract()",
            "a.recip()",
            "a.signum()",
            "a.is_nan()",
            "a.is_finite()",
            "a.is_infinite()",
            "a.is_normal()",
            "a.is_subnormal()",
            "a.is_sign_positive()",
            "a.is_sign_negative()",
        ],
    ),
];

/// The instructions of a kernel that writes the value.
fn instructions(method: &str, ty: &str) -> usize {
    let source = format!(
        "#[kernel(warps = 4)]
        pub fn apply(operands: Global<{ty}>, result: Global<u64>) {{
            let (a, b) = (operands.read(), operands.at(1u32).read());
            result.write(({method}) as u64);
        }}"
    );
    let text = compiled(&source, ADA);
    let body = text.split('{').nth(1).unwrap_or_default();
    let instruction = |line: &&str| line.contains(';') && !line.starts_with(['.', '/']);
    body.lines().map(str::trim).filter(instruction).count()
}

fn row(head: &str, cells: impl Iterator<Item = String>) -> String {
    let cells: String = cells.map(|cell| format!("{cell:>5}")).collect();
    format!("{head:<28}{cells}\n")
}

#[test]
fn every_method() {
    let mut table = String::new();
    for (types, methods) in METHODS {
        table += &row("", types.iter().map(ToString::to_string));
        for method in methods {
            table += &row(method, types.iter().map(|ty| instructions(method, ty).to_string()));
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn the_core_library_has_no_other_methods() {
    let page = include_str!("../../../docs/device-language.md");
    let table = page.split_once("| Scalars | Methods |").and_then(|(_, rest)| rest.split_once("\n\n"));
    let (table, _) = table.expect("the table of methods");
    for name in front::core().methods() {
        let call = format!("a.{name}(");
        let counted = METHODS.iter().any(|(_, methods)| methods.iter().any(|row| row.starts_with(&call)));
        // `%` of floats, and the width of a type.
        if !["remainder", "width"].contains(&name) {
            assert!(counted, "`{name}` has no row here");
            assert!(table.contains(&format!("`{name}`")), "`{name}` is not in docs/device-language.md");
        }
    }
}
