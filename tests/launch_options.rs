//! Clusters, cooperative and overlapping launches of a user's own kernel: what virtual GPUs run, and what is refused.

use crossdock::host::{Buffer, Cluster, Error, Kernel, LaunchOptions, Topology};

/// A kernel that counts its launches.
#[crossdock::device]
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
        for options in [plain, plain.cluster(1), plain.overlapping(), plain.cooperative(), plain.cooperative().overlapping()] {
            launch(options)?;
        }
        let error = launch(plain.cluster(2)).expect_err("no clusters here");
        assert_eq!(
            error.to_string(),
            "rank 0: a launch in clusters of several blocks was asked for, but virtual GPUs run clusters of one block; use a \
             GPU of compute capability 9.0 or newer"
        );
        let error = launch(plain.cluster(3)).expect_err("four blocks are no clusters of three");
        assert_eq!(error.to_string(), "the blocks of a launch must be a multiple of its cluster (3): 4 is not");
        let error = launch(plain.cluster(9)).expect_err("too large");
        assert_eq!(error.to_string(), "the blocks of a cluster must be 1 to 8: 9 is not");
        // What was refused did not run.
        assert_eq!(words.read(0..4)?, [5; 4]);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
