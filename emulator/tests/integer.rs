//! Integer instructions against Rust's own arithmetic on random and extreme inputs.

use crate::harness::{evaluate, random_rows};

/// `instruction` writes `%d`; compares with `expected(a, b, c)`.
fn word(instruction: &str, expected: impl Fn(u32, u32, u32) -> u32) {
    let rows = random_rows(1000, 7);
    for (row, outcome) in rows.iter().zip(evaluate(instruction, &rows)) {
        let [a, b, c] = row.map(|value| value as u32);
        assert_eq!(outcome.word, expected(a, b, c), "{instruction} of {a:#x}, {b:#x}, {c:#x}");
    }
}

/// `instruction` writes `%l`.
fn long(instruction: &str, expected: impl Fn(u64, u64, u64) -> u64) {
    let rows = random_rows(1000, 11);
    for (row, outcome) in rows.iter().zip(evaluate(instruction, &rows)) {
        let [a, b, c] = *row;
        assert_eq!(outcome.long, expected(a, b, c), "{instruction} of {a:#x}, {b:#x}, {c:#x}");
    }
}

/// `instruction` writes `%h4`, read zero-extended.
fn half(instruction: &str, expected: impl Fn(u16, u16, u16) -> u16) {
    word(&format!("{instruction} cvt.u32.u16 %d, %h4;"), |a, b, c| {
        u32::from(expected(a as u16, b as u16, c as u16))
    });
}

#[test]
fn addition_and_multiplication_wrap() {
    word("add.u32 %d, %r1, %r2;", |a, b, _| a.wrapping_add(b));
    word("sub.s32 %d, %r1, %r2;", |a, b, _| a.wrapping_sub(b));
    word("mul.lo.s32 %d, %r1, %r2;", |a, b, _| a.wrapping_mul(b));
    word("mul.hi.u32 %d, %r1, %r2;", |a, b, _| ((u64::from(a) * u64::from(b)) >> 32) as u32);
    word("mul.hi.s32 %d, %r1, %r2;", |a, b, _| ((i64::from(a as i32) * i64::from(b as i32)) >> 32) as u32);
    word("mad.lo.s32 %d, %r1, %r2, %r3;", |a, b, c| a.wrapping_mul(b).wrapping_add(c));
    word("mad.hi.u32 %d, %r1, %r2, %r3;", |a, b, c| {
        (((u64::from(a) * u64::from(b)) >> 32) as u32).wrapping_add(c)
    });
    word("add.sat.s32 %d, %r1, %r2;", |a, b, _| (a as i32).saturating_add(b as i32) as u32);
    word("sub.sat.s32 %d, %r1, %r2;", |a, b, _| (a as i32).saturating_sub(b as i32) as u32);
    word("mul.wide.s16 %d, %h1, %h2;", |a, b, _| (i32::from(a as i16) * i32::from(b as i16)) as u32);
    word("mul24.lo.u32 %d, %r1, %r2;", |a, b, _| (a & 0xff_ffff).wrapping_mul(b & 0xff_ffff));
    half("add.u16 %h4, %h1, %h2;", |a, b, _| a.wrapping_add(b));
    half("mul.lo.u16 %h4, %h1, %h2;", |a, b, _| a.wrapping_mul(b));
    half("mul.hi.s16 %h4, %h1, %h2;", |a, b, _| ((i32::from(a as i16) * i32::from(b as i16)) >> 16) as u16);
    long("add.s64 %l, %rd1, %rd2;", |a, b, _| a.wrapping_add(b));
    long("mul.lo.u64 %l, %rd1, %rd2;", |a, b, _| a.wrapping_mul(b));
    long("mul.hi.s64 %l, %rd1, %rd2;", |a, b, _| {
        ((i128::from(a as i64) * i128::from(b as i64)) >> 64) as u64
    });
    long("mad.wide.u32 %l, %r1, %r2, %rd3;", |a, b, c| {
        (a & 0xffff_ffff).wrapping_mul(b & 0xffff_ffff).wrapping_add(c)
    });
    long("mad.wide.s32 %l, %r1, %r2, %rd3;", |a, b, c| {
        (i64::from(a as i32) * i64::from(b as i32)).wrapping_add(c as i64) as u64
    });
}

#[test]
fn carries_make_wide_sums() {
    let text = "{ .reg .b32 %x<6>; mov.b64 {%x0, %x1}, %rd1; mov.b64 {%x2, %x3}, %rd2;
        add.cc.u32 %x4, %x0, %x2; addc.u32 %x5, %x1, %x3; mov.b64 %l, {%x4, %x5}; }";
    long(text, |a, b, _| a.wrapping_add(b));
    let text = "{ .reg .b32 %x<6>; mov.b64 {%x0, %x1}, %rd1; mov.b64 {%x2, %x3}, %rd2;
        sub.cc.u32 %x4, %x0, %x2; subc.u32 %x5, %x1, %x3; mov.b64 %l, {%x4, %x5}; }";
    long(text, |a, b, _| a.wrapping_sub(b));
}

#[test]
fn division_and_extrema() {
    // Odd divisors are never zero.
    let odd = "or.b32 %r4, %r2, 1; or.b64 %rd4, %rd2, 1;";
    word(&format!("{odd} div.u32 %d, %r1, %r4;"), |a, b, _| a / (b | 1));
    word(&format!("{odd} rem.u32 %d, %r1, %r4;"), |a, b, _| a % (b | 1));
    word(&format!("{odd} div.s32 %d, %r1, %r4;"), |a, b, _| (a as i32).wrapping_div((b | 1) as i32) as u32);
    word(&format!("{odd} rem.s32 %d, %r1, %r4;"), |a, b, _| (a as i32).wrapping_rem((b | 1) as i32) as u32);
    long(&format!("{odd} div.u64 %l, %rd1, %rd4;"), |a, b, _| a / (b | 1));
    long(&format!("{odd} rem.s64 %l, %rd1, %rd4;"), |a, b, _| (a as i64).wrapping_rem((b | 1) as i64) as u64);
    word("min.s32 %d, %r1, %r2;", |a, b, _| (a as i32).min(b as i32) as u32);
    word("max.u32 %d, %r1, %r2;", |a, b, _| a.max(b));
    long("max.s64 %l, %rd1, %rd2;", |a, b, _| (a as i64).max(b as i64) as u64);
    half("min.s16 %h4, %h1, %h2;", |a, b, _| (a as i16).min(b as i16) as u16);
    word("abs.s32 %d, %r1;", |a, _, _| (a as i32).unsigned_abs());
    word("neg.s32 %d, %r1;", |a, _, _| a.wrapping_neg());
    word("sad.s32 %d, %r1, %r2, %r3;", |a, b, c| (a as i32).abs_diff(b as i32).wrapping_add(c));
}

#[test]
fn shifts_clamp_their_amount() {
    word("shl.b32 %d, %r1, %r2;", |a, n, _| a.checked_shl(n).unwrap_or(0));
    word("shr.u32 %d, %r1, %r2;", |a, n, _| a.checked_shr(n).unwrap_or(0));
    word("shr.s32 %d, %r1, %r2;", |a, n, _| ((a as i32) >> n.min(31)) as u32);
    long("shl.b64 %l, %rd1, %r2;", |a, n, _| a.checked_shl(n as u32).unwrap_or(0));
    long("shr.s64 %l, %rd1, %r2;", |a, n, _| ((a as i64) >> (n as u32).min(63)) as u64);
    word("shf.l.wrap.b32 %d, %r1, %r2, %r3;", |a, b, n| {
        let both = u64::from(b) << 32 | u64::from(a);
        ((both << (n % 32)) >> 32) as u32
    });
    word("shf.r.clamp.b32 %d, %r1, %r2, %r3;", |a, b, n| {
        ((u64::from(b) << 32 | u64::from(a)) >> n.min(32)) as u32
    });
}

#[test]
fn bit_operations() {
    word("popc.b32 %d, %r1;", |a, _, _| a.count_ones());
    word("clz.b32 %d, %r1;", |a, _, _| a.leading_zeros());
    word("brev.b32 %d, %r1;", |a, _, _| a.reverse_bits());
    word("bfind.u32 %d, %r1;", |a, _, _| a.checked_ilog2().unwrap_or(u32::MAX));
    word("bfind.s32 %d, %r1;", |a, _, _| {
        let a = if (a as i32) < 0 { !a } else { a };
        a.checked_ilog2().unwrap_or(u32::MAX)
    });
    word("bfind.shiftamt.u32 %d, %r1;", |a, _, _| if a == 0 { u32::MAX } else { a.leading_zeros() });
    word("not.b32 %d, %r1;", |a, _, _| !a);
    word("cnot.b32 %d, %r1;", |a, _, _| u32::from(a == 0));
    long("xor.b64 %l, %rd1, %rd2;", |a, b, _| a ^ b);
    word("lop3.b32 %d, %r1, %r2, %r3, 0xe8;", |a, b, c| (a & b) | (a & c) | (b & c));
    word("lop3.b32 %d, %r1, %r2, %r3, 0x96;", |a, b, c| a ^ b ^ c);
    word("lop3.b32 %d, %r1, %r2, %r3, 0x70;", |a, b, c| a & !(b & c));
}

#[test]
fn fields() {
    // Bit by bit, as the ISA's pseudocode does it.
    let extract = |signed: bool| {
        move |a: u32, position: u32, length: u32| {
            let (position, length) = (position & 0xff, length & 0xff);
            let sign = if !signed || length == 0 { 0 } else { a >> (position + length - 1).min(31) & 1 };
            (0..32).fold(0, |d, i| {
                let bit = if i < length && position + i <= 31 { a >> (position + i) & 1 } else { sign };
                d | bit << i
            })
        }
    };
    word("bfe.u32 %d, %r1, %r2, %r3;", extract(false));
    word("bfe.s32 %d, %r1, %r2, %r3;", extract(true));
    word("bfi.b32 %d, %r1, %r2, %r3, 5;", |a, b, position| {
        let position = position & 0xff;
        (0..5).filter(|i| position + i <= 31).fold(b, |f, i| {
            let place = position + i;
            (f & !(1 << place)) | (a >> i & 1) << place
        })
    });
}

#[test]
fn permute_picks_bytes() {
    word("prmt.b32 %d, %r1, %r2, %r3;", |a, b, c| {
        let bytes: Vec<u8> = a.to_le_bytes().into_iter().chain(b.to_le_bytes()).collect();
        let pick = |i: u32| {
            let selector = c >> (4 * i) & 0xf;
            let byte = bytes[(selector & 7) as usize];
            if selector >= 8 { if byte >= 0x80 { 0xff } else { 0 } } else { byte }
        };
        u32::from_le_bytes([pick(0), pick(1), pick(2), pick(3)])
    });
    word("prmt.b32.rc16 %d, %r1, %r2, 1;", |a, _, _| (a >> 16) | (a >> 16) << 16);
    word("prmt.b32.b4e %d, %r1, %r2, 1;", |a, b, _| {
        let (a, b) = (a.to_le_bytes(), b.to_le_bytes());
        u32::from_le_bytes([a[1], a[0], b[3], b[2]])
    });
}

#[test]
fn dot_products() {
    word("dp4a.s32.u32 %d, %r1, %r2, %r3;", |a, b, c| {
        a.to_le_bytes()
            .iter()
            .zip(b.to_le_bytes())
            .fold(c, |sum, (&x, y)| sum.wrapping_add((i32::from(x as i8) * i32::from(y)) as u32))
    });
    word("dp2a.hi.u32.s32 %d, %r1, %r2, %r3;", |a, b, c| {
        let b = b.to_le_bytes();
        let product = |half: u32, byte: u8| (half as i32).wrapping_mul(i32::from(byte as i8)) as u32;
        c.wrapping_add(product(a & 0xffff, b[2])).wrapping_add(product(a >> 16, b[3]))
    });
}

#[test]
fn comparison_and_selection() {
    let rows = random_rows(1000, 3);
    let check = |text: &str, expected: &dyn Fn(u64, u64, u64) -> bool| {
        for (row, outcome) in rows.iter().zip(evaluate(text, &rows)) {
            assert_eq!(outcome.predicate, expected(row[0], row[1], row[2]), "{text} of {row:x?}");
        }
    };
    check("setp.lt.s32 %p, %r1, %r2;", &|a, b, _| (a as i32) < (b as i32));
    check("setp.hs.u32 %p, %r1, %r2;", &|a, b, _| (a as u32) >= (b as u32));
    check("setp.gt.u64 %p, %rd1, %rd2;", &|a, b, _| a > b);
    check("setp.ne.s16 %p, %h1, %h2;", &|a, b, _| a as u16 != b as u16);
    check("setp.eq.u32 %q, %r3, 0; setp.le.and.s64 %p, %rd1, %rd2, !%q;", &|a, b, c| {
        (a as i64) <= (b as i64) && c as u32 != 0
    });
    check("setp.lt.u32 %q|%p, %r1, %r2;", &|a, b, _| (a as u32) >= (b as u32));
    check("setp.lt.u32 %q, %r1, %r2; setp.lt.u32 %s1, %r2, %r3; xor.pred %p, %q, %s1;", &|a, b, c| {
        ((a as u32) < (b as u32)) ^ ((b as u32) < (c as u32))
    });
    word("setp.lt.u32 %q, %r1, %r2; selp.b32 %d, %r3, 17, %q;", |a, b, c| if a < b { c } else { 17 });
    word("set.lt.u32.s32 %d, %r1, %r2;", |a, b, _| if (a as i32) < (b as i32) { u32::MAX } else { 0 });
    word("slct.b32.s32 %d, %r1, %r2, %r3;", |a, b, c| if (c as i32) >= 0 { a } else { b });
}
