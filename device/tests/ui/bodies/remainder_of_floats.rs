use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn f(x: u32, p: Global<u32>) -> u32 {
        let rest = (x as f32) % 2.0;
        rest as u32 + p.read()
    }
}

fn main() {}
