//! Instructions that execute as several operations, against Rust.

use crate::harness::{Outcome, Row, evaluate, module, random_rows, run};
use crossdock_emulator::{Config, Machine};

fn check(body: &str, expected: impl Fn(Row) -> u64, got: impl Fn(&Outcome) -> u64) {
    let rows = random_rows(600, 77);
    for (row, outcome) in rows.iter().zip(evaluate(body, &rows)) {
        assert_eq!(got(&outcome), expected(*row), "{body}: {row:x?}");
    }
}

fn check_word(body: &str, expected: impl Fn(u32, u32, u32) -> u32) {
    check(body, |[a, b, c]| expected(a as u32, b as u32, c as u32).into(), |outcome| outcome.word.into());
}

#[test]
fn indexed_branches() {
    let body = |guard: &str| {
        format!(
            "and.b32 %r4, %r1, 3; setp.lt.u32 %q, %r2, 100; list: .branchtargets A, B, C, A;
             mov.u32 %d, 9; {guard} brx.idx %r4, list; {} bra DONE;
             A: mov.u32 %d, 1; bra DONE; B: mov.u32 %d, 2; bra DONE; C: mov.u32 %d, 3; DONE:",
            if guard.is_empty() { "trap;" } else { "" }
        )
    };
    let target = |a: u32| [1, 2, 3, 1][(a & 3) as usize];
    check_word(&body(""), |a, _, _| target(a));
    check_word(&body("@%q"), |a, b, _| if b < 100 { target(a) } else { 9 });
    let text = module("", "mov.u32 %r4, 2; list: .branchtargets A, B; brx.idx %r4, list; A: B:");
    let mut machine = Machine::new(Config::default()).expect("configuration");
    let error = run(&mut machine, &text, 1, 32, vec![]).expect_err("there is no third target").to_string();
    assert!(error.contains("`brx.idx` with an index after the last of its `.branchtargets`"), "{error}");
}

#[test]
fn multiplication_with_carries_makes_wide_products() {
    // 64 x 64 + 64 bits from 32-bit halves: the upper half of the 128-bit result.
    let body = "mov.b64 {%r4, %r5}, %rd1; mov.b64 {%r6, %r7}, %rd2; mov.b64 {%r8, %r9}, %rd3;
        mad.lo.cc.u32 %r10, %r4, %r6, %r8; madc.hi.cc.u32 %r11, %r4, %r6, %r9; madc.hi.u32 %r12, %r5, %r6, 0;
        mad.lo.cc.u32 %r11, %r5, %r6, %r11; madc.lo.cc.u32 %r12, %r5, %r7, %r12; madc.hi.u32 %r13, %r5, %r7, 0;
        mad.lo.cc.u32 %r11, %r4, %r7, %r11; madc.hi.cc.u32 %r12, %r4, %r7, %r12; addc.u32 %r13, %r13, 0;
        mov.b64 %l, {%r12, %r13};";
    let high = |[a, b, c]: Row| ((u128::from(a) * u128::from(b) + u128::from(c)) >> 64) as u64;
    check(body, high, |outcome| outcome.long);
    let body = "mad.lo.cc.u64 %rd4, %rd1, %rd2, %rd3; madc.hi.u64 %l, %rd1, %rd2, 0;";
    check(body, high, |outcome| outcome.long);
}

#[test]
fn logic_with_a_predicate() {
    for (kind, or) in [("or", true), ("and", false)] {
        let body = format!("setp.lt.u32 %p, %r2, 100; lop3.{kind}.b32 %d|%p, %r1, %r2, %r3, 0x80, %p;");
        check_word(&body, |a, b, c| a & b & c);
        let expected = move |[a, b, c]: Row| {
            let (any, q) = (a as u32 & b as u32 & c as u32 != 0, (b as u32) < 100);
            u64::from(if or { any || q } else { any && q })
        };
        check(&body, expected, |outcome| outcome.predicate.into());
    }
}

#[test]
fn packed_integers_of_16_bits() {
    let lanes = |a: u32, b: u32, f: fn(u16, u16) -> u16| {
        u32::from(f(a as u16, b as u16)) | u32::from(f((a >> 16) as u16, (b >> 16) as u16)) << 16
    };
    check_word("add.u16x2 %d, %r1, %r2;", |a, b, _| lanes(a, b, u16::wrapping_add));
    check_word("min.u16x2 %d, %r1, %r2;", |a, b, _| lanes(a, b, u16::min));
    check_word("max.s16x2 %d, %r1, %r2;", |a, b, _| lanes(a, b, |a, b| (a as i16).max(b as i16) as u16));
    let relu = |a: u16, b: u16| (a as i16).min(b as i16).max(0) as u16;
    check_word("min.relu.s16x2 %d, %r1, %r2;", |a, b, _| lanes(a, b, relu));
    check_word("max.relu.s32 %d, %r1, %r2;", |a, b, _| (a as i32).max(b as i32).max(0) as u32);
}

#[test]
fn three_inputs() {
    let body = "cvt.rn.f32.s32 %f1, %r1; cvt.rn.f32.s32 %f2, %r2; cvt.rn.f32.s32 %f3, %r3;";
    let float = |bits: u32| bits as i32 as f32;
    check_word(&format!("{body}min.f32 %f4, %f1, %f2, %f3; mov.b32 %d, %f4;"), |a, b, c| {
        float(a).min(float(b)).min(float(c)).to_bits()
    });
    check_word(&format!("{body}max.NaN.abs.f32 %f4, %f1, %f2, %f3; mov.b32 %d, %f4;"), |a, b, c| {
        float(a).abs().max(float(b).abs()).max(float(c).abs()).to_bits()
    });
}
