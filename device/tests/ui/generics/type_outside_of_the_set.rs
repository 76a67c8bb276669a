use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::library::reductions::warp_sum;
    use crossdock_device::prelude::*;

    #[kernel(warps = 1)]
    pub fn sums(out: Global<u32>) {
        out.write(warp_sum(lane() == 0) as u32);
    }
}

fn main() {}
