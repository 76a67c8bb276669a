//! Clusters, cooperative and overlapping launches of a user's own kernel: what virtual GPUs run,
//! and what is refused.

mod misuse;
mod shapes;

use crossdock::host::{Buffer, Cluster, Error, Kernel, LaunchOptions, Topology};

/// Kernels that write down what they were launched with.
#[crossdock::device]
#[expect(dead_code, unreachable_pub, reason = "kernels are public items, and called on GPUs only")]
pub mod code {
    use crossdock::prelude::*;

    /// Each block adds one to its word.
    #[kernel(warps = 1)]
    pub fn add(words: Global<u32>) {
        if lane() == 0 {
            let word = words.at(block_in_grid());
            word.write(word.read() + 1);
        }
    }

    /// Each block writes its rank in its cluster, and how many blocks that has.
    #[kernel(warps = 1)]
    pub fn cluster(words: Global<u32>) {
        let rank = ptx!("mov.u32 {rank}, %cluster_ctarank;", rank = out(u32));
        let blocks = ptx!("mov.u32 {blocks}, %cluster_nctarank;", blocks = out(u32));
        if lane() == 0 {
            words.at(block_in_grid()).write(10 * blocks + rank);
        }
    }
}

#[test]
fn blocks_run_in_the_clusters_that_the_launch_asks_for() {
    let cluster = Cluster::emulated(Topology::nodes(1)).expect("one rank");
    let outcome = cluster.run(|rank| -> Result<(), Error> {
        let words: Buffer<u32> = rank.buffer(4)?;
        let kernel: Kernel<code::ClusterArguments> =
            rank.kernel(&code::__device::MODULE.specialise_for(&[], rank.target().into())?)?;
        for (blocks, expected) in [(1, [10; 4]), (2, [20, 21, 20, 21]), (4, [40, 41, 42, 43])] {
            let options = LaunchOptions::default().cluster(blocks);
            kernel.launch_with(4, options, &code::ClusterArguments { words: words.global() })?;
            assert_eq!(words.read(0..4)?, expected, "clusters of {blocks}");
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn launches_run_as_asked_or_say_why_not() {
    let cluster = Cluster::emulated(Topology::nodes(1)).expect("one rank");
    let outcome = cluster.run(|rank| -> Result<(), Error> {
        let words: Buffer<u32> = rank.buffer(4)?;
        words.clear()?;
        let kernel: Kernel<code::AddArguments> =
            rank.kernel(&code::__device::MODULE.specialise_for(&[], rank.target().into())?)?;
        let launch = |options| {
            let arguments = code::AddArguments { words: words.global() };
            kernel.launch_with(4, options, &arguments).map(|_| ())
        };
        let plain = LaunchOptions::default();
        for options in [
            plain,
            plain.cluster(1),
            plain.overlapping(),
            plain.cooperative(),
            plain.cooperative().overlapping(),
        ] {
            launch(options)?;
        }
        let error = launch(plain.cluster(3)).expect_err("four blocks are no clusters of three");
        assert_eq!(
            error.to_string(),
            "the blocks of a launch must be a multiple of its cluster (3): 4 is not"
        );
        let error = launch(plain.cluster(9)).expect_err("too large");
        assert_eq!(error.to_string(), "the blocks of a cluster must be 1 to 8: 9 is not");
        // What was refused did not run.
        assert_eq!(words.read(0..4)?, [5; 4]);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
