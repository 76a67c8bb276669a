use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn f(x: u32, p: Global<u32>) -> u32 {
        let mut sum = p.read();
        #[unroll]
        while sum < x {
            sum += 1;
        }
        sum
    }
}

fn main() {}
