use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn f(x: u32, p: Global<u32>) -> u32 {
        let more = x.checked_add(1);
        more.unwrap_or(0) + p.read()
    }
}

fn main() {}
