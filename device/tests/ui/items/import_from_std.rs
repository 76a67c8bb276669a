use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    use std::cmp::min;

    pub fn least(left: u32, right: u32) -> u32 {
        min(left, right)
    }
}

fn main() {}
