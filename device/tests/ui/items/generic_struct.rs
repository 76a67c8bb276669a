use crossdock_device::device;

#[device]
pub mod code {
    pub struct Row<T> {
        first: T,
    }
}

fn main() {}
