use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn first(words: GlobalSlice<u32>) -> u32 {
        words.read()
    }
}

fn main() {}
