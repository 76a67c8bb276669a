use crossdock_device::device;

#[device]
pub mod code {
    use crossdock_device::prelude::*;

    #[derive(Clone, Copy)]
    pub struct Row {
        first: u128,
        second: u32,
    }

    pub fn wide(row: Row) -> i128 {
        (row.first + row.second as u128) as i128
    }

    pub fn narrow<const N: Row>(row: Row) -> u32 {
        let found = wide(Row { first: 1, second: N.second });
        let (low, high) = (found, wide(row));
        low.count_ones() + high.count_ones() + lane()
    }
}

fn main() {}
