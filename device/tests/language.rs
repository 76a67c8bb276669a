//! The device language through the macros: the same functions run on the host and are compiled to PTX.

use crossdock_device::device;

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
