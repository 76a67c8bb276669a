//! A downstream crate: three kernels from scratch, each launched on emulated GPUs and compared with
//! plain Rust.
//!
//! - [`reduction`]: loops, shuffles, shared memory and a block barrier.
//! - [`ring`]: several GPUs, flags with release and acquire, a deadline.
//! - [`quantise`]: bulk copies in both directions, mbarriers, proxy fences, 8-bit floats; it is
//!   made for `sm_90`.

use crossdock::host::{Cluster, Topology};

pub mod error;
pub mod quantise;
pub mod reduction;
pub mod ring;

use error::Error;

fn main() -> Result<(), Error> {
    let gpu = Cluster::emulated(Topology::nodes(1))?;

    let values: Vec<u64> = (0..100_000).map(|index| index * index).collect();
    let sum = reduction::check(&gpu, &values)?;
    println!("reduction: the sum of {} squares is {sum}, verified", values.len());

    let turns = 4;
    let ring = Cluster::emulated(Topology::nodes(1).gpus_per_node(4))?;
    let token = ring::check(&ring, turns)?;
    println!("ring: the token went {turns} times round 4 GPUs and came back as {}, verified", token[1]);

    let (rows, hidden) = (6, 1_360);
    let values: Vec<f32> =
        (0..rows * hidden).map(|index| (index as f32).sin() * (index % 300) as f32).collect();
    let quantised = quantise::check(&gpu, &values, hidden)?;
    println!(
        "quantiser: {} codes and {} scales for {rows} rows of {hidden} numbers, verified",
        quantised.codes.len(),
        quantised.scales.len()
    );
    Ok(())
}
