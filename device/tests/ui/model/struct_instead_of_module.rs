crossdock_device::kernels! {
    pub struct Model { hidden: 7168, top_k: 8, experts: 256, wire: bf16 }
}

fn main() {}
