use crossdock_device::device;

#[device]
pub mod code {
    pub fn double(value: u128) -> u128 {
        value + value
    }
}

fn main() {}
