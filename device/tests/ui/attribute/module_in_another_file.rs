use crossdock_device::device;

#[device]
pub mod code;

fn main() {}
