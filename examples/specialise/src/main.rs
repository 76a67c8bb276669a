//! A downstream crate: it specialises crossdock's kernels for its model and a kernel of its own,
//! both at compile time, and runs them on emulated GPUs.

use crossdock::host::{Capacity, Cluster, Error, Routing, Tokens, Topology, bf16};

crossdock::kernels! {
    /// A small model: the shapes of its layers are constants of the kernels.
    pub mod small_model { hidden: 256, top_k: 2, experts: 8, wire: bf16 }
}

/// A kernel of this crate, written with crossdock's prelude.
#[crossdock::device]
pub mod code {
    use crossdock::prelude::*;

    /// Adds `STEP` to every value.
    #[kernel(warps = 2)]
    pub fn advance<const STEP: u32>(values: Global<u32>, count: u32) {
        const { assert!(STEP > 0, "STEP must move: {} does not", STEP) };
        let mut index = block_in_grid() * threads_in_block() + thread_in_block();
        while index < count {
            let value = values.at(index);
            value.write(value.read() + STEP);
            index += blocks_in_grid() * threads_in_block();
        }
    }
}

crossdock::specialise! {
    /// The kernel for steps of three.
    pub const ADVANCE = code::advance { STEP = 3 };
}

/// One round of the model's dispatch and combine; returns the results of every rank.
fn round(cluster: &Cluster) -> Result<Vec<Vec<bf16>>, Error> {
    cluster.run(|rank| {
        let mut dock = rank.dock_for::<small_model::Kernels>(Capacity::tokens(16))?;
        // One token per rank. Its experts are 1 and 6, with weights 0.75 and 0.25.
        let rows = vec![bf16::from_f32(1.0 + rank.index() as f32); 256];
        let arrived = dock.dispatch(&Tokens::Bf16(&rows), &Routing::new(&[1, 6], &[0.75, 0.25]))?;
        let outputs = arrived.apply(|_expert, input, output| output.copy_from_slice(input))?;
        Ok(arrived.combine(&outputs)?.rows)
    })
}

/// This crate's own kernel on every rank.
fn advance(cluster: &Cluster) -> Result<Vec<Vec<u32>>, Error> {
    cluster.run(|rank| {
        let values: Vec<u32> = (0..100).map(|value| value + rank.index() as u32).collect();
        let buffer = rank.buffer(values.len())?;
        buffer.write(0, &values)?;
        let kernel = rank.kernel(&ADVANCE)?;
        kernel.launch(3, &code::AdvanceArguments { values: buffer.global(), count: 100 })?;
        rank.synchronise()?;
        buffer.read(0..100)
    })
}

fn main() -> Result<(), Error> {
    let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(4))?;
    for (rank, rows) in round(&cluster)?.iter().enumerate() {
        println!("rank {rank}: {} came back as {}", 1.0 + rank as f32, rows[0]);
    }
    println!("dispatch is {} lines of PTX, made at compile time", small_model::DISPATCH.ptx.lines().count());
    println!("rank 2 counts on from {:?}", &advance(&cluster)?[2][..4]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_that_add_up_to_one_give_the_token_back() {
        let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(4)).expect("four GPUs are a node");
        let results = round(&cluster).expect("the round succeeds");
        for (rank, rows) in results.iter().enumerate() {
            assert_eq!(rows.len(), 256);
            assert!(
                rows.iter().all(|&value| value == bf16::from_f32(1.0 + rank as f32)),
                "rank {rank}: {rows:?}"
            );
        }
    }

    #[test]
    fn own_kernel_runs_on_every_rank() {
        let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(3)).expect("three GPUs are a node");
        let results = advance(&cluster).expect("the kernel runs");
        for (rank, values) in results.iter().enumerate() {
            let expected: Vec<u32> = (0..100).map(|value| value + rank as u32 + 3).collect();
            assert_eq!(values, &expected);
        }
    }

    #[test]
    fn compile_time_and_run_time_make_the_same_ptx() {
        let jit = crossdock::KernelSet::jit(small_model::SHAPE).expect("the shape is legal");
        assert_eq!(jit.dispatch.ptx, small_model::DISPATCH.ptx);
        assert_eq!(jit.combine.ptx, small_model::COMBINE.ptx);
        assert_eq!(jit.count.ptx, small_model::COUNT.ptx);
        assert_eq!(jit.layout.ptx, small_model::LAYOUT.ptx);
    }
}
