crossdock_device::kernels! {
    pub mod one { hidden: 7168, top_k: 8, experts: 256, wire: bf16 }
    pub mod two { hidden: 7168, top_k: 8, experts: 256, wire: bf16 }
}

fn main() {}
