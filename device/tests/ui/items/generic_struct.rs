use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub struct Row<T> {
        first: T,
    }
}

fn main() {}
