use crossdock_device::device;

#[device]
pub mod code {
    #[kernel(threads = 256)]
    pub fn nothing() {}
}

fn main() {}
