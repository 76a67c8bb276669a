use crossdock_device::device;

#[device]
pub mod code {
    pub fn factorial(n: u32) -> u32 {
        if n == 0 { 1 } else { n * factorial(n - 1) }
    }
}

fn main() {}
