use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[derive(Clone, Copy)]
    pub struct Row {
        first: u32,
    }

    pub fn first(row: Global<Row>) -> u32 {
        row.read().first
    }
}

fn main() {}
