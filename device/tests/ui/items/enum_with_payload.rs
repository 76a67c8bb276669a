use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub enum Mode {
        Fast(u32),
        Slow,
    }
}

fn main() {}
