use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(warps = 1)]
    pub fn f(count: u32) {
        let mut index = lane();
        while index < count {
            warp_barrier();
            index += 32;
        }
    }
}

fn main() {}
