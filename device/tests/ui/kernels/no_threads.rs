use crossdock_device::device;

#[device]
pub mod code {
    #[kernel(threads = (32, 0))]
    pub fn nothing() {}
}

fn main() {}
