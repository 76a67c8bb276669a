use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    pub struct Row;

    impl Default for Row {
        fn default() -> Self {
            Row
        }
    }
}

fn main() {}
