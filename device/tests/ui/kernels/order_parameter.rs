use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(warps = 1)]
    pub fn k(p: Global<u32>, order: impl Load) {
        p.load(order, Gpu);
    }
}

fn main() {}
