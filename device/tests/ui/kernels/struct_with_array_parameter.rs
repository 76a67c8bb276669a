use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[derive(Clone, Copy, Debug)]
    pub struct Values {
        pub values: [u32; 4],
    }

    #[kernel(warps = 1)]
    pub fn sum(values: Values, out: Global<u32>) {
        out.write(values.values[0]);
    }
}

fn main() {}
