use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn f(x: u32, p: Global<u32>) -> u32 {
        assert!(x > 1);
        p.read()
    }
}

fn main() {}
