//! What the host's waits order: one host for all GPUs, or one for each. Verdicts were derived by
//! hand: hosts are threads, a launch follows what its host knew, and a wait makes known what the
//! GPU's launches did.

use crate::harness::{kernel, module};
use crossdock_emulator::{Accessor, Argument, Config, Error, FaultKind, Hosts, Launch, Machine};

const WRITES: &str = "ld.param.u64 %rd1, [at]; mov.u32 %r1, 7; st.global.u32 [%rd1], %r1;";
const READS: &str = "ld.param.u64 %rd1, [at]; ld.global.u32 %r1, [%rd1];";
const RELEASES: &str = "ld.param.u64 %rd1, [at]; mov.u32 %r1, 7; st.global.u32 [%rd1], %r1; st.release.sys.global.u32 [%rd1+4], %r1;";
const ACQUIRES: &str =
    "ld.param.u64 %rd1, [at]; ld.acquire.sys.global.u32 %r2, [%rd1+4]; ld.global.u32 %r1, [%rd1];";
const LOADS: &str =
    "ld.param.u64 %rd1, [at]; ld.relaxed.sys.global.u32 %r2, [%rd1+4]; ld.global.u32 %r1, [%rd1];";

const BULK_READS: &str =
    ".shared .align 16 .b8 tile[16]; .shared .align 8 .b8 full[8]; ld.param.u64 %rd1, [at];
    mbarrier.init.shared.b64 [full], 1; fence.mbarrier_init.release.cluster;
    mbarrier.arrive.expect_tx.shared.b64 _, [full], 16;
    cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [tile], [%rd1], 16, [full];
    WAIT: mbarrier.try_wait.parity.shared.b64 %p, [full], 0; @!%p bra WAIT;";

struct Two {
    machine: Machine,
    /// Sixteen bytes of GPU 0, written by its host; both hosts know.
    at: u64,
}

impl Two {
    fn new(hosts: Hosts) -> Two {
        let mut machine =
            Machine::new(Config { gpus: 2, hosts, ..Config::default() }).expect("configuration");
        let at = machine.allocate(0, 16).expect("room");
        machine.fill(at, 0, 16).expect("inside");
        machine.hosts_meet();
        Two { machine, at }
    }

    fn launch(&mut self, gpu: usize, body: &str) {
        let kernel = kernel(&mut self.machine, &module(".param .u64 at", body));
        let arguments = vec![Argument::U64(self.at)];
        let (grid, block) = ([1, 1, 1], [1, 1, 1]);
        let launch = Launch { gpu, stream: 0, kernel, grid, block, shared_bytes: 0, arguments };
        self.machine.launch(launch).expect("fits");
    }

    fn run(&mut self, gpu: usize, body: &str) -> Result<(), Error> {
        self.launch(gpu, body);
        self.machine.run()
    }
}

fn is_race(result: Result<(), Error>) -> bool {
    match result {
        Err(Error::Fault(fault)) => matches!(fault.kind, FaultKind::DataRace(_)),
        Err(Error::HostRace { .. }) => true,
        Err(other) => panic!("{other}"),
        Ok(()) => false,
    }
}

#[test]
fn one_host_waits_for_everything() {
    let mut two = Two::new(Hosts::One);
    two.run(0, WRITES).expect("no race");
    two.run(1, READS).expect("the host waited in between");
}

#[test]
fn hosts_of_their_own_order_nothing_until_they_meet() {
    let mut two = Two::new(Hosts::PerGpu);
    two.run(0, WRITES).expect("no race");
    assert!(is_race(two.run(1, READS)));

    let mut two = Two::new(Hosts::PerGpu);
    two.run(0, WRITES).expect("no race");
    two.machine.host_waits(0);
    two.machine.hosts_meet();
    two.run(1, READS).expect("host 0 waited and met host 1");
}

#[test]
fn hosts_that_meet_without_a_wait_know_nothing_of_the_launch() {
    let mut two = Two::new(Hosts::PerGpu);
    two.run(0, WRITES).expect("no race");
    two.machine.hosts_meet();
    assert!(is_race(two.run(1, READS)));
}

#[test]
fn a_stream_follows_itself_and_carries_what_it_acquired() {
    let mut two = Two::new(Hosts::PerGpu);
    two.run(0, RELEASES).expect("no race");
    two.run(0, READS).expect("one stream");
    two.run(1, ACQUIRES).expect("after the release of an earlier run");
    assert!(is_race(two.run(1, WRITES)), "GPU 0 read in between");

    let mut two = Two::new(Hosts::PerGpu);
    two.run(0, RELEASES).expect("no race");
    two.run(1, ACQUIRES).expect("acquires");
    two.run(1, READS).expect("the stream knows what its earlier launch acquired");
    two.machine.host_waits(1);
    two.machine.read(two.at, &mut [0; 4]).expect("host 0 is after its own GPU, and reads do not race");
}

#[test]
fn a_relaxed_flag_does_not_carry_from_run_to_run() {
    let mut two = Two::new(Hosts::PerGpu);
    two.run(0, RELEASES).expect("no race");
    assert!(is_race(two.run(1, LOADS)));
}

#[test]
fn copies_of_the_host_race_with_other_gpus() {
    let mut two = Two::new(Hosts::PerGpu);
    two.run(1, WRITES).expect("no race");
    let error = two.machine.read(two.at, &mut [0; 4]).expect_err("GPU 1 is not waited for");
    let Error::HostRace { gpu: 0, race, .. } = &error else { panic!("{error}") };
    assert!(matches!(&race.earlier, Accessor::Lane { position, lane: 0 } if position.gpu == 1), "{error}");
    for part in [
        "read by a host",
        "at allocation #0 (GPU 0, ",
        "ordered if the host of GPU 1 waited for it and the hosts met",
        "schedule: ",
    ] {
        assert!(error.to_string().contains(part), "{part}: {error}");
    }

    let mut two = Two::new(Hosts::PerGpu);
    two.run(1, WRITES).expect("no race");
    two.machine.host_waits(1);
    two.machine.hosts_meet();
    two.machine.read(two.at, &mut [0; 4]).expect("host 1 waited and met host 0");
}

#[test]
fn a_copy_after_a_launch_that_has_not_run_is_not_waited_for() {
    let mut two = Two::new(Hosts::PerGpu);
    two.launch(0, READS);
    two.machine.write(two.at, &[1; 4]).expect("nothing has run");
    let error = two.machine.run().expect_err("the launch does not follow the copy");
    let Error::Fault(fault) = &error else { panic!("{error}") };
    let FaultKind::DataRace(race) = &fault.kind else { panic!("{error}") };
    assert_eq!(race.earlier, Accessor::Host { gpu: 0 });
    assert!(race.remedy.contains("if the launch were made after the copy"), "{error}");
}

/// The start of a launch orders all proxies, as its end does: nobody could put a fence between a
/// host's copy and a kernel.
#[test]
fn bulk_copies_follow_what_the_host_copied_and_nothing_that_it_does_not_know() {
    let mut two = Two::new(Hosts::PerGpu);
    two.machine.write(two.at, &[1; 16]).expect("nothing runs");
    two.run(0, BULK_READS).expect("the launch follows the copy");

    let mut two = Two::new(Hosts::PerGpu);
    two.run(1, WRITES).expect("no race");
    assert!(is_race(two.run(0, BULK_READS)), "host 0 knows nothing of GPU 1");

    let mut two = Two::new(Hosts::PerGpu);
    two.run(1, WRITES).expect("no race");
    two.machine.host_waits(1);
    two.machine.hosts_meet();
    two.run(0, BULK_READS).expect("host 1 waited and met host 0");
}

#[test]
fn a_failed_run_leaves_nothing_behind() {
    let mut two = Two::new(Hosts::PerGpu);
    two.run(0, WRITES).expect("no race");
    assert!(is_race(two.run(1, READS)));
    two.run(1, READS).expect("everything began anew");
}

/// Waits for a flag for a second, or reports in the next word that none came.
const WAITS_FOR_FLAG: &str =
    "ld.param.u64 %rd1, [at]; mov.u64 %rd2, %globaltimer; add.u64 %rd2, %rd2, 1000000000;
    AGAIN: ld.acquire.sys.global.u32 %r1, [%rd1]; setp.ne.u32 %p, %r1, 0; @%p bra DONE;
    mov.u64 %rd3, %globaltimer; setp.lt.u64 %p, %rd3, %rd2; @%p bra AGAIN;
    mov.u32 %r2, 1; st.global.u32 [%rd1+4], %r2;
    DONE: ret;";
const SETS_FLAG: &str = "ld.param.u64 %rd1, [at]; mov.u32 %r1, 1; st.release.sys.global.u32 [%rd1], %r1;";
const NOTHING: &str = "ret;";

fn words(machine: &mut Machine, at: u64) -> (u8, u8) {
    let mut bytes = [0; 8];
    machine.read(at, &mut bytes).expect("inside");
    (bytes[0], bytes[4])
}

#[test]
fn a_host_that_waits_for_its_own_gpu_launches_more_before_a_deadline_passes() {
    let mut two = Two::new(Hosts::PerGpu);
    two.launch(0, WAITS_FOR_FLAG);
    two.launch(1, NOTHING);
    two.machine.run_for(&[0, 1]).expect("GPU 1 has nothing left to do");
    assert!(two.machine.is_idle(1) && !two.machine.is_idle(0));
    two.launch(1, SETS_FLAG);
    two.machine.run_for(&[0, 1]).expect("no race");
    assert!(two.machine.is_idle(0) && two.machine.is_idle(1));
    assert_eq!(words(&mut two.machine, two.at), (1, 0), "the flag came in time");

    // Where nobody else is awaited, time passes.
    let mut two = Two::new(Hosts::PerGpu);
    two.launch(0, WAITS_FOR_FLAG);
    two.launch(1, NOTHING);
    two.machine.run_for(&[0]).expect("the wait has a deadline");
    assert_eq!(words(&mut two.machine, two.at), (0, 1), "nobody set the flag");
}

#[test]
fn a_kernel_that_spins_sees_what_the_host_writes_between_two_runs() {
    let mut two = Two::new(Hosts::One);
    two.launch(0, WAITS_FOR_FLAG);
    two.launch(1, NOTHING);
    two.machine.run_for(&[1]).expect("GPU 1 has nothing left to do");
    two.machine.write(two.at, &[1]).expect("inside");
    two.machine.run().expect("it sees the flag");
    assert_eq!(words(&mut two.machine, two.at), (1, 0), "the flag came in time");
}

#[test]
fn a_host_that_is_not_idle_lets_time_pass_or_is_in_a_deadlock() {
    const FOREVER: &str = "ld.param.u64 %rd1, [at];
        AGAIN: ld.acquire.sys.global.u32 %r1, [%rd1]; setp.eq.u32 %p, %r1, 0; @%p bra AGAIN;";
    let mut two = Two::new(Hosts::PerGpu);
    two.launch(0, FOREVER);
    two.launch(1, NOTHING);
    two.machine.run_for(&[0, 1]).expect("the host of GPU 1 may do something");
    assert!(matches!(two.machine.run_for(&[0]), Err(Error::Deadlock(_))));
}
