use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[derive(Clone, Copy)]
    pub struct Pair<T: Number> {
        first: T,
        second: T,
    }

    impl Pair<u32> {
        pub fn sum(self) -> u32 {
            self.first + self.second
        }
    }
}

fn main() {}
