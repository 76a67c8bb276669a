use crossdock_device::device;

#[device]
pub mod code {
    pub type Row = u32;
}

fn main() {}
