use crossdock_device::device;

#[device]
pub mod broken {
    pub fn double(value: &u32) -> u32 {
        *value + *value
    }
}

#[device]
pub mod code {
    use super::broken::double;

    pub fn quadruple(value: u32) -> u32 {
        double(&value)
    }
}

fn main() {}
