use crossdock_device::device;

#[device]
pub mod code {
    #[kernel(warps = 1, max_registers = 8)]
    pub fn nothing() {}
}

fn main() {}
