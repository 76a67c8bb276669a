use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    use crossdock_device::library::mbarrier::Mbarrier;

    pub fn f(barrier: Mbarrier) -> u64 {
        barrier.arrive_ordered(Release, Gpu)
    }
}

fn main() {}
