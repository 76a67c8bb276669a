use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(warps = 1)]
    pub fn nothing() {}

    #[kernel(warps = 1)]
    pub fn more() {
        nothing();
    }
}

fn main() {}
