use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    use crossdock_device::numbers::vector::code::f32x4;

    pub fn add(p: Shared<f32x4>, x: f32x4) {
        p.fetch_add(x, Relaxed, Block);
    }

    #[kernel(warps = 1)]
    pub fn k(p: Global<f32x4>) {
        add(shared::<f32x4>(1), p.read());
    }
}

fn main() {}
