use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn f(p: Global<u32>, order: impl Atomic, scope: impl Scope) -> u32 {
        p.fetch_add(1, order, scope) + p.load(order, Gpu)
    }
}

fn main() {}
