use crossdock_device::device;

#[device]
pub mod code {
    #[kernel(threads = (8, 2, 2, 2))]
    pub fn nothing() {}
}

fn main() {}
