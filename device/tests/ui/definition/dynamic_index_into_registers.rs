use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(warps = 1)]
    pub fn pick(index: u32, out: Global<u32>) {
        let list = [1u32, 2, 3];
        out.write(list[index as usize]);
    }
}

fn main() {}
