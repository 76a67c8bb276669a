use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub static COUNT: u32 = 0;
}

fn main() {}
