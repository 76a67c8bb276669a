//! A kernel is specialised with several wrong parameters.

use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(warps = 1)]
    pub fn write<const A: u32, const B: u8, const C: u32>(words: Global<u32>) {
        words.write(A + B as u32 + C);
    }
}

crossdock_device::specialise! {
    const WRITE = code::write { A = -1, B = 256, D = 3 };
}

fn main() {}
