//! Multicast addresses of symmetric buffers, and kernels that use them.

use crossdock_host::{Cluster, Error, Rank, SymmetricBuffer, Topology};
use crossdock_trial::lane::multicast::code;

fn cluster(ranks: usize) -> Cluster {
    Cluster::emulated(Topology::nodes(1).gpus_per_node(ranks)).expect("one node")
}

fn all_reduce(rank: &Rank, words: &SymmetricBuffer<u32>, each: usize) -> Result<(), Error> {
    let kernel = rank.kernel(&code::__device::MODULE.specialise_for(&[], rank.target().into())?)?;
    let arguments = code::AllReduceArguments {
        words: words.multicast()?,
        first: (rank.index() * each) as u32,
        count: each as u32,
    };
    // Nobody reads before everybody has written.
    rank.barrier()?;
    kernel.launch(2, &arguments)?;
    rank.synchronise()?;
    rank.barrier()
}

#[test]
fn every_rank_gets_the_sums_of_all() {
    const EACH: usize = 150;
    for ranks in [1, 2, 5] {
        let value = |rank: usize, at: usize| (rank as u32 + 1) * 0x0101_0101 + at as u32;
        let results = cluster(ranks).run(|rank| -> Result<Vec<u32>, Error> {
            assert!(rank.has_multicast());
            let count = ranks * EACH;
            let words = rank.symmetric_buffer(count)?;
            let values: Vec<u32> = (0..count).map(|at| value(rank.index(), at)).collect();
            words.here().write(0, &values)?;
            all_reduce(rank, &words, EACH)?;
            words.here().read(0..count)
        });
        let sum = |at: usize| (0..ranks).fold(0_u32, |sum, rank| sum.wrapping_add(value(rank, at)));
        let expected: Vec<u32> = (0..ranks * EACH).map(sum).collect();
        assert_eq!(results.expect("it runs"), vec![expected; ranks]);
    }
}

#[test]
fn a_buffer_has_one_multicast_address_and_each_buffer_its_own() {
    let addresses = cluster(3).run(|rank| -> Result<[u64; 3], Error> {
        let (first, second) = (rank.symmetric_buffer::<u32>(4)?, rank.symmetric_buffer::<u32>(4)?);
        let address = |buffer: &SymmetricBuffer<u32>| Ok::<_, Error>(buffer.multicast::<u32>()?.address());
        Ok([address(&first)?, address(&second)?, address(&first)?])
    });
    for [first, second, again] in addresses.expect("no rank fails") {
        assert_eq!(first, again);
        assert_ne!(first, second);
    }
}

/// Buffers come and go with their addresses, and late ranks reach those of ranks that are done.
#[test]
fn memory_lasts_until_every_rank_has_let_go() {
    let results = cluster(2).run(|rank| -> Result<u32, Error> {
        for _ in 0..3 {
            rank.symmetric_buffer::<u32>(8)?.multicast::<u32>()?;
        }
        let words = rank.symmetric_buffer::<u32>(1)?;
        words.here().write(0, &[20 + rank.index() as u32])?;
        let kept = words.multicast()?;
        rank.barrier()?;
        if rank.index() == 0 {
            drop(words); // rank 1 goes on
            rank.barrier()?;
            return Ok(0);
        }
        let kernel = rank.kernel(&code::__device::MODULE.specialise_for(&[], rank.target().into())?)?;
        kernel.launch(1, &code::AllReduceArguments { words: kept, first: 0, count: 1 })?;
        let sum = words.here().read(0..1)?[0];
        rank.barrier()?;
        Ok(sum)
    });
    assert_eq!(results.expect("it runs"), [0, 41]);
}

#[test]
fn a_rank_that_does_not_ask_is_named() {
    let error = cluster(2)
        .run(|rank| -> Result<(), Error> {
            let words = rank.symmetric_buffer::<u32>(4)?;
            if rank.index() == 0 {
                return Ok(());
            }
            words.multicast::<u32>().map(drop)
        })
        .expect_err("rank 0 does not come");
    let sentence = error.to_string();
    assert!(sentence.contains("binding memory to a multicast object"), "{sentence}");
    assert!(sentence.contains("rank 0"), "{sentence}");
}

#[test]
fn a_capture_makes_no_multicast_address() {
    let error = cluster(1)
        .run(|rank| -> Result<(), Error> {
            let words = rank.symmetric_buffer::<u32>(4)?;
            let stream = rank.new_stream()?;
            rank.on(&stream)?.capture(|| words.multicast::<u32>()).map(drop)
        })
        .expect_err("it is no launch");
    assert!(matches!(error, Error::Capturing { rank: 0, .. }), "{error}");
}
