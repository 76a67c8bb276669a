use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn f(p: Shared<u32>) -> u32 {
        p.read_mmio()
    }
}

fn main() {}
