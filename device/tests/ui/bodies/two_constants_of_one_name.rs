use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn f(x: u32, p: Global<u32>) -> u32 {
        {
            const STEP: u32 = 1;
            p.at(STEP).write(x);
        }
        const STEP: u32 = 2;
        STEP
    }
}

fn main() {}
