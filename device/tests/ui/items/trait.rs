use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub trait Scale {
        fn scaled(self) -> u32;
    }
}

fn main() {}
