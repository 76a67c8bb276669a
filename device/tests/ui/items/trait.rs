use crossdock_device::device;

#[device]
pub mod code {
    pub trait Scale {
        fn scaled(self) -> u32;
    }
}

fn main() {}
