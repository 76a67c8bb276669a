//! Ranks as threads: collectives, failures and memory, without any kernel.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossdock_host::{Cluster, Error, Rank, Topology};

fn cluster(ranks: usize) -> Cluster {
    Cluster::emulated(Topology::nodes(1).gpus_per_node(ranks)).expect("one node")
}

#[test]
fn results_come_in_rank_order() {
    let numbers = cluster(5).run(|rank| -> Result<usize, Error> {
        std::thread::sleep(Duration::from_millis(10 * (5 - rank.index() as u64)));
        Ok(rank.index() * 100)
    });
    assert_eq!(numbers.expect("no rank fails"), [0, 100, 200, 300, 400]);
}

#[test]
fn nobody_passes_a_barrier_before_everybody_is_there() {
    let before = AtomicUsize::new(0);
    let seen = cluster(6).run(|rank| -> Result<usize, Error> {
        std::thread::sleep(Duration::from_millis(5 * rank.index() as u64));
        before.fetch_add(1, Ordering::SeqCst);
        rank.barrier()?;
        Ok(before.load(Ordering::SeqCst))
    });
    assert_eq!(seen.expect("no rank fails"), [6; 6]);
}

#[test]
fn too_many_ranks_and_several_nodes_are_refused() {
    let error = Cluster::emulated(Topology::nodes(1).gpus_per_node(129)).expect_err("129 ranks");
    assert_eq!(error.to_string(), "129 ranks are too many: one NVLink domain has at most 128");
    let error = Cluster::emulated(Topology::nodes(2).gpus_per_node(8)).expect_err("two nodes");
    assert_eq!(
        error.to_string(),
        "2 nodes need a network transport, which this version lacks; use Topology::nodes(1)"
    );
}

#[test]
fn buffers_hold_what_was_written_and_know_their_bounds() {
    cluster(2)
        .run(|rank| -> Result<(), Error> {
            let buffer = rank.buffer::<u32>(8)?;
            buffer.clear()?;
            buffer.write(2, &[7, 8, 9])?;
            assert_eq!(buffer.read(0..8)?, [0, 0, 7, 8, 9, 0, 0, 0]);
            assert_eq!(buffer.read(4..4)?, [0; 0]);
            let error = buffer.write(6, &[1, 2, 3]).expect_err("one too many");
            assert_eq!(error.to_string(), "elements 6..9 are outside a buffer of 8");
            let (start, end) = (5, 2);
            assert!(matches!(
                buffer.read(start..end),
                Err(Error::OutsideBuffer { start: 5, end: 2, length: 8 })
            ));
            assert!(rank.buffer::<u64>(0)?.is_empty());
            Ok(())
        })
        .expect("no rank fails");
}

#[test]
fn symmetric_buffers_start_as_zeros_and_differ_by_rank() {
    let addresses = cluster(3).run(|rank| -> Result<u64, Error> {
        let buffer = rank.symmetric_buffer::<u32>(4)?;
        assert_eq!(buffer.here().read(0..4)?, [0; 4]);
        Ok(buffer.here().address())
    });
    let addresses = addresses.expect("no rank fails");
    assert!(addresses[0] != addresses[1] && addresses[1] != addresses[2] && addresses[0] != addresses[2]);
}

#[test]
fn different_collective_calls_are_told_apart() {
    let error = cluster(2).run(|rank| -> Result<(), Error> {
        rank.symmetric_buffer::<u32>(4 + rank.index())?;
        Ok(())
    });
    assert_eq!(
        error.expect_err("lengths differ").to_string(),
        "rank 0 is in allocating 4 symmetric elements of 4 bytes while rank 1 is in allocating 5 symmetric elements of \
         4 bytes; every rank must make the same collective calls in the same order"
    );
}

/// What every rank got, when rank 2 of four does `what` while the others wait in a barrier.
fn with_an_unreliable_rank(
    what: impl Fn(&Rank) -> Result<(), Error> + Sync,
) -> (Vec<Option<String>>, String) {
    let told = std::sync::Mutex::new(vec![None; 4]);
    let outcome = cluster(4).run(|rank| {
        if rank.index() == 2 {
            return what(rank);
        }
        rank.barrier().inspect_err(|error| {
            told.lock().expect("no panic holds it")[rank.index()] = Some(error.to_string())
        })
    });
    (told.into_inner().expect("no panic holds it"), outcome.expect_err("rank 2 fails").to_string())
}

#[test]
fn a_rank_that_fails_is_named_to_all_and_its_own_error_returned() {
    let (told, error) = with_an_unreliable_rank(|rank| rank.buffer::<u8>(1)?.write(0, &[1, 2]));
    let expected = Some("rank 2 failed: elements 0..2 are outside a buffer of 1".to_string());
    assert_eq!(told, [expected.clone(), expected.clone(), None, expected]);
    assert_eq!(error, "elements 0..2 are outside a buffer of 1");
}

#[test]
fn a_rank_that_panics_is_named_to_all() {
    let (told, error) = with_an_unreliable_rank(|rank| panic!("no experts on rank {}", rank.index()));
    let expected = Some("rank 2 failed: rank 2 panicked: no experts on rank 2".to_string());
    assert_eq!(told, [expected.clone(), expected.clone(), None, expected]);
    assert_eq!(error, "rank 2 panicked: no experts on rank 2");
}

#[test]
fn a_rank_that_ends_early_is_named() {
    let (told, error) = with_an_unreliable_rank(|_| Ok(()));
    let expected =
        "rank 2 finished without taking part in a barrier; every rank must make the same collective calls";
    assert_eq!(told[3].as_deref(), Some(expected));
    assert_eq!(error, expected);
}

#[test]
fn patience_ends_with_the_names_of_those_that_did_not_arrive() {
    let start = Instant::now();
    let error = cluster(3).patience(Duration::from_millis(50)).run(|rank| -> Result<(), Error> {
        if rank.index() == 1 {
            std::thread::sleep(Duration::from_millis(400));
        }
        rank.barrier()
    });
    let error = error.expect_err("rank 1 is late");
    assert_eq!(
        error.to_string(),
        "no progress for 50ms: the others wait for rank 1, which neither waited nor ended"
    );
    assert!(matches!(&error, Error::NotArrived { missing, .. } if missing == &[1]));
    assert!(start.elapsed() < Duration::from_secs(30), "the others did not wait for ever");
}

#[test]
fn programs_may_use_their_own_error_type() {
    let error = cluster(2).run(|rank| -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if rank.index() == 1 {
            return Err("no cheese left".into());
        }
        rank.barrier()?;
        Ok(())
    });
    assert_eq!(error.expect_err("rank 1 fails").to_string(), "no cheese left");
}
