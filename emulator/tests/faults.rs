//! What a kernel, a launch or a host access may do wrong, and what the message says.

use crate::harness::{kernel, module, run, zeroed};
use crossdock_emulator::{Argument, Config, Error, Fault, FaultKind, Launch, Machine};

fn machine() -> Machine {
    Machine::new(Config { gpus: 2, ..Config::default() }).expect("configuration")
}

/// Runs `body` on one warp with the address of 4096 zeroed bytes of GPU 1 in `%rd1`; it must fault.
fn fault(body: &str) -> Fault {
    let mut machine = machine();
    let data = zeroed(&mut machine, 1, 4096);
    let text =
        module(".param .u64 data", &format!("ld.param.u64 %rd1, [data];\nmov.u32 %r1, %laneid;\n{body}"));
    match run(&mut machine, &text, 1, 32, vec![Argument::U64(data)]) {
        Err(Error::Fault(fault)) => *fault,
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn out_of_bounds_names_everything() {
    let fault = fault("mad.wide.u32 %rd2, %r1, 132, %rd1;\nst.global.u32 [%rd2+8], 1;");
    assert!(matches!(fault.kind, FaultKind::OutOfBounds { access: "write", bytes: 4, .. }), "{fault}");
    // Lane 31 writes at 31 * 132 + 8.
    assert_eq!(fault.lane, Some(31));
    let text = fault.to_string();
    for part in [
        "allocation #0 (GPU 1, 4096 bytes) + 4100",
        "kernel `main`",
        "GPU 0",
        "block (0, 0, 0)",
        "warp 0",
        "lane 31",
    ] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    assert!(text.contains(&format!("PTX line {}", fault.position.line)) && fault.position.line > 5, "{text}");
}

#[test]
fn small_integers_are_never_addresses() {
    for address in ["0", "8", "4092", "123456"] {
        let fault = fault(&format!("mov.u64 %rd2, {address}; ld.u32 %r2, [%rd2];"));
        assert!(matches!(fault.kind, FaultKind::OutOfBounds { .. }), "{fault}");
    }
}

#[test]
fn faults_of_memory() {
    let misaligned = fault("ld.global.v4.u32 {%r2, %r3, %r4, %r5}, [%rd1+8];");
    assert!(matches!(misaligned.kind, FaultKind::Misaligned { bytes: 16, .. }), "{misaligned}");
    let shared = fault(".shared .align 4 .b8 tile[64]; ld.shared.u32 %r2, [tile+4];");
    assert!(matches!(shared.kind, FaultKind::Uninitialised { bytes: 4, .. }), "{shared}");
    let shared = fault(".shared .align 4 .b8 tile[64]; mov.u32 %r2, 64; st.shared.u32 [%r2], 1;");
    assert!(matches!(shared.kind, FaultKind::OutOfBounds { .. }), "{shared}");
    let local = fault(".local .align 4 .b8 stack[16]; mov.u64 %rd2, stack; st.local.u32 [%rd2+16], 1;");
    assert!(matches!(local.kind, FaultKind::OutOfBounds { .. }), "{local}");
}

#[test]
fn uninitialised_bytes_are_found_one_by_one() {
    let text = module(
        ".param .u64 data",
        "ld.param.u64 %rd1, [data]; st.global.u8 [%rd1], 1; st.global.u16 [%rd1+2], 1; ld.global.u16 %r2, [%rd1+2];
         ld.global.u32 %r2, [%rd1];",
    );
    let mut machine = machine();
    let data = machine.allocate(0, 64).expect("memory");
    let error =
        run(&mut machine, &text, 1, 1, vec![Argument::U64(data)]).expect_err("byte 1 was never written");
    let Error::Fault(fault) = error else { panic!("{error}") };
    assert!(matches!(fault.kind, FaultKind::Uninitialised { bytes: 4, .. }), "{fault}");
}

#[test]
fn use_after_free() {
    let text = module(".param .u64 data", "ld.param.u64 %rd1, [data]; atom.global.add.u32 %r1, [%rd1+4], 1;");
    let mut machine = machine();
    let data = zeroed(&mut machine, 0, 64);
    machine.free(data).expect("free");
    assert!(machine.free(data).is_err());
    let error = run(&mut machine, &text, 1, 1, vec![Argument::U64(data)]).expect_err("the memory is free");
    let Error::Fault(fault) = error else { panic!("{error}") };
    assert!(matches!(&fault.kind, FaultKind::UseAfterFree { access: "atomic", .. }), "{fault}");
    assert!(fault.to_string().contains("(GPU 0, 64 bytes, freed) + 4"), "{fault}");
}

#[test]
fn constants_are_read_only() {
    let text = ".version 8.0\n.target sm_90\n.address_size 64\n.const .align 4 .u32 table[2] = {1, 2};\n
        .visible .entry main()\n{ .reg .b64 %rd<2>; mov.u64 %rd1, table; cvta.const.u64 %rd1, %rd1;
        st.u32 [%rd1], 3; ret; }";
    let error = run(&mut machine(), text, 1, 1, vec![]).expect_err("constants cannot be written");
    assert!(
        error.to_string().contains("read-only memory: write of 4 bytes at allocation #0 `table`"),
        "{error}"
    );
}

#[test]
fn division_by_zero_and_traps() {
    let division = fault("sub.u32 %r2, %r1, 5; div.u32 %r3, 7, %r2;");
    assert_eq!((division.kind, division.lane), (FaultKind::DivisionByZero, Some(5)));
    assert_eq!(fault("setp.eq.u32 %p, %r1, 9; @%p trap;").lane, Some(9));
    // Lanes that do not execute the division do not divide.
    let mut machine = machine();
    let text = module("", "mov.u32 %r1, %laneid; setp.ne.u32 %p, %r1, 0; @%p rem.s32 %r2, 7, %r1;");
    run(&mut machine, &text, 1, 32, vec![]).expect("only lane 0 has a zero");
}

#[test]
fn launches_are_checked() {
    let text = ".version 8.0\n.target sm_90\n.address_size 64\n
        .visible .entry main(.param .u64 first, .param .u32 second)\n.reqntid 64, 1, 1\n
        { .shared .align 4 .b8 tile[1024]; ret; }\n
        .visible .entry other()\n.maxntid 128, 1, 1\n{ ret; }";
    let mut machine = machine();
    let module = machine.load(text).expect("load");
    let main = machine.kernel(module, "main").expect("entry");
    let good = Launch {
        gpu: 0,
        stream: 0,
        kernel: main,
        grid: [1, 1, 1],
        block: [64, 1, 1],
        shared_bytes: 0,
        arguments: vec![Argument::U64(0), Argument::U32(0)],
    };
    machine.launch(good.clone()).expect("a good launch");
    let mut refused = |launch: Launch, part: &str| {
        let error = machine.launch(launch).expect_err(part).to_string();
        assert!(error.contains(part), "`{part}` is not in: {error}");
    };
    refused(Launch { block: [32, 1, 1], ..good.clone() }, "requires [64, 1, 1]");
    refused(Launch { grid: [0, 1, 1], ..good.clone() }, "is empty");
    refused(Launch { gpu: 2, ..good.clone() }, "the machine has 2");
    refused(Launch { arguments: vec![Argument::U64(0)], ..good.clone() }, "the kernel has 2 parameters");
    refused(
        Launch { arguments: vec![Argument::U64(0), Argument::U64(0)], ..good.clone() },
        "`second` has 8 bytes",
    );
    refused(Launch { shared_bytes: 231_425, ..good.clone() }, "at most 232448");
    let other = machine.kernel(module, "other").expect("entry");
    let deep = Launch { kernel: other, block: [1, 1, 65], arguments: vec![], ..good.clone() };
    assert!(
        machine.launch(deep).expect_err("65 along z").to_string().contains("at most 64 threads fit along z")
    );
    let launch = Launch { kernel: other, block: [129, 1, 1], arguments: vec![], ..good };
    assert!(machine.launch(launch).expect_err("129 threads").to_string().contains("at most 128"));
    let error = machine.kernel(module, "absent").expect_err("no such entry");
    assert_eq!(error.to_string(), "no kernel named `absent` in this module; it has `main`, `other`");
}

#[test]
fn unsupported_instructions_fail_at_load() {
    let mut machine = machine();
    let text = module("", "mov.u32 %r1, 1;\ndiscard.global.L2 [%rd1], 128;");
    let error = machine.load(&text).expect_err("lines of the cache are not discarded");
    let line = text.lines().position(|line| line.starts_with("discard")).expect("the line") + 1;
    let error = error.to_string();
    assert!(error.contains("discard.global.L2") && error.contains(&format!("line {line}")), "{error}");
    for body in ["fma.rn.oob.f16 %h1, %h2, %h3, %h4;", "mov.u32 %r1, %envreg3;"] {
        assert!(machine.load(&module("", body)).is_err(), "{body}");
    }
    assert!(machine.load("this is not PTX").is_err());
}

#[test]
fn host_accesses_are_checked() {
    let mut machine = machine();
    let data = machine.allocate(1, 100).expect("memory");
    assert_eq!(data % 256, 0);
    machine.write(data + 96, &[1; 4]).expect("inside");
    let error = machine.write(data + 97, &[1; 4]).expect_err("outside").to_string();
    assert_eq!(error, "host write of 4 bytes at allocation #0 (GPU 1, 100 bytes) + 97");
    assert!(machine.read(data - 1, &mut [0; 2]).is_err());
    assert!(machine.fill(data, 0, 101).is_err());
    assert!(machine.allocate(2, 1).is_err() && machine.allocate(0, 81 << 30).is_err());
    let mut small =
        Machine::new(Config { memory_per_gpu: 4 << 30, ..Config::default() }).expect("configuration");
    // More than a test should commit: only touched pages are.
    let large = small.allocate(0, 3 << 30).expect("memory");
    small.write(large + (2 << 30), &[7]).expect("write");
    assert!(small.allocate(0, 2 << 30).is_err());
    small.free(large).expect("free");
    assert!(small.allocate(0, 2 << 30).is_ok());
    assert!(matches!(kernel_handle_of_another_machine(), Err(Error::Handle(_))));
}

fn kernel_handle_of_another_machine() -> Result<(), Error> {
    let mut first = machine();
    let kernel = kernel(&mut first, &module("", "ret;"));
    let launch =
        Launch { gpu: 0, stream: 0, kernel, grid: [1; 3], block: [1; 3], shared_bytes: 0, arguments: vec![] };
    machine().launch(launch).map(|_| ())
}
