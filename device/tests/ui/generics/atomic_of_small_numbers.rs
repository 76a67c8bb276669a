use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn count<T: Integer>(counter: Global<T>) -> T {
        counter.fetch_add(T::ONE, Relaxed, Gpu)
    }
}

fn main() {}
