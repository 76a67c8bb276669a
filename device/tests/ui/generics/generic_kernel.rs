use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(warps = 1)]
    pub fn copy<T: Word>(from: Global<T>, to: Global<T>) {
        to.write(from.read());
    }
}

fn main() {}
