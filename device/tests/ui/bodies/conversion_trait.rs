use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn f(x: u32, p: Global<u32>) -> u32 {
        let wide: u64 = x.into();
        wide as u32 + p.read()
    }
}

fn main() {}
