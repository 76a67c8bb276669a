use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(threads = (16, 16))]
    pub fn rows(values: Global<u32>) {
        if thread_y() == 0 {
            warp_barrier();
        }
        values.at(thread_in_block()).write(1);
    }
}

fn main() {}
