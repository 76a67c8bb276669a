crossdock_device::kernels! {
    pub mod model { hidden: 7168, top_k: 8, experts: 256, wire: fp8(e4m3, block: 128, scale: f16) }
}

fn main() {}
