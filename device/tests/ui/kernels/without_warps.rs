use crossdock_device::device;

#[device]
pub mod code {
    #[kernel]
    pub fn nothing() {}
}

fn main() {}
