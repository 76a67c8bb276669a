use crossdock_device::device;

#[device]
pub mod code {
    #[cfg(debug_assertions)]
    pub fn count() -> u32 {
        1
    }
}

fn main() {}
