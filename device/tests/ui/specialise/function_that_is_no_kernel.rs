use crossdock_device::{device, specialise};

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn helper() {}

    #[kernel(warps = 2)]
    pub fn advance<const STEP: u32, const FAST: bool>(values: Global<u32>) {
        const { assert!(STEP > 0 && STEP < 100, "STEP must be 1 to 99: {} is not", STEP) };
        if FAST {
            values.at(lane()).write(STEP);
        }
    }

    #[kernel(warps = 1)]
    pub fn narrow(values: Global<f32>, out: Global<u16>) {
        out.write(pack_e4m3(values.read(), 0.0));
    }

    #[kernel(warps = 2)]
    pub fn meet<const THREADS: u32>() {
        if thread_in_block() < THREADS {
            warp_barrier();
        }
    }
}

specialise! {
    pub const KERNEL = code::helper {};
}

fn main() {}
