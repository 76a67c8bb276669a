use crossdock_device::device;

#[device]
pub mod code {
    pub struct Row<const N: u32> {
        first: u32,
    }
}

fn main() {}
