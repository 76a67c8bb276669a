use crossdock_device::device;

#[device]
pub mod code {
    pub unsafe fn count() -> u32 {
        1
    }
}

fn main() {}
