use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(warps = 1)]
    pub fn fill(count: u32, out: Global<u32>) {
        #[unroll]
        for index in 0..count {
            out.at(index).write(index);
        }
    }
}

fn main() {}
