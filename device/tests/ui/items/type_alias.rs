use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub type Row = u32;
}

fn main() {}
