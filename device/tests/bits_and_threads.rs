//! What lanes work out together. Bit operations, which GPUs execute too, are in
//! `trial/src/lane/intrinsics.rs`.

mod harness;

use crossdock_device::device;
use harness::{Memory, assemble, options, ptx, run};

/// Kernels that use the library.
#[device(crate = ::crossdock_device)]
pub mod code {
    use crossdock_device::library::approximate::*;
    use crossdock_device::library::hardware::*;
    use crossdock_device::library::overlap::*;
    use crossdock_device::library::together::*;
    use crossdock_device::prelude::*;

    /// What a warp works out together.
    #[kernel(warps = 1)]
    pub fn together(values: Global<u32>, results: Global<u32>) {
        let value = values.at(lane()).read();
        let at = results.at(lane() * 16);
        at.at(0u32).write(reduce_add(value));
        at.at(1u32).write(reduce_min(value));
        at.at(2u32).write(reduce_max(value));
        at.at(3u32).write(reduce_min_i32(value as i32) as u32);
        at.at(4u32).write(reduce_max_i32(value as i32) as u32);
        at.at(5u32).write(reduce_and(value | 0xf0));
        at.at(6u32).write(reduce_or(value & 0xff));
        at.at(7u32).write(reduce_xor(value));
        at.at(8u32).write(all_equal(value) as u32 * 2 + all_equal(values.at(0u32).read()) as u32);
        at.at(9u32).write(all_agree(value < 9) as u32 * 2 + all_agree(value < 0xffff_fff0) as u32);
        at.at(10u32).write(ballot(elected()));
        at.at(11u32).write(active_lanes());
        // What all lanes have may decide about a barrier.
        if reduce_add(value) > 5 {
            warp_barrier();
        }
        let before = clock();
        prefetch_l1(values);
        prefetch_l2(values);
        at.at(12u32).write((clock() >= before) as u32);
        at.at(13u32).write(approximate_exp2(lane() as f32 - 10.0).to_bits());
        at.at(14u32).write(approximate_reciprocal(lane() as f32 + 1.0).to_bits());
        at.at(15u32).write(0);
    }

    /// A grid between two others.
    #[kernel(warps = 1)]
    pub fn between(values: Global<u32>) {
        wait_for_earlier_grids();
        values.at(lane()).write(7);
        let_later_grids_start();
    }
}

/// Numbers that make bits interesting: edges, then random ones.
fn inputs(count: usize) -> Vec<u32> {
    let mut inputs =
        vec![0, 1, 31, 32, 33, 255, 256, 0x7fff_ffff, 0x8000_0000, u32::MAX, 0x7654_3210, 0xfedc_ba98];
    let mut state = 0x2545_f491_4f6c_dd1du64;
    while inputs.len() < count {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let random = (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32;
        inputs.push(random >> (random % 29));
    }
    inputs
}

#[test]
fn lanes_work_out_one_answer() {
    let words: Vec<u32> = inputs(64)[20..52].to_vec();
    let mut memory = Memory::new(1);
    let (values, results) = (memory.global(&words), memory.global(&[0; 32 * 16]));
    let arguments = code::TogetherArguments { values: values.pointer(), results: results.pointer() };
    run(&mut memory, &code::__device::MODULE, arguments, &[]);
    let found = memory.words(&results);
    let signed = || words.iter().map(|word| word.cast_signed());
    let expected = [
        words.iter().fold(0u32, |sum, word| sum.wrapping_add(*word)),
        words.iter().copied().min().expect("there are 32"),
        words.iter().copied().max().expect("there are 32"),
        signed().min().expect("there are 32").cast_unsigned(),
        signed().max().expect("there are 32").cast_unsigned(),
        words.iter().fold(u32::MAX, |all, word| all & (word | 0xf0)),
        words.iter().fold(0, |all, word| all | (word & 0xff)),
        words.iter().fold(0, |all, word| all ^ word),
        1,
        u32::from(words.iter().all(|word| *word < 9) || words.iter().all(|word| *word >= 9)) * 2 + 1,
    ];
    for lane in 0..32 {
        let row = &found[lane * 16..lane * 16 + 16];
        assert_eq!(row[..10], expected, "lane {lane}");
        assert_eq!(row[10].count_ones(), 1, "one lane is elected");
        assert_eq!(row[10], found[10], "all lanes know the same");
        assert_eq!((row[11], row[12]), (u32::MAX, 1));
        let (power, inverse) = (f32::from_bits(row[13]), f32::from_bits(row[14]));
        let exact = 2f64.powi(lane as i32 - 10);
        assert!(
            (f64::from(power) / exact - 1.0).abs() < 2f64.powf(-22.0),
            "2^{} is not {power}",
            lane as i32 - 10
        );
        assert!(
            (f64::from(inverse) * (lane as f64 + 1.0) - 1.0).abs() < 2f64.powi(-22),
            "lane {lane}: {inverse}"
        );
    }
}

#[test]
fn a_grid_may_wait_for_another() {
    let mut memory = Memory::new(1);
    let values = memory.global(&[0; 32]);
    run(&mut memory, &code::__device::MODULE, code::BetweenArguments { values: values.pointer() }, &[]);
    assert_eq!(memory.words(&values), [7; 32]);
}

#[test]
fn ptxas_takes_them_for_the_targets_that_they_claim() {
    let module = &code::__device::MODULE;
    let newer = options("sm_90", "8.0");
    let together = ptx::<code::TogetherArguments>(module, &[], &newer).expect("sm_90 has all of them");
    assemble("together", &together.ptx.to_string(), "sm_90");
    let between = ptx::<code::BetweenArguments>(module, &[], &newer).expect("sm_90 has them");
    assemble("between", &between.ptx.to_string(), "sm_90");
}
