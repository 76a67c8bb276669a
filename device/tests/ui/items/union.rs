use crossdock_device::device;

#[device]
pub mod code {
    pub union Bits {
        word: u32,
        float: f32,
    }
}

fn main() {}
