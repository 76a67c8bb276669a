use crossdock_device::device;

#[device]
pub mod code {
    pub fn first(row: &[u32]) -> u32 {
        row[0]
    }
}

fn main() {}
