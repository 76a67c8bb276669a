use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn f(x: u32, p: Global<u32>) -> u32 {
        let double = |value: u32| value * 2;
        let place = &x;
        println!("{x}");
        double(*place) + p[x]
    }
}

fn main() {}
