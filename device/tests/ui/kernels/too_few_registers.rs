use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(warps = 1, max_registers = 8)]
    pub fn nothing() {}
}

fn main() {}
