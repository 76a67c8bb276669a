use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(warps = 33)]
    pub fn nothing() {}
}

fn main() {}
