use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn f(flag: Global<u32>) {
        flag.load(Release, Gpu);
    }
}

fn main() {}
