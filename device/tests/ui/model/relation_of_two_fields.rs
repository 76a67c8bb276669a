crossdock_device::kernels! {
    pub mod model { wire: bf16, experts: 4, hidden: 7168, top_k: 8 }
}

fn main() {}
