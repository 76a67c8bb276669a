use crossdock_device::device;

#[device(target = sm_90a)]
pub mod code {}

fn main() {}
