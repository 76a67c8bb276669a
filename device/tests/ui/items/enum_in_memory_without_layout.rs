use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[derive(Clone, Copy)]
    pub enum Mode {
        Fast,
    }

    pub fn mode(modes: Global<Mode>) -> Mode {
        modes.read()
    }
}

fn main() {}
