use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub mod inner {}
}

fn main() {}
