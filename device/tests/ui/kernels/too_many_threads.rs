use crossdock_device::device;

#[device]
pub mod code {
    #[kernel(threads = (64, 32))]
    pub fn nothing() {}
}

fn main() {}
