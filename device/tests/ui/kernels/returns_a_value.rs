use crossdock_device::device;

#[device]
pub mod code {
    #[kernel(warps = 1)]
    pub fn count() -> u32 {
        1
    }
}

fn main() {}
