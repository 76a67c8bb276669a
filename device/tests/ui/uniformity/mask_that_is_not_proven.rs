use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(warps = 1)]
    pub fn f(mask: u32, out: Global<u32>) {
        out.at(lane()).write(shuffle_among(mask, lane(), 0));
    }
}

fn main() {}
