//! Integer arithmetic, logic and bit operations on all lanes (PTX ISA sections 9.7.1, 9.7.2 and
//! 9.7.8).

use super::environment::{Raised, raise};
use crate::error::FaultKind;
use crate::op::{BitCount, Carry, IntegerBinary, IntegerUnary, Permute, Shift, Width};
use crate::register::{Registers, Slot, Value, lanes};

/// Applies `body` with the unsigned and the signed type of a width.
macro_rules! with_width {
    ($width:expr, |$unsigned:ident, $signed:ident| $body:expr) => {
        match $width {
            Width::W16 => {
                type $unsigned = u16;
                #[allow(dead_code)]
                type $signed = i16;
                $body
            }
            Width::W32 => {
                type $unsigned = u32;
                #[allow(dead_code)]
                type $signed = i32;
                $body
            }
            Width::W64 => {
                type $unsigned = u64;
                #[allow(dead_code)]
                type $signed = i64;
                $body
            }
        }
    };
}

/// Operations of one operand.
#[inline(always)]
pub(crate) fn unary(r: &mut Registers, mask: u32, width: Width, kind: IntegerUnary, d: Slot, a: Slot) {
    with_width!(width, |U, S| match kind {
        IntegerUnary::Negate => r.map(mask, d, a, |x: U| x.wrapping_neg()),
        IntegerUnary::Not => r.map(mask, d, a, |x: U| !x),
        IntegerUnary::LogicalNot => r.map(mask, d, a, |x: U| U::from(x == 0)),
        IntegerUnary::Absolute => r.map(mask, d, a, |x: S| x.wrapping_abs()),
        IntegerUnary::Reverse => r.map(mask, d, a, |x: U| x.reverse_bits()),
    });
}

/// Operations that count or find bits.
#[inline(never)]
pub(crate) fn count(r: &mut Registers, mask: u32, width: Width, kind: BitCount, d: Slot, a: Slot) {
    let found = |leading: u32, bits: u32, shift_amount: bool| match (leading == bits, shift_amount) {
        (true, _) => u32::MAX,
        (false, true) => leading,
        (false, false) => bits - 1 - leading,
    };
    with_width!(width, |U, S| match kind {
        BitCount::Population => r.map(mask, d, a, |x: U| x.count_ones()),
        BitCount::LeadingZeros => r.map(mask, d, a, |x: U| x.leading_zeros()),
        BitCount::FindUnsigned { shift_amount } =>
            r.map(mask, d, a, |x: U| found(x.leading_zeros(), U::BITS, shift_amount)),
        BitCount::FindSigned { shift_amount } => r.map(mask, d, a, |x: S| {
            let differing = if x < 0 { !x } else { x };
            found(differing.leading_zeros(), U::BITS, shift_amount)
        }),
    });
}

/// The integer types with the operations that std names alike for all of them.
pub(crate) trait Integer: Value + Ord {
    type Signed: Value<Cell = Self::Cell> + Ord;
    fn arithmetic(kind: IntegerBinary, a: Self, b: Self) -> Self;
}

macro_rules! integer {
    ($($unsigned:ty, $signed:ty, $wide:ty, $signed_wide:ty;)*) => {$(
        impl Integer for $unsigned {
            type Signed = $signed;
            #[inline(always)]
            fn arithmetic(kind: IntegerBinary, a: Self, b: Self) -> Self {
                const BITS: u32 = <$unsigned>::BITS;
                let (sa, sb) = (a as $signed, b as $signed);
                match kind {
                    IntegerBinary::Add => a.wrapping_add(b),
                    IntegerBinary::Subtract => a.wrapping_sub(b),
                    IntegerBinary::AddSaturating => sa.saturating_add(sb) as $unsigned,
                    IntegerBinary::SubtractSaturating => sa.saturating_sub(sb) as $unsigned,
                    IntegerBinary::MultiplyLow => a.wrapping_mul(b),
                    IntegerBinary::MultiplyHighUnsigned => {
                        ((<$wide>::from(a) * <$wide>::from(b)) >> BITS) as $unsigned
                    }
                    IntegerBinary::MultiplyHighSigned => {
                        ((<$signed_wide>::from(sa) * <$signed_wide>::from(sb)) >> BITS) as $unsigned
                    }
                    IntegerBinary::Multiply24Unsigned => {
                        (((a as u64) & 0xff_ffff) * ((b as u64) & 0xff_ffff)) as $unsigned
                    }
                    IntegerBinary::Multiply24Signed => {
                        let narrow = |x: $unsigned| i64::from((x as u32 as i32) << 8 >> 8);
                        (narrow(a) * narrow(b)) as $unsigned
                    }
                    IntegerBinary::And => a & b,
                    IntegerBinary::Or => a | b,
                    IntegerBinary::Xor => a ^ b,
                    IntegerBinary::MinimumUnsigned => a.min(b),
                    IntegerBinary::MinimumSigned => sa.min(sb) as $unsigned,
                    IntegerBinary::MaximumUnsigned => a.max(b),
                    IntegerBinary::MaximumSigned => sa.max(sb) as $unsigned,
                    // Lanes that are not active may hold zero: the active ones were checked.
                    IntegerBinary::DivideUnsigned => a.checked_div(b).unwrap_or(0),
                    IntegerBinary::DivideSigned => if sb == 0 { 0 } else { sa.wrapping_div(sb) as $unsigned },
                    IntegerBinary::RemainderUnsigned => a.checked_rem(b).unwrap_or(0),
                    IntegerBinary::RemainderSigned => if sb == 0 { 0 } else { sa.wrapping_rem(sb) as $unsigned },
                }
            }
        }
    )*};
}
integer! {
    u16, i16, u32, i32;
    u32, i32, u64, i64;
    u64, i64, u128, i128;
}

/// Operations of two operands; each arm is a loop of its own, specialised to one operation.
#[inline(always)]
pub(crate) fn binary<I: Integer>(
    r: &mut Registers,
    mask: u32,
    kind: IntegerBinary,
    operands: [Slot; 3],
) -> Result<(), Raised> {
    macro_rules! specialised {
        ($($operation:ident)*) => {
            match kind {
                $(IntegerBinary::$operation => {
                    r.map_two(mask, operands, |a: I, b: I| I::arithmetic(IntegerBinary::$operation, a, b))
                })*
                _ => return divide::<I>(r, mask, kind, operands),
            }
        };
    }
    specialised!(Add Subtract AddSaturating SubtractSaturating MultiplyLow MultiplyHighUnsigned MultiplyHighSigned
        Multiply24Unsigned Multiply24Signed And Or Xor MinimumUnsigned MinimumSigned MaximumUnsigned MaximumSigned);
    Ok(())
}

/// The same for 16 bits, which are rare.
#[inline(never)]
pub(crate) fn binary16(
    r: &mut Registers,
    mask: u32,
    kind: IntegerBinary,
    operands: [Slot; 3],
) -> Result<(), Raised> {
    binary::<u16>(r, mask, kind, operands)
}

#[inline(never)]
fn divide<I: Integer>(
    r: &mut Registers,
    mask: u32,
    kind: IntegerBinary,
    operands: [Slot; 3],
) -> Result<(), Raised> {
    let zero = I::of(<I::Cell as Default>::default());
    let divisors = r.test(operands[2], operands[2], |b: I, _| b == zero) & mask;
    if divisors != 0 {
        return raise(divisors.trailing_zeros() as usize, FaultKind::DivisionByZero);
    }
    r.map_two(mask, operands, |a: I, b: I| I::arithmetic(kind, a, b));
    Ok(())
}

/// Shifts; the amount is always a 32-bit register.
#[inline(always)]
pub(crate) fn shift(r: &mut Registers, mask: u32, width: Width, kind: Shift, operands: [Slot; 3]) {
    with_width!(width, |U, S| match kind {
        Shift::Left => r.map_two(mask, operands, |a: U, n: u32| if n < U::BITS { a << n } else { 0 }),
        Shift::RightUnsigned =>
            r.map_two(mask, operands, |a: U, n: u32| if n < U::BITS { a >> n } else { 0 }),
        Shift::RightSigned => r.map_two(mask, operands, |a: S, n: u32| a >> n.min(U::BITS - 1)),
    });
}

/// `mad.lo`.
#[inline(always)]
pub(crate) fn multiply_add(r: &mut Registers, mask: u32, width: Width, operands: [Slot; 4]) {
    with_width!(width, |U, S| r
        .map_three(mask, operands, |a: U, b: U, c: U| a.wrapping_mul(b).wrapping_add(c)));
}

/// `mad.hi`.
#[inline(never)]
pub(crate) fn multiply_add_high(
    r: &mut Registers,
    mask: u32,
    width: Width,
    signed: bool,
    operands: [Slot; 4],
) {
    let kind = if signed { IntegerBinary::MultiplyHighSigned } else { IntegerBinary::MultiplyHighUnsigned };
    with_width!(width, |U, S| r
        .map_three(mask, operands, |a: U, b: U, c: U| U::arithmetic(kind, a, b).wrapping_add(c)));
}

/// `mul.wide` of 16-bit and 32-bit operands.
#[inline(always)]
pub(crate) fn multiply_wide(r: &mut Registers, mask: u32, width: Width, signed: bool, operands: [Slot; 3]) {
    match (width, signed) {
        (Width::W16, false) => r.map_two(mask, operands, |a: u16, b: u16| u32::from(a) * u32::from(b)),
        (Width::W16, true) => r.map_two(mask, operands, |a: i16, b: i16| i32::from(a) * i32::from(b)),
        (_, false) => r.map_two(mask, operands, |a: u32, b: u32| u64::from(a) * u64::from(b)),
        (_, true) => r.map_two(mask, operands, |a: i32, b: i32| i64::from(a) * i64::from(b)),
    }
}

/// `mad.wide`.
#[inline(always)]
pub(crate) fn multiply_add_wide(
    r: &mut Registers,
    mask: u32,
    width: Width,
    signed: bool,
    operands: [Slot; 4],
) {
    match (width, signed) {
        (Width::W16, false) => r.map_three(mask, operands, |a: u16, b: u16, c: u32| {
            (u32::from(a) * u32::from(b)).wrapping_add(c)
        }),
        (Width::W16, true) => r.map_three(mask, operands, |a: i16, b: i16, c: i32| {
            (i32::from(a) * i32::from(b)).wrapping_add(c)
        }),
        (_, false) => r.map_three(mask, operands, |a: u32, b: u32, c: u64| {
            (u64::from(a) * u64::from(b)).wrapping_add(c)
        }),
        (_, true) => r.map_three(mask, operands, |a: i32, b: i32, c: i64| {
            (i64::from(a) * i64::from(b)).wrapping_add(c)
        }),
    }
}

/// `sad`: the absolute difference of `a` and `b`, plus `c`.
#[inline(never)]
pub(crate) fn sum_of_differences(
    r: &mut Registers,
    mask: u32,
    width: Width,
    signed: bool,
    operands: [Slot; 4],
) {
    with_width!(width, |U, S| if signed {
        r.map_three(mask, operands, |a: S, b: S, c: U| a.abs_diff(b).wrapping_add(c));
    } else {
        r.map_three(mask, operands, |a: U, b: U, c: U| a.abs_diff(b).wrapping_add(c));
    });
}

/// `add.cc`, `addc`, `sub.cc` and `subc`.
#[inline(never)]
pub(crate) fn add_carry(
    r: &mut Registers,
    mask: u32,
    wide: bool,
    Carry { subtract, carry_in, carry_out }: Carry,
    [d, a, b]: [Slot; 3],
) {
    // Subtraction is addition of the complement with an inverted borrow.
    let incoming = match (carry_in, subtract) {
        (true, _) => r.carry,
        (false, true) => u32::MAX,
        (false, false) => 0,
    };
    let mut outgoing = 0;
    for lane in 0..32 {
        let carry = u128::from(incoming >> lane & 1);
        let (bits, x, y) = if wide {
            (64, r.lane::<u64>(a, lane), r.lane::<u64>(b, lane))
        } else {
            (32, u64::from(r.lane::<u32>(a, lane)), u64::from(r.lane::<u32>(b, lane)))
        };
        let limit = (1u128 << bits) - 1;
        let y = if subtract { !u128::from(y) & limit } else { u128::from(y) };
        let sum = u128::from(x) + y + carry;
        outgoing |= u32::from(sum > limit) << lane;
        if mask >> lane & 1 == 1 {
            if wide {
                r.set_lane(d, lane, sum as u64);
            } else {
                r.set_lane(d, lane, sum as u32);
            }
        }
    }
    if carry_out {
        r.carry = (r.carry & !mask) | (outgoing & mask);
    }
}

/// `bfe`: the field of `length` bits at `position`, sign-extended when signed.
#[inline(never)]
pub(crate) fn extract_bits(r: &mut Registers, mask: u32, wide: bool, signed: bool, operands: [Slot; 4]) {
    let extract = move |value: u64, bits: u32, position: u32, length: u32| -> u64 {
        let (position, length) = (position & 0xff, length & 0xff);
        let top = (position + length).min(bits).max(1) - 1;
        let sign = signed && length != 0 && value >> top.min(bits - 1) & 1 == 1;
        let field = if position >= bits || length == 0 { 0 } else { value >> position };
        let kept = length.min(bits.saturating_sub(position));
        let ones = if kept >= 64 { u64::MAX } else { (1 << kept) - 1 };
        if sign { (field & ones) | !ones } else { field & ones }
    };
    if wide {
        r.map_three(mask, operands, |a: u64, p: u32, n: u32| extract(a, 64, p, n));
    } else {
        r.map_three(mask, operands, |a: u32, p: u32, n: u32| extract(u64::from(a), 32, p, n) as u32);
    }
}

/// `bfi`: `b` with the low `length` bits of `a` inserted at `position`.
#[inline(never)]
pub(crate) fn insert_bits(r: &mut Registers, mask: u32, wide: bool, [d, a, b, position, length]: [Slot; 5]) {
    for lane in lanes(mask) {
        let position = r.lane::<u32>(position, lane) & 0xff;
        let length = r.lane::<u32>(length, lane) & 0xff;
        let ones = if length >= 64 { u64::MAX } else { (1u64 << length) - 1 };
        let field = if position >= 64 { 0 } else { ones << position };
        let place = |x: u64| if position >= 64 { 0 } else { x << position };
        if wide {
            let value = (place(r.lane(a, lane)) & field) | (r.lane::<u64>(b, lane) & !field);
            r.set_lane(d, lane, value);
        } else {
            let value = (place(u64::from(r.lane::<u32>(a, lane))) & field)
                | (u64::from(r.lane::<u32>(b, lane)) & !field);
            r.set_lane(d, lane, value as u32);
        }
    }
}

/// `prmt`: bytes of `b:a` picked by the nibbles of `c`.
#[inline(never)]
pub(crate) fn permute(r: &mut Registers, mask: u32, mode: Permute, operands: [Slot; 4]) {
    r.map_three(mask, operands, |a: u32, b: u32, c: u32| {
        let bytes = (u64::from(b) << 32 | u64::from(a)).to_le_bytes();
        let n = c & 3;
        let pick = |i: u32| -> u8 {
            let index = match mode {
                Permute::Generic => {
                    let selector = c >> (4 * i) & 0xf;
                    let byte = bytes[(selector & 7) as usize];
                    return if selector & 8 == 0 { byte } else { ((byte as i8) >> 7) as u8 };
                }
                Permute::Forward4 => n + i,
                Permute::Backward4 => (n + 8 - i) & 7,
                Permute::Replicate8 => n,
                Permute::EdgeLeft => i.max(n),
                Permute::EdgeRight => i.min(n),
                Permute::Replicate16 => (n & 1) * 2 + (i & 1),
            };
            bytes[index as usize]
        };
        u32::from_le_bytes([pick(0), pick(1), pick(2), pick(3)])
    });
}

/// `lop3`: any Boolean function of three words.
#[inline(always)]
pub(crate) fn logic3(r: &mut Registers, mask: u32, table: u8, operands: [Slot; 4]) {
    let term = |bit: u8| if table >> bit & 1 == 1 { u32::MAX } else { 0 };
    let terms: [u32; 8] = std::array::from_fn(|bit| term(bit as u8));
    r.map_three(mask, operands, |a: u32, b: u32, c: u32| {
        (terms[0] & !a & !b & !c)
            | (terms[1] & !a & !b & c)
            | (terms[2] & !a & b & !c)
            | (terms[3] & !a & b & c)
            | (terms[4] & a & !b & !c)
            | (terms[5] & a & !b & c)
            | (terms[6] & a & b & !c)
            | (terms[7] & a & b & c)
    });
}

/// `shf`: a shift of the 64 bits `b:a`.
#[inline(always)]
pub(crate) fn funnel_shift(r: &mut Registers, mask: u32, left: bool, clamp: bool, operands: [Slot; 4]) {
    r.map_three(mask, operands, |a: u32, b: u32, c: u32| {
        let n = if clamp { c.min(32) } else { c & 31 };
        let both = u64::from(b) << 32 | u64::from(a);
        if left { ((both << n) >> 32) as u32 } else { (both >> n) as u32 }
    });
}

/// `dp4a`: four products of bytes, added to `c`.
#[inline(never)]
pub(crate) fn dot_product4(
    r: &mut Registers,
    mask: u32,
    a_signed: bool,
    b_signed: bool,
    operands: [Slot; 4],
) {
    let byte = |x: u32, i: usize, signed: bool| {
        let byte = x.to_le_bytes()[i];
        if signed { i32::from(byte as i8) } else { i32::from(byte) }
    };
    r.map_three(mask, operands, |a: u32, b: u32, c: u32| {
        (0..4).fold(c, |sum, i| sum.wrapping_add((byte(a, i, a_signed) * byte(b, i, b_signed)) as u32))
    });
}

/// `dp2a`: two products of a 16-bit half of `a` and a byte of `b`, added to `c`.
#[inline(never)]
pub(crate) fn dot_product2(
    r: &mut Registers,
    mask: u32,
    a_signed: bool,
    b_signed: bool,
    high: bool,
    operands: [Slot; 4],
) {
    r.map_three(mask, operands, |a: u32, b: u32, c: u32| {
        (0..2).fold(c, |sum: u32, i| {
            let half = (a >> (16 * i)) as u16;
            let byte = b.to_le_bytes()[i + if high { 2 } else { 0 }];
            let x = if a_signed { i32::from(half as i16) } else { i32::from(half) };
            let y = if b_signed { i32::from(byte as i8) } else { i32::from(byte) };
            sum.wrapping_add(x.wrapping_mul(y) as u32)
        })
    });
}
