use crossdock_device::device;

#[device]
pub mod code {
    pub struct Row;

    impl Default for Row {
        fn default() -> Self {
            Row
        }
    }
}

fn main() {}
