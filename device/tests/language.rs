//! The device language through the macros: the same functions run on the host and are compiled to
//! PTX.

mod harness;

use crossdock_device::device;
use harness::{Memory, assemble, options, ptx, try_run};

/// Device code that packs floats as its mode says.
#[device(crate = ::crossdock_device)]
pub mod code {
    use crossdock_device::prelude::*;

    /// How two floats are packed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[repr(u32)]
    pub enum Mode {
        /// Two bytes of bf16.
        Bf16,
        /// Two bytes of f16.
        F16 = 5,
    }

    impl Mode {
        /// The mode of that number; others mean bf16.
        pub const fn of(number: u32) -> Self {
            match number {
                5 => Mode::F16,
                _ => Mode::Bf16,
            }
        }
    }

    /// Packs both and unpacks them again.
    pub fn rounded(mode: Mode, low: f32, high: f32) -> (f32, f32) {
        match mode {
            Mode::Bf16 => unpack_bf16(pack_bf16(low, high)),
            Mode::F16 => unpack_f16(pack_f16(low, high)),
        }
    }

    /// Rounds pairs of floats in place.
    #[kernel(warps = 1)]
    pub fn round<const MODE: u32>(modes: Global<Mode>, values: Global<f32>) {
        let place = values.at(lane() * 2);
        let mode = if MODE == 0 { modes.at(lane()).read() } else { Mode::of(MODE) };
        let (low, high) = rounded(mode, place.read(), place.at(1u32).read());
        place.write(low);
        place.at(1u32).write(high);
    }
}

/// Device code that asks what it is made for.
#[device(crate = ::crossdock_device)]
pub mod target {
    use crossdock_device::prelude::*;

    /// How many bytes move at once.
    pub const WIDTH: u32 = if target_is_at_least(90) { 16 } else { 4 };

    /// Writes what the target is; orders it at cluster scope where that exists.
    #[kernel(warps = 1)]
    pub fn ask<const LEAST: u32>(answers: Global<u32>) {
        const { assert!(target_is_at_least(LEAST), "this kernel needs sm_{} or newer", LEAST) };
        answers.write(WIDTH);
        answers.at(1u32).write(target_is_specific() as u32);
        let known = is_constant(LEAST / 2) && !is_constant(lane());
        answers.at(2u32).write(known as u32);
        if target_is_at_least(90) {
            fence(AcquireRelease, Cluster);
        }
    }

    /// Orders something at cluster scope whatever the target is.
    #[kernel(warps = 1)]
    pub fn cluster() {
        fence(AcquireRelease, Cluster);
    }
}

/// Words that travel between two warps, with one-sided fences and relaxed accesses.
#[device(crate = ::crossdock_device)]
pub mod handover {
    use crossdock_device::prelude::*;

    /// Warp 0 writes `data` and raises the flags, warp 1 waits for the flags and copies the data.
    /// Without `RELEASE` or `ACQUIRE` that side has the fence of the other.
    #[kernel(warps = 2)]
    pub fn hand_over<const RELEASE: u32, const ACQUIRE: u32>(
        data: Global<u32>,
        flags: Global<u32>,
        seen: Global<u32>,
    ) {
        if warp_in_block() == 0 {
            data.at(lane()).write(lane() + 7);
            if RELEASE == 1 {
                fence(Release, Gpu);
            } else {
                fence(Acquire, Gpu);
            }
            flags.at(lane()).store(1, Relaxed, Gpu);
        } else {
            while flags.at(lane()).load(Relaxed, Gpu) == 0 {}
            if ACQUIRE == 1 {
                fence(Acquire, Gpu);
            } else {
                fence(Release, Gpu);
            }
            seen.at(lane()).write(data.at(lane()).read());
        }
    }
}

crossdock_device::specialise! {
    const EVERYWHERE = target::ask { LEAST = 80 };
    const HOPPER = target::ask { LEAST = 90 } for sm_90;
    const HOPPER_ONLY = target::ask { LEAST = 90 } for sm_90a, ptx 8.6;
}

#[test]
fn a_kernel_has_the_arm_of_its_target() {
    let has = |ptx: &str, header: &str, width: u32, specific: u32, cluster: bool| {
        assert!(ptx.starts_with(header), "{ptx}");
        assert!(ptx.contains(&format!("st.global.u32 [%answers], {width};")), "{ptx}");
        assert!(ptx.contains(&format!("st.global.u32 [%answers+4], {specific};")), "{ptx}");
        assert!(ptx.contains("st.global.u32 [%answers+8], 1;"), "{ptx}");
        assert_eq!(ptx.contains("fence.acq_rel.cluster;"), cluster, "{ptx}");
    };
    has(&EVERYWHERE.ptx, ".version 8.0\n.target sm_80\n", 4, 0, false);
    has(&HOPPER.ptx, ".version 8.4\n.target sm_90\n", 16, 0, true);
    has(&HOPPER_ONLY.ptx, ".version 8.6\n.target sm_90a\n", 16, 1, true);
}

#[test]
fn what_the_target_lacks_is_an_error_that_names_both() {
    let make = |name: &str| {
        let options = crossdock_device::Options::new(name, None).expect("a target");
        target::__device::MODULE.specialise_for::<target::ClusterArguments>(&[], options)
    };
    let message = make("sm_89").expect_err("sm_89 has no clusters").to_string();
    let expected = "`fence.acq_rel.cluster` needs the target sm_90, and this kernel is made for sm_89";
    assert!(message.starts_with(expected), "{message}");
    assert!(make("sm_90").is_ok());
    let old = target::__device::MODULE.specialise::<target::AskArguments>(&[("LEAST", 90)]);
    assert_eq!(old.expect_err("sm_80 is older").to_string(), "this kernel needs sm_90 or newer");
}

/// What the emulator makes of the hand-over: what was seen, or its report.
fn hand_over(release: i128, acquire: i128, seed: u64) -> Result<Vec<u32>, String> {
    let mut memory = Memory::with_seed(1, seed);
    let (data, flags, seen) = (memory.global(&[0; 32]), memory.global(&[0; 32]), memory.global(&[0; 32]));
    let arguments =
        handover::HandOverArguments { data: data.pointer(), flags: flags.pointer(), seen: seen.pointer() };
    let parameters = [("RELEASE", release), ("ACQUIRE", acquire)];
    try_run(&mut memory, &handover::__device::MODULE, arguments, &parameters)?;
    Ok(memory.words(&seen))
}

#[test]
fn one_sided_fences_order_their_side() {
    for seed in 0..8 {
        assert_eq!(hand_over(1, 1, seed), Ok((7..39).collect()));
        for (release, acquire) in [(0, 1), (1, 0), (0, 0)] {
            let report = hand_over(release, acquire, seed).expect_err("one side orders nothing");
            assert!(report.contains("data race"), "{report}");
        }
    }
}

#[test]
fn one_sided_fences_are_two_sided_where_ptx_has_no_others() {
    let cases = [
        ("sm_80", "8.0", false),
        ("sm_80", "8.6", false),
        ("sm_90", "8.4", false),
        ("sm_90", "8.6", true),
        ("sm_100", "8.8", true),
    ];
    for (target, version, one_sided) in cases {
        let parameters = [("RELEASE", 1), ("ACQUIRE", 1)];
        let options = options(target, version);
        let made = ptx::<handover::HandOverArguments>(&handover::__device::MODULE, &parameters, &options);
        let text = made.unwrap_or_else(|error| panic!("{error}")).ptx.to_string();
        let has = |fence: &str| text.matches(fence).count();
        let found = (has("fence.release.gpu;"), has("fence.acquire.gpu;"), has("fence.acq_rel.gpu;"));
        assert_eq!(found, if one_sided { (1, 1, 0) } else { (0, 0, 2) }, "{target}, PTX {version}: {text}");
        assemble("hand_over", &text, target);
    }
}

#[test]
fn on_the_host_there_is_no_target() {
    assert_eq!(target::WIDTH, 4);
}

#[test]
fn enums_and_small_floats_work_on_the_host() {
    use code::{Mode, rounded};
    assert_eq!(rounded(Mode::Bf16, 1.0 + 1.0 / 256.0, -2.5), (1.0, -2.5));
    assert_eq!(rounded(Mode::of(5), 1.0 + 1.0 / 1024.0, 1e6), (1.0 + 1.0 / 1024.0, f32::INFINITY));
    assert_eq!(Mode::of(7), Mode::Bf16);
}

#[test]
fn a_constant_enum_leaves_one_arm() {
    let ptx = |mode| {
        let kernel = code::__device::MODULE.specialise::<code::RoundArguments>(&[("MODE", mode)]);
        kernel.expect("it specialises").ptx
    };
    let (both, one) = (ptx(0), ptx(5));
    assert!(both.contains("cvt.rn.bf16x2.f32") && both.contains("cvt.rn.f16x2.f32"), "{both}");
    assert!(!one.contains("cvt.rn.bf16x2.f32") && one.contains("cvt.rn.f16x2.f32"), "{one}");
}
