use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn meet() {
        warp_barrier();
    }

    #[kernel(warps = 1)]
    pub fn f<const N: u32>() {
        if lane() < 16 {
            meet();
        }
    }
}

fn main() {}
