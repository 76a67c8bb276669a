use crossdock_device::device;

#[device]
pub mod code {
    pub const FIRST: u32 = SECOND + 1;
    pub const SECOND: u32 = FIRST + 1;
}

fn main() {}
