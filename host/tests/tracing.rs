//! What hangs can be seen in the log: which rank waits, for what, since when, and who is missing.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crossdock_host::{Capacity, Cluster, Error, Routing, Shape, Tokens, Topology, Wire, bf16};
use tracing_subscriber::filter::LevelFilter;

/// Collects the lines of the log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().expect("no panic").clone();
        String::from_utf8(bytes).expect("text").lines().map(str::to_owned).collect()
    }
}

/// One test, because there is one log for all threads.
#[test]
fn a_rank_that_hangs_and_one_that_is_late_can_be_seen() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::DEBUG)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let says = |words: &[&str]| {
        let lines = log.lines();
        assert!(
            lines.iter().any(|line| words.iter().all(|word| line.contains(word))),
            "{words:?} is not in\n{}",
            lines.join("\n")
        );
    };

    let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(3)).expect("a legal topology");
    let outcome = cluster.clone().patience(Duration::from_millis(400)).run(|rank| -> Result<(), Error> {
        if rank.index() == 1 {
            thread::sleep(Duration::from_secs(1));
        }
        rank.barrier()
    });
    assert!(matches!(outcome, Err(Error::NotArrived { .. })), "{outcome:?}");
    says(&["rank=0", "purpose=\"a barrier\"", "arrives"]);
    says(&["rank=2", "purpose=\"a barrier\"", "missing=[1]", "waits for other ranks"]);
    // More than one reminder has passed.
    says(&["purpose=\"a barrier\"", "waited=2", "ms", "missing=[1]"]);
    says(&["WARN", "purpose=\"a barrier\"", "missing=[1]", "gives up"]);

    let shape = Shape { hidden: 16, top_k: 1, experts: 3, wire: Wire::Bf16 };
    let outcome = cluster.deadline(Duration::from_micros(100)).run(|rank| -> Result<(), Error> {
        let mut dock = rank.dock(rank.kernels(shape)?, Capacity::tokens(1))?;
        if rank.index() == 2 {
            return Ok(());
        }
        dock.dispatch(&Tokens::Bf16(&[bf16::ONE; 16]), &Routing::new(&[0], &[1.0])).map(|_| ())
    });
    assert!(matches!(outcome, Err(Error::Late { peer: 2, .. })), "{outcome:?}");
    says(&["rank=1", "kernel=\"layout\"", "grid=1", "block=32", "stream=0", "launches"]);
    says(&["WARN", "layout waited", "for rank 2", "a round failed"]);
    says(&["WARN", "rank=0", "the program of the rank failed"]);
}
