use crossdock_device::device;

#[device]
pub mod code {
    #[kernel(warps = 1, grid_dimensions = 4)]
    pub fn nothing() {}
}

fn main() {}
