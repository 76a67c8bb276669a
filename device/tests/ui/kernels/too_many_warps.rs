use crossdock_device::device;

#[device]
pub mod code {
    #[kernel(warps = 33)]
    pub fn nothing() {}
}

fn main() {}
