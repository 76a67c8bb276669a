use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn f() {
        fence(Relaxed, Gpu);
    }
}

fn main() {}
