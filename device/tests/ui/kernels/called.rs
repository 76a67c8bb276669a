use crossdock_device::device;

#[device]
pub mod code {
    #[kernel(warps = 1)]
    pub fn nothing() {}

    #[kernel(warps = 1)]
    pub fn more() {
        nothing();
    }
}

fn main() {}
