use crossdock_device::device;

#[device]
pub mod code {
    #[derive(Clone, Copy)]
    #[repr(C, align(3))]
    pub struct Row {
        first: u32,
    }
}

fn main() {}
