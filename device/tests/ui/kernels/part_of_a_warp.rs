use crossdock_device::device;

#[device]
pub mod code {
    #[kernel(threads = (10, 5))]
    pub fn nothing() {}
}

fn main() {}
