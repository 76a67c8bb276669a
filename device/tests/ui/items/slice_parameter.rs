use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn first(row: &[u32]) -> u32 {
        row[0]
    }
}

fn main() {}
