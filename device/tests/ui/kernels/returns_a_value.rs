use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(warps = 1)]
    pub fn count() -> u32 {
        1
    }
}

fn main() {}
