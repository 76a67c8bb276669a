//! What dispatch makes of bf16 that are no ordinary numbers, worked out by hand.

use crossdock::host::{Capacity, Cluster, Error, Routing, Tokens, Topology};
use crossdock::{CompileOptions, Float8, Fp8, KernelSet, ScaleFormat, Shape, Wire};
use half::bf16;

use super::compare::TARGETS;

/// Four blocks of 16: a NaN among numbers, zeros of both signs, infinities, nothing but NaN.
fn row() -> Vec<bf16> {
    let mut row = vec![0.0; 64];
    row[..3].copy_from_slice(&[448.0, -1.0, f32::NAN]);
    row[17] = -0.0;
    row[32..36].copy_from_slice(&[f32::INFINITY, 1.0, f32::NEG_INFINITY, f32::NAN]);
    row[48..].fill(f32::NAN);
    row.into_iter().map(bf16::from_f32).collect()
}

/// The codes that are not zero, and the scales as they are stored, of a round and of one that
/// repeats it.
fn quantised(target: &str, scale: ScaleFormat) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let wire = Wire::Fp8(Fp8 { element: Float8::E4m3, block: 16, scale });
    let shape = Shape { hidden: 64, top_k: 1, experts: 1, wire };
    let kernels = KernelSet::jit_for(shape, CompileOptions::new(target, None)?)?;
    let mut seen = Cluster::emulated(Topology::nodes(1).gpus_per_node(1))?.run(|rank| {
        let mut dock = rank.dock(kernels.clone(), Capacity::tokens(1))?;
        let row = row();
        let arrived = dock.dispatch(&Tokens::Bf16(&row), &Routing::new(&[0], &[1.0]))?;
        let first = (arrived.rows()?, arrived.side_records()?);
        let handle = arrived.handle()?;
        let again = dock.dispatch_cached(&Tokens::Bf16(&row), &handle)?;
        assert_eq!((again.rows()?, again.side_records()?), first, "a cached dispatch");
        Ok::<_, Error>(first)
    })?;
    Ok(seen.swap_remove(0))
}

/// Codes at the places that [`row`] fills, in its order; all others must be zeros.
fn codes(row: &[u8]) -> Vec<u8> {
    let given = |index: &usize| *index < 3 || *index == 17 || (32..36).contains(index) || *index >= 48;
    assert!((0..64).filter(|index| !given(index)).all(|index| row[index] == 0), "{row:x?}");
    (0..49).filter(given).map(|index| row[index]).collect()
}

fn floats(values: [f32; 4]) -> Vec<u8> {
    values.into_iter().flat_map(f32::to_le_bytes).collect()
}

#[test]
fn nan_infinity_and_zero_keep_their_meaning() {
    for target in TARGETS {
        let (rows, scales) = quantised(target, ScaleFormat::F32).expect("no rank fails");
        // An infinite scale makes zeros of numbers and NaN of infinities: all of the block comes
        // back as NaN.
        assert_eq!(codes(&rows), [0x7e, 0xb8, 0x7f, 0x80, 0x7f, 0x00, 0x7f, 0x7f, 0x7f], "{target}");
        let least = 1e-4 / 448.0;
        assert_eq!(scales, floats([1.0, least, f32::INFINITY, least]), "{target}");

        // The greatest power of two is finite, so infinities saturate.
        let powers = [1.0, 2f32.powi(-22), 2f32.powi(127), 2f32.powi(-22)];
        let (rows, scales) = quantised(target, ScaleFormat::PowerOfTwo).expect("no rank fails");
        assert_eq!(codes(&rows), [0x7e, 0xb8, 0x7f, 0x80, 0x7e, 0x00, 0xfe, 0x7f, 0x7f], "{target}");
        assert_eq!(scales, floats(powers), "{target}");

        let (same, exponents) = quantised(target, ScaleFormat::Ue8m0).expect("no rank fails");
        assert_eq!(same, rows, "{target}");
        assert_eq!(exponents, [127, 105, 254, 105], "{target}");
    }
}
