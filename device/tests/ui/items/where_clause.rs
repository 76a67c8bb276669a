use crossdock_device::device;

#[device]
pub mod code {
    pub fn half<const N: u32>() -> u32
    where
        u32: Copy,
    {
        N / 2
    }
}

fn main() {}
