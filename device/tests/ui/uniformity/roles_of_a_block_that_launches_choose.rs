use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(max_threads = 64)]
    pub fn two(values: Global<u32>) {
        #[role(first, warps = 0..1)]
        {
            values.at(lane()).write(1);
        }
        #[role(second, warps = 1..2)]
        {}
    }
}

fn main() {}
