//! The scalar types: their bytes, the values worth trying, and when two results are the same.

use std::fmt::Debug;

/// A scalar type of the device language.
pub(crate) trait Number: Copy + Debug {
    /// The Rust name.
    const NAME: &'static str;
    /// Bytes in memory.
    const BYTES: usize;
    /// From the low bits.
    fn from_bits64(bits: u64) -> Self;
    /// The bits, zero-extended.
    fn bits64(self) -> u64;
    /// As device code that is a constant.
    fn literal(self) -> String;
    /// Numbers at which operations change what they do.
    fn edges() -> Vec<Self>;
    /// Equal bits; every NaN is the same, as neither Rust nor PTX say which one an operation gives.
    fn same(self, other: Self) -> bool {
        self.bits64() == other.bits64()
    }
}

macro_rules! integers {
    ($($name:ident $unsigned:ident),*) => {$(
        impl Number for $name {
            const NAME: &'static str = stringify!($name);
            const BYTES: usize = size_of::<$name>();
            fn from_bits64(bits: u64) -> Self {
                bits as $name
            }
            fn bits64(self) -> u64 {
                u64::from(self as $unsigned)
            }
            fn literal(self) -> String {
                format!("{self}{}", stringify!($name))
            }
            fn edges() -> Vec<Self> {
                let half = $name::MAX / 2;
                let mut edges = vec![0, 1, 2, 3, 7, 10, 31, 100, $name::MAX, $name::MAX - 1, $name::MIN, $name::MIN + 1];
                edges.extend([half, half + 1, (0 as $name).wrapping_sub(1), (0 as $name).wrapping_sub(7), $name::MAX / 3]);
                edges
            }
        }
    )*};
}
integers!(u8 u8, u16 u16, u32 u32, u64 u64, i8 u8, i16 u16, i32 u32, i64 u64);

impl Number for bool {
    const NAME: &'static str = "bool";
    const BYTES: usize = 1;
    fn from_bits64(bits: u64) -> Self {
        bits & 1 == 1
    }
    fn bits64(self) -> u64 {
        u64::from(self)
    }
    fn literal(self) -> String {
        self.to_string()
    }
    fn edges() -> Vec<Self> {
        vec![false, true]
    }
}

macro_rules! floats {
    ($($name:ident $bits:ident),*) => {$(
        impl Number for $name {
            const NAME: &'static str = stringify!($name);
            const BYTES: usize = size_of::<$name>();
            fn from_bits64(bits: u64) -> Self {
                $name::from_bits(bits as $bits)
            }
            fn bits64(self) -> u64 {
                u64::from(self.to_bits())
            }
            fn literal(self) -> String {
                format!("{}::from_bits({:#x})", stringify!($name), self.to_bits())
            }
            fn edges() -> Vec<Self> {
                let mut edges = vec![0.0, 0.3, 0.5, 1.0, 1.5, 2.5, 3.0, 7.75, 100.7, $name::MAX, $name::INFINITY, $name::NAN];
                // Subnormals, and numbers around the limits of the integer types.
                edges.extend([$name::MIN_POSITIVE, $name::MIN_POSITIVE / 2.0, $name::from_bits(1), $name::EPSILON]);
                edges.extend([1.0 - $name::EPSILON / 2.0, 0.5 - $name::EPSILON / 4.0, 1.0 / 3.0, 1e10, 1e30]);
                for power in [7, 8, 15, 16, 23, 24, 31, 32, 52, 53, 63, 64] {
                    let limit = (2.0 as $name).powi(power);
                    edges.extend([limit, limit - 0.5, $name::from_bits(limit.to_bits() - 1)]);
                }
                let negative: Vec<$name> = edges.iter().map(|edge| -edge).collect();
                edges.extend(negative);
                // A signalling NaN with a sign.
                edges.push($name::from_bits((1.0 as $name / 0.0).to_bits() | 1 | 1 << ($bits::BITS - 1)));
                edges
            }
            fn same(self, other: Self) -> bool {
                self.to_bits() == other.to_bits() || self.is_nan() && other.is_nan()
            }
        }
    )*};
}
floats!(f32 u32, f64 u64);

/// A generator with a fixed start: the same numbers in every run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Random {
        Random(0x2545_f491_4f6c_dd1d)
    }

    /// Any bits; small integers and short mantissas are as likely as long ones.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d);
        match bits >> 61 {
            0 => bits & !(u64::MAX << (bits >> 40 & 63)),
            1 => bits & (u64::MAX << (bits >> 40 & 63)),
            2 => !(bits & !(u64::MAX << (bits >> 40 & 63))),
            _ => bits.rotate_left(17),
        }
    }
}

/// Operands of a function of one number.
pub(crate) fn operands<T: Number>() -> Vec<T> {
    if T::BYTES == 1 {
        let mut all: Vec<T> = (0..256).map(T::from_bits64).collect();
        all.dedup_by_key(|value| value.bits64());
        return all;
    }
    let mut operands = T::edges();
    let mut random = Random::new();
    operands.extend((0..3000).map(|_| T::from_bits64(random.bits())));
    operands
}

/// Operands of a function of two numbers.
pub(crate) fn pairs<T: Number>() -> Vec<(T, T)> {
    if T::BYTES == 1 {
        let all = 0..256;
        return all
            .clone()
            .flat_map(|a| all.clone().map(move |b| (T::from_bits64(a), T::from_bits64(b))))
            .collect();
    }
    let edges = T::edges();
    let mut pairs: Vec<(T, T)> = edges.iter().flat_map(|a| edges.iter().map(move |b| (*a, *b))).collect();
    let mut random = Random::new();
    pairs.extend((0..2000).map(|_| (T::from_bits64(random.bits()), T::from_bits64(random.bits()))));
    // Numbers near each other cancel.
    pairs.extend((0..500).map(|_| {
        let bits = random.bits();
        (T::from_bits64(bits), T::from_bits64(bits.wrapping_add(random.bits() % 5).wrapping_sub(2)))
    }));
    pairs
}
