use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel]
    pub fn nothing() {}
}

fn main() {}
