use crossdock_device::device;

#[device]
pub mod code {
    #[kernel(blocks = 256)]
    pub fn nothing() {}
}

fn main() {}
