//! The number types, on the host and as PTX for targets with and without instructions for 8-bit
//! floats, against the software floats of `rustc_apfloat`.

use crossdock_codegen::back::Options;
use crossdock_device::device;
use crossdock_device::numbers::float8::{e4m3x2, e5m2x2};
use crossdock_device::numbers::half::{bf16, bf16x2, f16x2};
use crossdock_device::numbers::quantise::{Scale, ue8m0};
use crossdock_emulator::{Argument, Config, Launch, Machine};
use rustc_apfloat::ieee::{BFloat, Float8E4M3FN, Float8E5M2, Half, Single};
use rustc_apfloat::{Float, FloatConvert};

/// Device code that uses the types.
#[device(crate = ::crossdock_device)]
pub mod code {
    use crossdock_device::numbers::float8::*;
    use crossdock_device::numbers::half::*;
    use crossdock_device::numbers::quantise::*;
    use crossdock_device::numbers::vector::*;
    use crossdock_device::prelude::*;

    /// Two numbers as pairs of e4m3 and e5m2, in a word.
    pub fn narrowed(low: f32, high: f32) -> u32 {
        e4m3x2::from_f32(low, high).to_bits() as u32 | (e5m2x2::from_f32(low, high).to_bits() as u32) << 16
    }

    /// What the bytes of a word are, by turns as e4m3 and e5m2, all of them summed in a way that
    /// shows each.
    pub fn widened(bits: u32) -> f32x4 {
        let (a, b) = e4m3x4::from_bits(bits).low().to_f32();
        let (c, d) = e5m2x4::from_bits(bits).high().to_f16x2().to_f32();
        f32x4 { x: a, y: b, z: c, w: d }
    }

    /// Arithmetic on pairs.
    pub fn computed(a: u32, b: u32) -> u32 {
        let (a, b) = (bf16x2::from_bits(a), bf16x2::from_bits(b));
        let wide = a.mul(b).add(a.min(b)).mul_add(b.abs(), a.neg().sub(b.max(a)));
        let halves =
            f16x2::from_bits(a.to_bits()).mul_add(f16x2::splat(f16::ONE), f16x2::from_bits(b.to_bits()));
        wide.to_bits() ^ halves.to_bits().rotate_left(3)
    }

    /// A block's scale both ways, and an element.
    pub fn scaled(amax: f32, x: f32) -> f32x4 {
        let (exact, power) = (Scale::exact(amax, e4m3::LARGEST), Scale::power_of_two(amax, e5m2::LARGEST));
        let codes = e4m3x4::scaled(x, amax, -x, 0.0, exact).to_bits()
            ^ (e5m2::scaled(x, power).to_bits() as u32) << 24;
        let packed =
            ue8m0x4::new(power.exponent(), ue8m0::from_f32_up(x), ue8m0::from_f32_down(x), ue8m0::ONE);
        f32x4 {
            x: exact.scale,
            y: power.factor,
            z: f32::from_bits(codes >> 1),
            w: packed.get(1).recip().to_f32() + packed.get(2).to_f32(),
        }
    }

    /// Applies all of them.
    #[kernel(warps = 4)]
    pub fn apply(values: Global<f32x2>, words: Global<u32>, vectors: Global<f32x4>, count: u32) {
        let mut index = block_in_grid() * threads_in_block() + thread_in_block();
        while index < count {
            let pair = values.at(index).read();
            let (a, b) = (pair.x.to_bits(), pair.y.to_bits());
            words.at(index * 2).write(narrowed(pair.x, pair.y));
            words.at(index * 2 + 1).write(computed(a, b));
            vectors.at(index * 2).write(widened(a.rotate_left(7) ^ b));
            vectors.at(index * 2 + 1).write(scaled(pair.x.abs(), pair.y));
            index += blocks_in_grid() * threads_in_block();
        }
    }

    /// The greatest magnitude of each group of eight lanes.
    #[kernel(warps = 1)]
    pub fn maxima(values: Global<f32>, results: Global<f32>) {
        let amax = with_magnitude(0.0, values.at(lane()).read());
        results.at(lane()).write(amax_of_lanes::<8>(amax));
    }
}

/// Numbers near the boundaries of the small formats, and at random.
fn numbers() -> Vec<f32> {
    let mut numbers = Vec::new();
    for upper in (0..0x1_0000u32).step_by(5) {
        numbers.extend([0, 1, 0x8000, 0xffff].map(|lower| f32::from_bits(upper << 16 | lower)));
    }
    let mut state = 1u64;
    numbers.extend((0..20_000).map(|_| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        f32::from_bits((state >> 32) as u32)
    }));
    numbers
}

fn reference<F: Float>(value: f32, largest: u32, nan: u32) -> u32
where
    Single: FloatConvert<F>,
{
    let code: F = Single::from_bits(u128::from(value.to_bits())).convert(&mut false).value;
    let sign = u32::from(value.is_sign_negative()) << 7;
    match () {
        () if value.is_nan() => nan,
        () if F::BITS == 8 && !code.is_finite() => sign | largest,
        () => code.to_bits() as u32,
    }
}

#[test]
fn conversions_on_the_host_are_those_of_the_reference() {
    for value in numbers() {
        let e4m3 = reference::<Float8E4M3FN>(value, 0x7e, 0x7f);
        let e5m2 = reference::<Float8E5M2>(value, 0x7b, 0x7f);
        assert_eq!(u32::from(e4m3x2::from_f32(1.0, value).to_bits()), 0x38 | e4m3 << 8, "{value:e}");
        assert_eq!(u32::from(e5m2x2::from_f32(value, 1.0).to_bits()), 0x3c00 | e5m2, "{value:e}");
        assert_eq!(
            u32::from(bf16::from_f32(value).to_bits()),
            reference::<BFloat>(value, 0, 0x7fff),
            "{value:e}"
        );
        assert_eq!(f16x2::from_f32(value, 0.0).to_bits(), reference::<Half>(value, 0, 0x7fff), "{value:e}");
    }
    let same = |found: f32, expected: f32| {
        found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan()
    };
    for code in 0..=0xffu16 {
        let widened = |single: Single| f32::from_bits(single.to_bits() as u32);
        let expected = widened(Float8E4M3FN::from_bits(u128::from(code)).convert(&mut false).value);
        assert!(same(e4m3x2::from_bits(code).to_f32().0, expected), "{code:#x}");
        let expected = widened(Float8E5M2::from_bits(u128::from(code)).convert(&mut false).value);
        assert!(same(e5m2x2::from_bits(code << 8).to_f32().1, expected), "{code:#x}");
    }
}

#[test]
fn ptx_computes_what_the_host_computes_on_every_target() {
    let numbers = numbers();
    let pairs: Vec<(f32, f32)> =
        numbers.iter().zip(numbers.iter().cycle().skip(77)).map(|(a, b)| (*a, *b)).collect();
    let input: Vec<u8> =
        pairs.iter().flat_map(|(a, b)| [a.to_le_bytes(), b.to_le_bytes()]).flatten().collect();
    for target in ["sm_80", "sm_89", "sm_90a", "sm_100a"] {
        let options = Options::new(target, None).expect("it is a target");
        let kernel = code::__device::MODULE.specialise_for::<code::ApplyArguments>(&[], options);
        let text = kernel.expect("it specialises").ptx;
        assert_eq!(text.contains("cvt.rn.satfinite.e4m3x2.f32"), target != "sm_80");
        let mut machine = Machine::new(Config::default()).expect("a machine");
        let module = machine.load(&text).expect("the text is PTX");
        let count = pairs.len();
        let from = machine.allocate(0, input.len() as u64).expect("memory");
        machine.write(from, &input).expect("it fits");
        let words = machine.allocate(0, count as u64 * 8).expect("memory");
        let vectors = machine.allocate(0, count as u64 * 32).expect("memory");
        let arguments = vec![
            Argument::U64(from),
            Argument::U64(words),
            Argument::U64(vectors),
            Argument::U32(count as u32),
        ];
        let kernel = machine.kernel(module, "apply").expect("it is there");
        let (grid, block) = ([4, 1, 1], [128, 1, 1]);
        let launch = Launch { gpu: 0, stream: 0, kernel, grid, block, shared_bytes: 0, arguments };
        machine.launch(launch).expect("it fits");
        machine.run().unwrap_or_else(|error| panic!("{error}"));
        let mut read = |from, bytes| {
            let mut result = vec![0; bytes];
            machine.read(from, &mut result).expect("it is there");
            let (words, _) = result.as_chunks::<4>();
            words.iter().map(|word| u32::from_le_bytes(*word)).collect::<Vec<u32>>()
        };
        let (words, vectors) = (read(words, count * 8), read(vectors, count * 32));
        for (index, (x, y)) in pairs.iter().enumerate() {
            let (a, b) = (x.to_bits(), y.to_bits());
            assert_eq!(words[index * 2], code::narrowed(*x, *y), "{target}: {x:e}, {y:e}");
            assert_eq!(words[index * 2 + 1], code::computed(a, b), "{target}: {a:#x}, {b:#x}");
            let widened = code::widened(a.rotate_left(7) ^ b);
            let scaled = code::scaled(x.abs(), *y);
            let expected =
                [widened.x, widened.y, widened.z, widened.w, scaled.x, scaled.y, scaled.z, scaled.w];
            for (found, expected) in vectors[index * 8..].iter().zip(expected) {
                let found = f32::from_bits(*found);
                let same = found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
                assert!(same, "{target}: {found:e}, not {expected:e}, of {x:e}, {y:e}");
            }
        }
    }
}

#[test]
fn scales_are_exact() {
    let exact = Scale::exact(3.0, 448.0);
    assert_eq!((exact.factor, exact.scale), (448.0 / 3.0, 3.0 / 448.0));
    assert_eq!(Scale::exact(0.0, 448.0).scale, 1e-4 / 448.0);
    for (amax, scale) in [(448.0, 1.0), (448.1, 2.0), (447.0, 1.0), (224.0, 0.5), (1e-9, 2f32.powi(-22))] {
        let power = Scale::power_of_two(amax, 448.0);
        assert_eq!((power.scale, power.factor), (scale, 1.0 / scale), "{amax}");
        assert_eq!(u32::from(power.exponent().to_bits()), scale.to_bits() >> 23);
    }
    for bits in 0..=254u8 {
        let value = ue8m0::from_bits(bits).to_f32();
        assert_eq!(f64::from(value), 2f64.powi(i32::from(bits) - 127));
        assert_eq!(ue8m0::from_f32_up(value).to_bits(), bits);
        assert_eq!(ue8m0::from_f32_down(value).to_bits(), bits);
        let above = ue8m0::from_f32_up(value.next_up()).to_bits();
        assert_eq!(above, if bits == 254 { 254 } else { bits + 1 });
        assert_eq!(f64::from(ue8m0::from_bits(bits).recip().to_f32()) * f64::from(value), 1.0);
    }
    assert!(ue8m0::from_f32_up(f32::NAN).to_f32().is_nan() && ue8m0::NAN.recip().to_f32().is_nan());
}

#[test]
fn pairs_keep_their_order() {
    assert_eq!(bf16x2::from_f32(1.0, -2.0).to_bits(), 0xc000_3f80);
    assert_eq!(bf16x2::from_f32(1.0, -2.0).to_f32(), (1.0, -2.0));
    assert_eq!(bf16x2::new(bf16::ONE, bf16::MAX).high().to_bits(), bf16::MAX.to_bits());
    assert_eq!(bf16x2::from_f32_toward_zero(1.999, -1.999).to_bits(), 0xbfff_3fff);
}

#[test]
fn lanes_find_the_maximum_of_their_group() {
    let kernel = code::__device::MODULE.specialise::<code::MaximaArguments>(&[]).expect("it specialises");
    let mut machine = Machine::new(Config::default()).expect("a machine");
    let module = machine.load(&kernel.ptx).expect("the text is PTX");
    let values: Vec<f32> =
        (0..32).map(|lane| if lane == 9 { f32::NAN } else { (lane * 37 % 32) as f32 - 16.0 }).collect();
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let (from, to) = (machine.allocate(0, 128).expect("memory"), machine.allocate(0, 128).expect("memory"));
    machine.write(from, &bytes).expect("it fits");
    let kernel = machine.kernel(module, "maxima").expect("it is there");
    let arguments = vec![Argument::U64(from), Argument::U64(to)];
    let (grid, block) = ([1, 1, 1], [32, 1, 1]);
    machine
        .launch(Launch { gpu: 0, stream: 0, kernel, grid, block, shared_bytes: 0, arguments })
        .expect("it fits");
    machine.run().unwrap_or_else(|error| panic!("{error}"));
    let mut result = [0; 128];
    machine.read(to, &mut result).expect("it is there");
    let (words, _) = result.as_chunks::<4>();
    for (lane, word) in words.iter().enumerate() {
        let group = &values[lane / 8 * 8..][..8];
        let expected = group.iter().fold(0.0f32, |amax, value| amax.max(value.abs()));
        assert_eq!(f32::from_le_bytes(*word), expected, "lane {lane}");
    }
}
