use crossdock_device::device;

#[device]
pub mod code {
    pub static COUNT: u32 = 0;
}

fn main() {}
