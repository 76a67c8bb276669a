use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[derive(Clone, Copy)]
    #[repr(C, align(3))]
    pub struct Row {
        first: u32,
    }
}

fn main() {}
