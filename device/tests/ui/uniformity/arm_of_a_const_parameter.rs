use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(warps = 2)]
    pub fn f<const FAST: bool>() {
        if FAST {
            if lane() == 0 {
                block_barrier();
            }
        }
    }
}

fn main() {}
