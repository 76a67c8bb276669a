use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(warps = 1)]
    pub fn first(pair: (u32, u32), rows: [u32; 4], words: Global<u32>) {
        words.write(pair.0 + rows[1]);
    }
}

fn main() {}
