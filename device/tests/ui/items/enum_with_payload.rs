use crossdock_device::device;

#[device]
pub mod code {
    pub enum Mode {
        Fast(u32),
        Slow,
    }
}

fn main() {}
