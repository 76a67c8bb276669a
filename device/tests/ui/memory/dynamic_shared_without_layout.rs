use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[derive(Clone, Copy)]
    pub struct Row {
        pub first: u32,
    }

    #[kernel(warps = 1)]
    pub fn write(count: Global<u64>) {
        count.write(dynamic_shared::<Row>().len() as u64);
    }
}

fn main() {}
