use crossdock_device::device;

#[device]
pub mod code {
    #[kernel(warps = 2, threads = (8, 8))]
    pub fn nothing() {}
}

fn main() {}
