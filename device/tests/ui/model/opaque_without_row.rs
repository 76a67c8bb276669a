crossdock_device::kernels! {
    pub mod model { hidden: 7168, top_k: 8, experts: 256, wire: opaque(sides: [448]) }
}

fn main() {}
