use crossdock_device::device;

#[device]
pub mod code {
    pub mod inner {}
}

fn main() {}
