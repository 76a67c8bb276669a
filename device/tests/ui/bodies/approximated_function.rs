use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub fn f(x: f32, p: Global<f32>) -> f32 {
        x.exp2() + p.read()
    }
}

fn main() {}
