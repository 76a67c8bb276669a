use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(threads = 256)]
    pub fn nothing() {}
}

fn main() {}
