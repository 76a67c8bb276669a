use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub union Bits {
        word: u32,
        float: f32,
    }
}

fn main() {}
