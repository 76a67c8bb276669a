use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(warps = 1)]
    pub fn write() {
        dynamic_shared::<u32>(64).at(lane()).write(1);
    }
}

fn main() {}
