use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn masked<T: Number>(value: T, mask: T) -> T {
        value & mask
    }
}

fn main() {}
