use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(warps = 1)]
    pub fn sum(values: [u32; 4], out: Global<u32>) {
        out.write(values[0]);
    }
}

fn main() {}
