use crossdock_device::device;

#[device]
pub mod code {
    pub fn even(n: u32) -> bool {
        n == 0 || odd(n - 1)
    }

    pub fn odd(n: u32) -> bool {
        n != 0 && even(n - 1)
    }
}

fn main() {}
