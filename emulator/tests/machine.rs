//! Several GPUs, residency, deadlocks, time, counters and determinism.

use crate::harness::{kernel, module, run, words, zeroed};
use crossdock_emulator::{Argument, Config, Error, Launch, Link, Machine};

fn launch(
    kernel: crossdock_emulator::Kernel,
    gpu: usize,
    grid: u32,
    block: u32,
    arguments: Vec<Argument>,
) -> Launch {
    Launch { gpu, stream: 0, kernel, grid: [grid, 1, 1], block: [block, 1, 1], shared_bytes: 0, arguments }
}

/// Each GPU writes a payload into its right neighbour, releases a flag there, and waits for its
/// own.
const RING: &str = "ld.param.u64 %rd1, [own]; ld.param.u64 %rd2, [next]; ld.param.u32 %r1, [rank];
    mov.u32 %r2, %tid.x; mul.wide.u32 %rd3, %r2, 4; add.u64 %rd4, %rd2, %rd3; mad.lo.u32 %r3, %r1, 1000, %r2;
    st.global.u32 [%rd4], %r3; bar.sync 0; setp.ne.u32 %p, %r2, 0;
    @!%p fence.acq_rel.sys; @!%p st.release.sys.global.u32 [%rd2+4096], 1;
    WAIT: ld.acquire.sys.global.u32 %r4, [%rd1+4096]; setp.eq.u32 %q, %r4, 0; @%q bra WAIT;
    add.u64 %rd5, %rd1, %rd3; ld.global.u32 %r5, [%rd5]; add.u32 %r5, %r5, 1; st.global.u32 [%rd5], %r5;";

fn ring(gpus: usize, seed: u64) -> (Vec<Vec<u32>>, Vec<crossdock_emulator::Report>) {
    let mut machine =
        Machine::new(Config { gpus, schedule_seed: seed, ..Config::default() }).expect("config");
    let text = module(".param .u64 own, .param .u64 next, .param .u32 rank", RING);
    let main = kernel(&mut machine, &text);
    let windows: Vec<u64> = (0..gpus).map(|gpu| zeroed(&mut machine, gpu, 4100)).collect();
    let tickets: Vec<_> = (0..gpus)
        .map(|gpu| {
            let next = windows[(gpu + 1) % gpus];
            let arguments = vec![Argument::U64(windows[gpu]), Argument::U64(next), Argument::U32(gpu as u32)];
            machine.launch(launch(main, gpu, 1, 256, arguments)).expect("launch")
        })
        .collect();
    machine.run().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    let reports = tickets.iter().map(|&ticket| machine.report(ticket).expect("finished").clone()).collect();
    (windows.iter().map(|&window| words(&mut machine, window, 256)).collect(), reports)
}

#[test]
fn gpus_pass_messages_in_a_ring() {
    for seed in 0..20 {
        let (got, _) = ring(4, seed);
        for (gpu, words) in got.iter().enumerate() {
            let from = (gpu + 3) % 4;
            let expected: Vec<u32> = (0..256).map(|i| from as u32 * 1000 + i + 1).collect();
            assert_eq!(words, &expected, "seed {seed}, GPU {gpu}");
        }
    }
}

#[test]
fn a_seed_determines_everything() {
    let (words, reports) = ring(3, 99);
    assert_eq!(ring(3, 99), (words.clone(), reports));
    assert_eq!(ring(3, 100).0, words);
}

#[test]
fn counters_are_exact() {
    let (_, reports) = ring(2, 0);
    for (gpu, report) in reports.iter().enumerate() {
        let peer = 1 - gpu;
        // 256 words and one flag go to the peer.
        assert_eq!(report.traffic.nvlink[&(gpu, peer)], Link { read: 0, written: 1024 + 4 });
        assert_eq!(report.traffic.nvlink.len(), 1);
        assert_eq!(report.traffic.hbm_written, 1024);
        // The payload once; flag polls are 4 bytes each however many lanes poll.
        assert!(report.traffic.hbm_read >= 1024 + 8 * 4 && (report.traffic.hbm_read - 1024) % 4 == 0);
    }
}

#[test]
fn requests_count_distinct_bytes() {
    let count = |body: &str| {
        let mut machine = Machine::new(Config::default()).expect("config");
        let data = zeroed(&mut machine, 0, 4096);
        let body = format!("ld.param.u64 %rd1, [data]; mov.u32 %r1, %laneid;\n{body}");
        let text = module(".param .u64 data", &body);
        let ticket = run(&mut machine, &text, 1, 32, vec![Argument::U64(data)]).expect("run");
        let report = machine.report(ticket).expect("finished");
        (report.traffic.hbm_read, report.traffic.hbm_written)
    };
    assert_eq!(count("ld.global.u32 %r2, [%rd1];"), (4, 0));
    assert_eq!(
        count("mad.wide.u32 %rd1, %r1, 16, %rd1; ld.global.v4.u32 {%r2, %r3, %r4, %r5}, [%rd1];"),
        (512, 0)
    );
    assert_eq!(count("mad.wide.u32 %rd1, %r1, 32, %rd1; st.global.u32 [%rd1], 1;"), (0, 128));
    // Eight lanes share each 8-byte word.
    assert_eq!(
        count("shr.u32 %r1, %r1, 3; mad.wide.u32 %rd1, %r1, 8, %rd1; ld.global.u64 %rd2, [%rd1];"),
        (32, 0)
    );
    assert_eq!(count("atom.global.add.u32 %r2, [%rd1], 1;"), (4, 4));
    assert_eq!(
        count("setp.lt.u32 %p, %r1, 3; mad.wide.u32 %rd1, %r1, 4, %rd1; @%p ld.global.u8 %r2, [%rd1];"),
        (3, 0)
    );
}

#[test]
fn warp_instructions_are_counted() {
    let mut machine = Machine::new(Config::default()).expect("config");
    let text = module("", "mov.u32 %r1, 0; L: add.u32 %r1, %r1, 1; setp.lt.u32 %p, %r1, 10; @%p bra L;");
    let ticket = run(&mut machine, &text, 2, 64, vec![]).expect("run");
    // Four warps, each one move, ten rounds of three, one return.
    assert_eq!(machine.report(ticket).expect("finished").warp_instructions, 4 * (1 + 30 + 1));
}

#[test]
fn streams_run_in_order_and_concurrently() {
    let mut machine = Machine::new(Config::default()).expect("config");
    let wait = module(
        ".param .u64 flag",
        "ld.param.u64 %rd1, [flag]; W: ld.relaxed.sys.global.u32 %r1, [%rd1]; setp.eq.u32 %p, %r1, 0; @%p bra W;
         st.global.u32 [%rd1+4], 1;",
    );
    let set = module(".param .u64 flag", "ld.param.u64 %rd1, [flag]; st.relaxed.sys.global.u32 [%rd1], 1;");
    let (wait, set) = (kernel(&mut machine, &wait), kernel(&mut machine, &set));
    let flag = zeroed(&mut machine, 0, 8);
    let mut first = launch(wait, 0, 1, 32, vec![Argument::U64(flag)]);
    machine.launch(first.clone()).expect("launch");
    machine.launch(Launch { stream: 1, ..launch(set, 0, 1, 32, vec![Argument::U64(flag)]) }).expect("launch");
    machine.run().expect("streams run concurrently");
    assert_eq!(words(&mut machine, flag, 2), [1, 1]);

    machine.fill(flag, 0, 8).expect("fill");
    first.stream = 1;
    machine.launch(first).expect("launch");
    machine.launch(Launch { stream: 1, ..launch(set, 0, 1, 32, vec![Argument::U64(flag)]) }).expect("launch");
    assert!(matches!(machine.run(), Err(Error::Deadlock(_))), "a stream runs in order");
}

#[test]
fn blocks_beyond_residency_do_not_start() {
    // A grid barrier needs all blocks resident: 32 warps per block, two blocks per multiprocessor.
    let body = "ld.param.u64 %rd1, [counter]; ld.param.u32 %r1, [blocks]; mov.u32 %r2, %tid.x;
        setp.ne.u32 %p, %r2, 0; @%p bra DONE; red.release.gpu.global.add.u32 [%rd1], 1;
        W: ld.acquire.gpu.global.u32 %r3, [%rd1]; setp.lt.u32 %q, %r3, %r1; @%q bra W;
        DONE:";
    let text = module(".param .u64 counter, .param .u32 blocks", body);
    for (blocks, fits) in [(8, true), (9, false)] {
        let mut machine = Machine::new(Config { sms_per_gpu: 4, ..Config::default() }).expect("config");
        let counter = zeroed(&mut machine, 0, 4);
        let result =
            run(&mut machine, &text, blocks, 1024, vec![Argument::U64(counter), Argument::U32(blocks)]);
        match result {
            Ok(_) => assert!(fits),
            Err(Error::Deadlock(deadlock)) => {
                assert!(!fits);
                assert_eq!(deadlock.unstarted, [("main".to_owned(), 0, 1)]);
                assert_eq!(deadlock.waiters.len(), 8);
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_deadlock_names_waiters_and_what_they_wait_for() {
    let mut machine = Machine::new(Config { gpus: 2, ..Config::default() }).expect("config");
    let text = ".version 8.0\n.target sm_90\n.address_size 64\n.file 1 \"src/exchange.rs\"\n
        .visible .entry main(.param .u64 flag)\n{\n.reg .b32 %r<4>;\n.reg .b64 %rd<4>;\n.reg .pred %p;\n
        ld.param.u64 %rd1, [flag];\n.loc 1 42 5\nW:\nld.acquire.sys.global.u32 %r1, [%rd1+8];\n\
        setp.lt.u32 %p, %r1, 3;\n@%p bra W;\nret;\n}\n";
    let main = kernel(&mut machine, text);
    let flags = zeroed(&mut machine, 1, 64);
    machine.write(flags + 8, &2u32.to_le_bytes()).expect("write");
    machine.launch(launch(main, 0, 1, 64, vec![Argument::U64(flags)])).expect("launch");
    let error = machine.run().expect_err("nobody sets the flag");
    let text = error.to_string();
    for part in [
        "2 warp groups",
        "kernel `main`",
        "src/exchange.rs:42",
        "GPU 0",
        "warp 1",
        "allocation #0 (GPU 1, 64 bytes) + 8 (value 0x2",
    ] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    // The machine is usable afterwards.
    machine.write(flags + 8, &3u32.to_le_bytes()).expect("write");
    let ticket = machine.launch(launch(main, 0, 1, 64, vec![Argument::U64(flags)])).expect("launch");
    machine.run().expect("the flag is set");
    assert!(machine.report(ticket).is_some());
}

#[test]
fn a_deadlock_at_a_barrier_says_who_arrived() {
    let mut machine = Machine::new(Config::default()).expect("config");
    let text = module(
        "",
        "mov.u32 %r1, %tid.x; setp.lt.u32 %p, %r1, 32; @%p bra A; bar.sync 1, 96; ret; A: bar.sync 2, 64;",
    );
    let error = run(&mut machine, &text, 1, 96, vec![]).expect_err("the warps wait at different barriers");
    let text = error.to_string();
    assert!(text.contains("barrier 1: 2 of 3 warps") && text.contains("barrier 2: 1 of 2 warps"), "{text}");
}

#[test]
fn an_endless_loop_is_a_deadlock() {
    let mut machine = Machine::new(Config::default()).expect("config");
    let error = run(&mut machine, &module("", "L: bra L;"), 1, 32, vec![]).expect_err("it never ends");
    assert!(error.to_string().contains("endless loop"), "{error}");
}

#[test]
fn timeouts_fire_on_genuine_hangs_only() {
    // Gives up after a second of virtual time and reports so.
    let body = "ld.param.u64 %rd1, [flag]; mov.u64 %rd2, %globaltimer;
        W: ld.acquire.sys.global.u32 %r1, [%rd1]; setp.ne.u32 %p, %r1, 0; @%p bra OK;
        mov.u64 %rd3, %globaltimer; sub.u64 %rd4, %rd3, %rd2; setp.gt.u64 %q, %rd4, 1000000000; @%q bra LATE;
        bra W;
        LATE: st.global.u32 [%rd1+4], 1; ret;
        OK: st.global.u32 [%rd1+4], 2;";
    let wait = module(".param .u64 flag", body);
    // Takes far longer than the waiter's polling interval before it sets the flag.
    let slow = module(
        ".param .u64 flag",
        "ld.param.u64 %rd1, [flag]; mov.u32 %r1, 0; L: add.u32 %r1, %r1, 1; setp.lt.u32 %p, %r1, 200000; @%p bra L;
         st.release.sys.global.u32 [%rd1], 1;",
    );
    for (with_signal, expected) in [(false, 1), (true, 2)] {
        let mut machine = Machine::new(Config { gpus: 2, ..Config::default() }).expect("config");
        let (wait, slow) = (kernel(&mut machine, &wait), kernel(&mut machine, &slow));
        let flag = zeroed(&mut machine, 0, 8);
        machine.launch(launch(wait, 0, 1, 32, vec![Argument::U64(flag)])).expect("launch");
        if with_signal {
            machine.launch(launch(slow, 1, 1, 32, vec![Argument::U64(flag)])).expect("launch");
        }
        machine.run().expect("run");
        assert_eq!(words(&mut machine, flag + 4, 1), [expected]);
    }
}

#[test]
fn sleeping_takes_virtual_time() {
    let body = "ld.param.u64 %rd1, [out]; mov.u64 %rd2, %globaltimer; nanosleep.u32 500000; mov.u64 %rd3, %globaltimer;
        sub.u64 %rd4, %rd3, %rd2; st.global.u64 [%rd1], %rd4;";
    let mut machine = Machine::new(Config::default()).expect("config");
    let out = zeroed(&mut machine, 0, 8);
    run(&mut machine, &module(".param .u64 out", body), 1, 32, vec![Argument::U64(out)]).expect("run");
    let slept = words(&mut machine, out, 1)[0];
    assert!((500_000..=1_000_000).contains(&slept), "{slept} ns");
}

#[test]
fn many_waiters_cost_nothing_while_parked() {
    // 1000 warps wait while one counts to 100000: if they polled, this would take millions of
    // instructions.
    let body = "ld.param.u64 %rd1, [flag]; mov.u32 %r1, %ctaid.x; setp.eq.u32 %p, %r1, 0; @%p bra WORK;
        W: ld.acquire.gpu.global.u32 %r2, [%rd1]; setp.eq.u32 %q, %r2, 0; @%q bra W; ret;
        WORK: mov.u32 %r3, 0; L: add.u32 %r3, %r3, 1; setp.lt.u32 %q, %r3, 100000; @%q bra L;
        st.release.gpu.global.u32 [%rd1], 1;";
    let mut machine = Machine::new(Config::default()).expect("config");
    let flag = zeroed(&mut machine, 0, 4);
    let text = module(".param .u64 flag", body);
    let ticket = run(&mut machine, &text, 1001, 32, vec![Argument::U64(flag)]).expect("run");
    let instructions = machine.report(ticket).expect("finished").warp_instructions;
    assert!(instructions < 300_000 + 1000 * 200, "{instructions}");
}

#[test]
fn module_variables_live_on_every_gpu() {
    let text = ".version 8.0\n.target sm_90\n.address_size 64\n
        .const .align 4 .u32 table[3] = {10, 20, 30};\n.global .align 4 .u32 counter = 5;\n
        .visible .entry main(.param .u64 out)\n{ .reg .b32 %r<8>; .reg .b64 %rd<4>;
        ld.param.u64 %rd1, [out]; ld.const.u32 %r1, [table+8]; atom.global.add.u32 %r2, [counter], %r1;
        mov.u64 %rd2, counter; ld.global.u32 %r3, [%rd2]; st.global.v2.u32 [%rd1], {%r2, %r3}; ret; }";
    let mut machine = Machine::new(Config { gpus: 2, ..Config::default() }).expect("config");
    let main = kernel(&mut machine, text);
    for gpu in 0..2 {
        let out = zeroed(&mut machine, gpu, 8);
        machine.launch(launch(main, gpu, 1, 1, vec![Argument::U64(out)])).expect("launch");
        machine.run().expect("run");
        assert_eq!(words(&mut machine, out, 2), [5, 35]);
    }
}

/// Machines share what is decoded of a text, but not its variables.
#[test]
fn module_variables_are_each_machines_own() {
    let text = ".version 8.0\n.target sm_90\n.address_size 64\n.global .align 4 .u32 counter = 7;\n
        .visible .entry main(.param .u64 out)\n{ .reg .b32 %r<2>; .reg .b64 %rd<2>;
        ld.param.u64 %rd1, [out]; atom.global.add.u32 %r1, [counter], 5; st.global.u32 [%rd1], %r1; ret; }";
    let counts = || -> [u32; 2] {
        let mut machine = Machine::new(Config::default()).expect("configuration");
        let out = zeroed(&mut machine, 0, 4);
        [(); 2].map(|()| {
            run(&mut machine, text, 1, 1, vec![Argument::U64(out)]).expect("run");
            words(&mut machine, out, 1)[0]
        })
    };
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(counts)).collect();
    for found in threads.into_iter().map(|thread| thread.join().expect("no panic")).chain([counts()]) {
        assert_eq!(found, [7, 12]);
    }
}

#[test]
fn clocks_never_go_back() {
    // Every warp reads the clock again and again, and compares across a shared maximum.
    let body = "ld.param.u64 %rd1, [last]; mov.u32 %r1, 0;
        L: mov.u64 %rd2, %clock64; atom.relaxed.gpu.global.max.u64 %rd3, [%rd1], %rd2;
        mov.u64 %rd4, %clock64; setp.lt.u64 %p, %rd4, %rd2; @%p trap; setp.lt.u64 %p, %rd4, %rd3; @%p trap;
        add.u32 %r1, %r1, 1; setp.lt.u32 %q, %r1, 500; @%q bra L;";
    for seed in 0..6 {
        let config = Config { schedule_seed: seed, ..Config::default() };
        let mut machine = Machine::new(config).expect("config");
        let last = zeroed(&mut machine, 0, 8);
        let text = module(".param .u64 last", body);
        run(&mut machine, &text, 7, 64, vec![Argument::U64(last)])
            .unwrap_or_else(|error| panic!("{seed}: {error}"));
    }
}

#[test]
fn a_kernel_that_finds_no_room_is_named() {
    // The first kernel fills the GPU and waits for the second, which can never start.
    let mut machine = Machine::new(Config { sms_per_gpu: 1, ..Config::default() }).expect("config");
    let wait = module(
        ".param .u64 flag",
        "ld.param.u64 %rd1, [flag]; W: ld.acquire.gpu.global.u32 %r1, [%rd1]; setp.eq.u32 %p, %r1, 0; @%p bra W;",
    );
    let set = module(".param .u64 flag", "ld.param.u64 %rd1, [flag]; st.release.gpu.global.u32 [%rd1], 1;");
    let (wait, set) = (kernel(&mut machine, &wait), kernel(&mut machine, &set));
    let flag = zeroed(&mut machine, 0, 4);
    machine.launch(launch(wait, 0, 2, 1024, vec![Argument::U64(flag)])).expect("launch");
    machine.launch(Launch { stream: 1, ..launch(set, 0, 3, 32, vec![Argument::U64(flag)]) }).expect("launch");
    let error = machine.run().expect_err("the second kernel cannot start").to_string();
    assert!(error.contains("3 blocks of `main` on GPU 0 have not started"), "{error}");
}

#[test]
fn lanes_that_poll_for_their_warp_park() {
    // Lane 0 polls and broadcasts; the loop diverges and meets again in every iteration.
    let body = "ld.param.u64 %rd1, [flag]; mov.u32 %r1, %laneid; setp.ne.u32 %p, %r1, 0;
        W: @%p bra MEET; ld.acquire.gpu.global.u32 %r2, [%rd1];
        MEET: shfl.sync.idx.b32 %r3, %r2, 0, 31, -1; setp.eq.u32 %q, %r3, 0; @%q bra W;";
    let text = module(".param .u64 flag", &format!("mov.u32 %r2, 0; {body}"));
    let mut machine = Machine::new(Config::default()).expect("config");
    let flag = zeroed(&mut machine, 0, 4);
    let error = run(&mut machine, &text, 1, 64, vec![Argument::U64(flag)]).expect_err("nobody sets the flag");
    assert!(error.to_string().contains("allocation #0 (GPU 0, 4 bytes) + 0 (value 0x0, 4 bytes)"), "{error}");
}
