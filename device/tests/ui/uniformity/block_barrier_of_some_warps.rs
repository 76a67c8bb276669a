use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[kernel(warps = 2)]
    pub fn f<const N: u32>(out: Global<u32>) {
        if thread_in_block() / 32 == 0 {
            block_barrier();
        }
        out.write(N);
    }
}

fn main() {}
