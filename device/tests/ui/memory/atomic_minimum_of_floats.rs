use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn f(float: Global<f32>) {
        float.fetch_min(1.0, Relaxed, Gpu);
    }
}

fn main() {}
