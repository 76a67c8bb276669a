use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub unsafe fn count() -> u32 {
        1
    }
}

fn main() {}
