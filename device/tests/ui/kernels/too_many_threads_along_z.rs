use crossdock_device::device;

#[device]
pub mod code {
    #[kernel(threads = (1, 1, 96))]
    pub fn nothing() {}
}

fn main() {}
