use crossdock_device::device;

#[device]
pub mod code {
    pub fn first(x: u32, y: u32) -> u32 {
        if let 1..=3 = x
            && y > 2
        {
            return 1;
        }
        0
    }
}

fn main() {}
