use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(warps = 1)]
    pub fn f(count: u32, out: Global<u32>) {
        if lane() >= count {
            return;
        }
        out.at(lane()).write(shuffle(lane(), 0));
    }
}

fn main() {}
