use crossdock_device::device;

#[device]
pub fn code() {}

fn main() {}
