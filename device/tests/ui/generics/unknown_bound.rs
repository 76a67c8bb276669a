use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn first<T: Default + Copy>(row: Global<T>) -> T {
        row.read()
    }
}

fn main() {}
