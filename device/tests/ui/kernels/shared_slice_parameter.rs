use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(warps = 1)]
    pub fn first(words: SharedSlice<u32>) {
        words.at(0u32).write(1);
    }
}

fn main() {}
