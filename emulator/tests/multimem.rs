//! Multicast memory: `multimem` on 1, 3 and 8 GPUs against sums, stores and reductions made on the
//! host.

use crate::harness;

use crate::harness::{module, random_rows, run, upload, zeroed};
use crossdock_emulator::{Argument, Config, Error, FaultKind, Launch, Machine, Ticket};
use half::{bf16, f16};

const LANES: usize = 32;

/// Each lane's place is `%rd2`, `bytes` apart in the multicast memory; its value is the one of a
/// third buffer at `%rd4`.
fn kernel(bytes: usize, body: &str) -> String {
    module(
        ".param .u64 multicast, .param .u64 values, .param .u64 results",
        &format!(
            "ld.param.u64 %rd1, [multicast]; ld.param.u64 %rd3, [values]; ld.param.u64 %rd5, [results];\n\
             mov.u32 %r1, %tid.x; mad.wide.u32 %rd2, %r1, {bytes}, %rd1; mad.wide.u32 %rd4, %r1, {bytes}, %rd3;\n\
             mad.wide.u32 %rd6, %r1, {bytes}, %rd5;\n{body}"
        ),
    )
}

/// What a body made of random memory: the memory of each GPU before, the values, the memory after,
/// and the results.
struct Run {
    machine: Machine,
    ticket: Ticket,
    before: Vec<Vec<u64>>,
    values: Vec<u64>,
    after: Vec<Vec<u64>>,
    results: Vec<u64>,
}

/// Elements of so many bytes.
fn read(machine: &mut Machine, address: u64, bytes: usize) -> Vec<u64> {
    let mut all = vec![0; LANES * bytes];
    machine.read(address, &mut all).expect("inside");
    all.chunks(bytes)
        .map(|chunk| chunk.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)))
        .collect()
}

/// `tame` makes an element of random bits.
fn execute(gpus: usize, bytes: usize, body: &str, tame: fn(u64) -> u64) -> Run {
    let mut machine = Machine::new(Config { gpus, ..Config::default() }).expect("configuration");
    let fill = |machine: &mut Machine, gpu: usize, seed: u64| {
        let all: Vec<u8> = random_rows(LANES, seed)
            .iter()
            .flat_map(|row| tame(row[0]).to_le_bytes()[..bytes].to_vec())
            .collect();
        let address = machine.allocate(gpu, all.len() as u64).expect("memory");
        machine.write(address, &all).expect("inside");
        address
    };
    // Not in the order of the GPUs, which is that of the reduction all the same.
    let mut members: Vec<u64> = (0..gpus).rev().map(|gpu| fill(&mut machine, gpu, gpu as u64 + 1)).collect();
    let multicast = machine.multicast(&members).expect("one allocation of each GPU");
    members.reverse();
    let (values, results) = (fill(&mut machine, 0, 99), zeroed(&mut machine, 0, (LANES * bytes) as u64));
    let before = members.iter().map(|&member| read(&mut machine, member, bytes)).collect();
    let arguments = [multicast, values, results].map(Argument::U64).to_vec();
    let ticket = run(&mut machine, &kernel(bytes, body), 1, LANES as u32, arguments)
        .unwrap_or_else(|error| panic!("{body}: {error}"));
    Run {
        before,
        values: read(&mut machine, values, bytes),
        after: members.iter().map(|&member| read(&mut machine, member, bytes)).collect(),
        results: read(&mut machine, results, bytes),
        machine,
        ticket,
    }
}

type Operation = fn(u64, u64) -> u64;

fn f32s(a: u64, b: u64) -> u64 {
    (f32::from_bits(a as u32) + f32::from_bits(b as u32)).to_bits().into()
}

fn f64s(a: u64, b: u64) -> u64 {
    (f64::from_bits(a) + f64::from_bits(b)).to_bits()
}

/// Whole numbers below 1024, as floats of some format: their sums are exact in `f32` and `f64`.
fn whole(bits: u64) -> f32 {
    (bits % 1024) as f32 - 512.0
}

/// Operation, type and host's way; then what the elements are.
fn integers() -> Vec<(&'static str, &'static str, Operation)> {
    vec![
        ("add", "u32", |a, b| u64::from((a as u32).wrapping_add(b as u32))),
        ("add", "s32", |a, b| u64::from((a as u32).wrapping_add(b as u32))),
        ("add", "u64", u64::wrapping_add),
        ("min", "u32", Ord::min),
        ("max", "u32", Ord::max),
        ("min", "s32", |a, b| u64::from((a as i32).min(b as i32) as u32)),
        ("max", "s32", |a, b| u64::from((a as i32).max(b as i32) as u32)),
        ("min", "u64", Ord::min),
        ("max", "u64", Ord::max),
        ("min", "s64", |a, b| (a as i64).min(b as i64) as u64),
        ("max", "s64", |a, b| (a as i64).max(b as i64) as u64),
        ("and", "b32", |a, b| a & b),
        ("or", "b32", |a, b| a | b),
        ("xor", "b32", |a, b| a ^ b),
        ("and", "b64", |a, b| a & b),
        ("or", "b64", |a, b| a | b),
        ("xor", "b64", |a, b| a ^ b),
        ("add", "f32", f32s),
        ("add", "f64", f64s),
    ]
}

/// Bytes of an element, the register that holds it, and how it is made of random bits.
fn element(ty: &str) -> (usize, &'static str, &'static str, fn(u64) -> u64) {
    match ty {
        "f32" => (4, "%f1", "f32", |bits| whole(bits).to_bits().into()),
        "f64" => (8, "%fd1", "f64", |bits| f64::from(whole(bits)).to_bits()),
        _ if ty.ends_with("64") => (8, "%rd10", "b64", |bits| bits),
        _ => (4, "%r10", "b32", |bits| bits),
    }
}

#[test]
fn loads_reduce_over_all_gpus() {
    for gpus in [1, 3, 8] {
        for (operation, ty, host) in integers() {
            let (bytes, register, plain, tame) = element(ty);
            for order in ["", ".weak", ".relaxed.sys", ".acquire.sys"] {
                let run = execute(
                    gpus,
                    bytes,
                    &format!(
                        "multimem.ld_reduce{order}.global.{operation}.{ty} {register}, [%rd2];\n\
                         st.global.{plain} [%rd6], {register};"
                    ),
                    tame,
                );
                let columns = (0..LANES).map(|lane| run.before.iter().map(move |gpu| gpu[lane]));
                let expected: Vec<u64> =
                    columns.map(|column| column.reduce(host).expect("there is a GPU")).collect();
                assert_eq!(run.results, expected, "{gpus} GPUs, {order} {operation} {ty}");
                assert_eq!(run.after, run.before, "a load changes nothing");
            }
        }
    }
}

#[test]
fn reductions_and_stores_reach_all_gpus() {
    for gpus in [1, 3, 8] {
        for (operation, ty, host) in integers() {
            let (bytes, register, plain, tame) = element(ty);
            let load = format!("ld.global.{plain} {register}, [%rd4];\n");
            for order in ["relaxed.sys", "release.sys"] {
                let body = format!("{load}multimem.red.{order}.global.{operation}.{ty} [%rd2], {register};");
                let run = execute(gpus, bytes, &body, tame);
                for (before, after) in run.before.iter().zip(&run.after) {
                    let expected: Vec<u64> =
                        before.iter().zip(&run.values).map(|(&old, &value)| host(old, value)).collect();
                    assert_eq!(after, &expected, "{gpus} GPUs, {order} {operation} {ty}");
                }
            }
            for order in ["", ".weak", ".relaxed.sys", ".release.sys"] {
                let body = format!("{load}multimem.st{order}.global.{ty} [%rd2], {register};");
                let run = execute(gpus, bytes, &body, tame);
                assert!(run.after.iter().all(|after| *after == run.values), "{gpus} GPUs, {order} {ty}");
            }
        }
    }
}

/// The halves of a pair, each summed over the GPUs by `sum`.
fn pairs(run: &Run, sum: impl Fn(&[u16]) -> u16) -> Vec<u64> {
    let half = |lane: usize, shift: u32| -> u64 {
        let column: Vec<u16> = run.before.iter().map(|gpu| (gpu[lane] >> shift) as u16).collect();
        sum(&column).into()
    };
    (0..LANES).map(|lane| half(lane, 0) | half(lane, 16) << 16).collect()
}

#[test]
fn pairs_of_halves_are_rounded_once_or_each_time() {
    // 16-bit patterns of moderate numbers with all bits of their mantissas in use.
    let f16_pair = |bits: u64| {
        let half = |bits: u64| u64::from(f16::from_f32((bits % 4001) as f32 / 16.0 - 125.0).to_bits());
        half(bits) | half(bits >> 20) << 16
    };
    let bf16_pair = |bits: u64| {
        let half = |bits: u64| u64::from(bf16::from_f32((bits % 4001) as f32 / 16.0 - 125.0).to_bits());
        half(bits) | half(bits >> 20) << 16
    };
    let body = |form: &str| format!("multimem.ld_reduce.{form} %r10, [%rd2]; st.global.b32 [%rd6], %r10;");
    for gpus in [1, 3, 8] {
        let run = execute(gpus, 4, &body("relaxed.sys.global.add.acc::f32.f16x2"), f16_pair);
        let once = |column: &[u16]| {
            let sum = column.iter().map(|&bits| f16::from_bits(bits).to_f32()).sum::<f32>();
            f16::from_f32(sum).to_bits()
        };
        assert_eq!(run.results, pairs(&run, once), "{gpus} GPUs");
        let run = execute(gpus, 4, &body("global.add.acc::f32.bf16x2"), bf16_pair);
        let once = |column: &[u16]| {
            let sum = column.iter().map(|&bits| bf16::from_bits(bits).to_f32()).sum::<f32>();
            bf16::from_f32(sum).to_bits()
        };
        assert_eq!(run.results, pairs(&run, once), "{gpus} GPUs");
        let run = execute(gpus, 4, &body("acquire.sys.global.add.f16x2"), f16_pair);
        let each = |column: &[u16]| {
            let values = column.iter().map(|&bits| f16::from_bits(bits));
            values.reduce(|a, b| f16::from_f32(a.to_f32() + b.to_f32())).expect("there is a GPU").to_bits()
        };
        assert_eq!(run.results, pairs(&run, each), "{gpus} GPUs");
    }
}

#[test]
fn vectors_are_reduced_by_element() {
    let two = |bits: u64| u64::from(whole(bits).to_bits()) | u64::from(whole(bits >> 20).to_bits()) << 32;
    let body = "ld.global.v2.f32 {%f4, %f5}, [%rd4]; multimem.red.release.sys.global.add.v2.f32 [%rd2], {%f4, %f5};\n\
                multimem.ld_reduce.acquire.sys.global.add.v2.f32 {%f1, %f2}, [%rd2];\n\
                st.global.v2.f32 [%rd6], {%f1, %f2};";
    let run = execute(3, 8, body, two);
    let both = |a: u64, b: u64| f32s(a & 0xffff_ffff, b & 0xffff_ffff) | f32s(a >> 32, b >> 32) << 32;
    for lane in 0..LANES {
        let after: Vec<u64> = run.before.iter().map(|gpu| both(gpu[lane], run.values[lane])).collect();
        assert_eq!(run.results[lane], after.into_iter().reduce(both).expect("there is a GPU"));
    }
}

#[test]
fn a_release_to_all_publishes_to_each() {
    for (order, ordered) in [("release", true), ("relaxed", false)] {
        let mut machine = Machine::new(Config { gpus: 2, ..Config::default() }).expect("configuration");
        let members = [0, 1].map(|gpu| zeroed(&mut machine, gpu, 4));
        let data = zeroed(&mut machine, 0, 4);
        let multicast = machine.multicast(&members).expect("one allocation of each GPU");
        let parameters = ".param .u64 first, .param .u64 second";
        let start = "ld.param.u64 %rd1, [first]; ld.param.u64 %rd2, [second];\n";
        let write = format!("st.global.u32 [%rd1], 7; multimem.red.{order}.sys.global.add.u32 [%rd2], 1;");
        let read = "AGAIN: ld.acquire.sys.global.u32 %r1, [%rd2]; setp.eq.u32 %p, %r1, 0; @%p bra AGAIN;\n\
                    ld.global.u32 %r2, [%rd1]; st.global.u32 [%rd2], %r2;";
        for (gpu, body, flag) in [(1, read, members[1]), (0, write.as_str(), multicast)] {
            let kernel = harness::kernel(&mut machine, &module(parameters, &format!("{start}{body}")));
            let arguments = vec![Argument::U64(data), Argument::U64(flag)];
            let (grid, block) = ([1, 1, 1], [1, 1, 1]);
            let launch = Launch { gpu, stream: 0, kernel, grid, block, shared_bytes: 0, arguments };
            machine.launch(launch).expect("it fits");
        }
        match machine.run() {
            Ok(()) => assert!(ordered && harness::words(&mut machine, members[1], 1) == [7]),
            Err(error) => assert!(!ordered && error.to_string().contains("data race"), "{error}"),
        }
    }
}

#[test]
fn bytes_count_for_each_pair_of_gpus() {
    let cases = [
        ("multimem.ld_reduce.relaxed.sys.global.add.u32 %r10, [%rd2];", 128, 0),
        ("multimem.st.relaxed.sys.global.u32 [%rd2], %r1;", 0, 128),
        ("multimem.red.relaxed.sys.global.add.u32 [%rd2], %r1;", 128, 128),
    ];
    for (body, read, written) in cases {
        let run = execute(3, 4, body, |bits| bits);
        let report = run.machine.report(run.ticket).expect("finished");
        for peer in [1, 2] {
            let link = report.traffic.nvlink.get(&(0, peer)).expect("both are reached");
            assert_eq!((link.read, link.written), (read, written), "{body}");
        }
        assert_eq!(report.traffic.nvlink.len(), 2);
    }
}

/// The fault of a body on two GPUs.
fn fault(body: &str) -> FaultKind {
    let mut machine = Machine::new(Config { gpus: 2, ..Config::default() }).expect("configuration");
    let members = [upload(&mut machine, 0, &[1; 16]), upload(&mut machine, 1, &[2; 16])];
    let multicast = machine.multicast(&members).expect("one allocation of each GPU");
    let arguments = [multicast, members[0], members[1]].map(Argument::U64).to_vec();
    match run(&mut machine, &kernel(4, body), 1, 32, arguments) {
        Err(Error::Fault(fault)) => fault.kind,
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn mistakes_are_faults() {
    let ordinary = fault("ld.global.u32 %r10, [%rd2];");
    assert!(
        ordinary.to_string().contains("multicast memory (2 GPUs, 128 bytes, for `multimem` only)"),
        "{ordinary}"
    );
    let single = fault("multimem.st.relaxed.sys.global.u32 [%rd4], %r1;");
    assert!(matches!(single, FaultKind::NotMulticast { .. }), "{single}");
    let outside = fault("multimem.st.relaxed.sys.global.u32 [%rd2+4], %r1;");
    assert!(matches!(outside, FaultKind::OutOfBounds { .. }), "{outside}");
    let odd = fault("multimem.st.relaxed.sys.global.u32 [%rd1+2], %r1;");
    assert!(matches!(odd, FaultKind::Misaligned { .. }), "{odd}");
    // All lanes store their own number to one place weakly.
    let race = fault("multimem.st.global.u32 [%rd1], %r1;");
    assert!(matches!(race, FaultKind::DataRace(_)), "{race}");
}

#[test]
fn what_cannot_be_bound_is_refused() {
    let mut machine = Machine::new(Config { gpus: 2, ..Config::default() }).expect("configuration");
    let [a, b, c] =
        [(0, 64), (1, 128), (0, 64)].map(|(gpu, bytes)| machine.allocate(gpu, bytes).expect("memory"));
    let mut refusal = |addresses: &[u64]| machine.multicast(addresses).expect_err("refused").to_string();
    assert!(refusal(&[]).contains("no allocation is given"));
    assert!(refusal(&[a, c]).contains("two allocations are on GPU 0"));
    assert!(refusal(&[a, b]).contains("the allocation on GPU 0 has 64 bytes, the one on GPU 1 128"));
    assert!(refusal(&[a + 4]).contains("is not the start of an allocation"));
    machine.free(a).expect("live");
    assert!(machine.multicast(&[a]).is_err());
}
