crossdock_device::kernels! {
    pub mod model { hidden: 7168, topk: 8, experts: 256, wire: bf16 }
}

fn main() {}
