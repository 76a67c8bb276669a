use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn f(p: Global<u32>) -> u32 {
        ptx!("ld.{o}.gpu.global.u32 {d}, [{p}];", p = in(p), o = order(Relaxed), d = out(u32))
    }
}

fn main() {}
