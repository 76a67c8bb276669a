use crossdock_device::device;

#[device]
pub mod code {
    pub fn other(pair: (u32, u32)) -> u32 {
        match pair {
            (other, 1) | (1, other) => other,
            _ => 0,
        }
    }
}

fn main() {}
