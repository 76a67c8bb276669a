//! The registers of one warp, stored lane by lane so that an instruction is a loop over 32
//! neighbours.
//!
//! 8-bit, 16-bit and 32-bit registers are words (narrow values are zero-extended), 64-bit registers
//! are longs, a 128-bit register is two neighbouring longs, and a predicate is one bit per lane.

use std::ops::{Deref, DerefMut};

/// Index of a register in its bank.
pub(crate) type Slot = u16;

/// A register bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Bank {
    Word,
    Long,
    Predicate,
}

/// No register: an unused destination.
pub(crate) const NONE: Slot = u16::MAX;

/// All lanes.
pub(crate) const FULL: u32 = u32::MAX;

/// The lanes of a mask, lowest first.
pub(crate) fn lanes(mask: u32) -> impl Iterator<Item = usize> {
    (0..32).filter(move |lane| mask >> lane & 1 == 1)
}

/// A predicate source: a slot, and whether it is negated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PredicateSource(u16);

const NEGATED: u16 = 1 << 15;

impl PredicateSource {
    /// Slot 0 of the predicate bank holds true in every lane.
    pub(crate) const ALWAYS: PredicateSource = PredicateSource(0);

    pub(crate) fn new(slot: Slot, negated: bool) -> Self {
        PredicateSource(if negated { slot | NEGATED } else { slot })
    }

    #[inline(always)]
    pub(crate) fn slot(self) -> usize {
        usize::from(self.0 & !NEGATED)
    }

    /// The opposite.
    pub(crate) fn negated(self) -> Self {
        PredicateSource(self.0 ^ NEGATED)
    }

    #[inline(always)]
    fn flip(self) -> u32 {
        0u32.wrapping_sub(u32::from(self.0 >> 15))
    }
}

/// The values of one register. Aligned to cache lines: vector loads that straddle two are slow.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Lanes<T>(pub(crate) [T; 32]);

impl<T> Deref for Lanes<T> {
    type Target = [T; 32];
    #[inline(always)]
    fn deref(&self) -> &[T; 32] {
        &self.0
    }
}

impl<T> DerefMut for Lanes<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T; 32] {
        &mut self.0
    }
}

/// The register file of a warp.
#[derive(Clone, Debug)]
pub(crate) struct Registers {
    pub(crate) words: Box<[Lanes<u32>]>,
    pub(crate) longs: Box<[Lanes<u64>]>,
    pub(crate) predicates: Box<[u32]>,
    /// The carry flag `CC.CF` of each lane.
    pub(crate) carry: u32,
}

impl Registers {
    pub(crate) fn new(words: usize, longs: usize, predicates: usize) -> Self {
        let mut predicates = vec![0; predicates].into_boxed_slice();
        predicates[0] = FULL;
        Registers {
            words: vec![Lanes([0; 32]); words].into_boxed_slice(),
            longs: vec![Lanes([0; 32]); longs].into_boxed_slice(),
            predicates,
            carry: 0,
        }
    }

    #[inline(always)]
    pub(crate) fn predicate(&self, source: PredicateSource) -> u32 {
        self.predicates[source.slot()] ^ source.flip()
    }

    #[inline(always)]
    pub(crate) fn set_predicate(&mut self, slot: Slot, value: u32, mask: u32) {
        if slot != NONE {
            let old = &mut self.predicates[usize::from(slot)];
            *old = (*old & !mask) | (value & mask);
        }
    }
}

/// A storage cell of a register bank: 32 or 64 bits.
pub(crate) trait Cell: Copy + Default + 'static {
    fn bank(registers: &Registers) -> &[Lanes<Self>];
    fn bank_mut(registers: &mut Registers) -> &mut [Lanes<Self>];
}

impl Cell for u32 {
    #[inline(always)]
    fn bank(registers: &Registers) -> &[Lanes<u32>] {
        &registers.words
    }
    #[inline(always)]
    fn bank_mut(registers: &mut Registers) -> &mut [Lanes<u32>] {
        &mut registers.words
    }
}

impl Cell for u64 {
    #[inline(always)]
    fn bank(registers: &Registers) -> &[Lanes<u64>] {
        &registers.longs
    }
    #[inline(always)]
    fn bank_mut(registers: &mut Registers) -> &mut [Lanes<u64>] {
        &mut registers.longs
    }
}

/// A typed view of a cell.
pub(crate) trait Value: Copy {
    type Cell: Cell;
    fn of(cell: Self::Cell) -> Self;
    fn cell(self) -> Self::Cell;
}

macro_rules! value {
    ($($view:ty, $cell:ty, |$from:ident| $of:expr, |$value:ident| $to:expr;)*) => {$(
        impl Value for $view {
            type Cell = $cell;
            #[inline(always)]
            fn of($from: $cell) -> Self {
                $of
            }
            #[inline(always)]
            fn cell(self) -> $cell {
                let $value = self;
                $to
            }
        }
    )*};
}

value! {
    u8, u32, |c| c as u8, |v| u32::from(v);
    i8, u32, |c| c as i8, |v| u32::from(v as u8);
    u16, u32, |c| c as u16, |v| u32::from(v);
    i16, u32, |c| c as i16, |v| u32::from(v as u16);
    u32, u32, |c| c, |v| v;
    i32, u32, |c| c as i32, |v| v as u32;
    u64, u64, |c| c, |v| v;
    i64, u64, |c| c as i64, |v| v as u64;
    f32, u32, |c| f32::from_bits(c), |v| v.to_bits();
    f64, u64, |c| f64::from_bits(c), |v| v.to_bits();
}

impl Registers {
    /// The value of one lane.
    #[inline(always)]
    pub(crate) fn lane<V: Value>(&self, slot: Slot, lane: usize) -> V {
        V::of(V::Cell::bank(self)[usize::from(slot)][lane])
    }

    /// Sets the value of one lane.
    #[inline(always)]
    pub(crate) fn set_lane<V: Value>(&mut self, slot: Slot, lane: usize, value: V) {
        V::Cell::bank_mut(self)[usize::from(slot)][lane] = value.cell();
    }

    /// Stores the lanes of `mask`.
    #[inline(always)]
    pub(crate) fn store<C: Cell>(&mut self, slot: Slot, values: &[C; 32], mask: u32) {
        let target = &mut C::bank_mut(self)[usize::from(slot)];
        if mask == FULL {
            target.0 = *values;
        } else {
            for lane in 0..32 {
                target[lane] = if mask >> lane & 1 == 1 { values[lane] } else { target[lane] };
            }
        }
    }

    /// `d = f(a)` in the lanes of `mask`.
    #[inline(always)]
    pub(crate) fn map<A: Value, D: Value>(&mut self, mask: u32, d: Slot, a: Slot, f: impl Fn(A) -> D) {
        let a = &A::Cell::bank(self)[usize::from(a)];
        let mut out = [D::Cell::default(); 32];
        for lane in 0..32 {
            out[lane] = f(A::of(a[lane])).cell();
        }
        self.store(d, &out, mask);
    }

    /// `d = f(a, b)` in the lanes of `mask`.
    #[inline(always)]
    pub(crate) fn map_two<A: Value, B: Value, D: Value>(
        &mut self,
        mask: u32,
        [d, a, b]: [Slot; 3],
        f: impl Fn(A, B) -> D,
    ) {
        let a = &A::Cell::bank(self)[usize::from(a)];
        let b = &B::Cell::bank(self)[usize::from(b)];
        let mut out = [D::Cell::default(); 32];
        for lane in 0..32 {
            out[lane] = f(A::of(a[lane]), B::of(b[lane])).cell();
        }
        self.store(d, &out, mask);
    }

    /// `d = f(a, b, c)` in the lanes of `mask`.
    #[inline(always)]
    pub(crate) fn map_three<A: Value, B: Value, C: Value, D: Value>(
        &mut self,
        mask: u32,
        [d, a, b, c]: [Slot; 4],
        f: impl Fn(A, B, C) -> D,
    ) {
        let a = &A::Cell::bank(self)[usize::from(a)];
        let b = &B::Cell::bank(self)[usize::from(b)];
        let c = &C::Cell::bank(self)[usize::from(c)];
        let mut out = [D::Cell::default(); 32];
        for lane in 0..32 {
            out[lane] = f(A::of(a[lane]), B::of(b[lane]), C::of(c[lane])).cell();
        }
        self.store(d, &out, mask);
    }

    /// The lanes in which `f(a, b)` holds.
    #[inline(always)]
    pub(crate) fn test<V: Value>(&self, a: Slot, b: Slot, f: impl Fn(V, V) -> bool) -> u32 {
        let a = &V::Cell::bank(self)[usize::from(a)];
        let b = &V::Cell::bank(self)[usize::from(b)];
        let mut out = 0;
        for lane in 0..32 {
            out |= u32::from(f(V::of(a[lane]), V::of(b[lane]))) << lane;
        }
        out
    }
}
