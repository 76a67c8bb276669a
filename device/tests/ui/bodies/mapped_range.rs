use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn f(x: u32, p: Global<u32>) -> u32 {
        let mut sum = p.read();
        for value in (0..x).skip(1) {
            sum += value;
        }
        sum
    }
}

fn main() {}
