//! Memory operations executed: hints change nothing, small strong accesses and atomics give what
//! PTX says.

use crossdock_codegen::back::{self, Options};
use crossdock_codegen::ir::{LoadHint, StoreHint};
use crossdock_emulator::{Argument, Config, Launch, Machine};
use crossdock_ptx::{Eviction, LoadCache, Prefetch, StoreCache};

use crate::modules::lowered;

/// Runs the kernel `k` of one warp on `words`, which it may change.
fn changed(target: &str, body: &str, words: &[u32]) -> Vec<u32> {
    let source = format!("#[kernel(warps = 1)] pub fn k(data: Global<u32>) {{ {body} }}");
    let program = back::link(vec![lowered(&source)]).unwrap_or_else(|error| panic!("{error}\n{source}"));
    let options = Options::new(target, None).expect("a target");
    let kernel =
        back::specialise(&program, "k", &[], &options).unwrap_or_else(|error| panic!("{error}\n{source}"));
    let text = kernel.ptx.to_string();
    let mut machine = Machine::new(Config::default()).expect("the configuration is right");
    let module = machine.load(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let data = machine.allocate(0, bytes.len() as u64).expect("memory");
    machine.write(data, &bytes).expect("the allocation is that large");
    let launch = Launch {
        gpu: 0,
        stream: 0,
        kernel: machine.kernel(module, "k").expect("the module has this entry"),
        grid: [1, 1, 1],
        block: [32, 1, 1],
        shared_bytes: 0,
        arguments: vec![Argument::U64(data)],
    };
    machine.launch(launch).expect("the arguments fit");
    machine.run().unwrap_or_else(|error| panic!("{error}\n{text}"));
    machine.read(data, &mut bytes).expect("the allocation is that large");
    let (words, _) = bytes.as_chunks::<4>();
    words.iter().map(|word| u32::from_le_bytes(*word)).collect()
}

#[test]
fn counters_turn_around() {
    let add = "data.fetch_increment(9, Relaxed, Gpu); let old = data.at(1u32).fetch_decrement(9, AcquireRelease, System); \
               data.at(2 + lane()).write(old);";
    let found = changed("sm_80", add, &[[0, 5].to_vec(), vec![99; 32]].concat());
    assert_eq!(found[..2], [32 % 10, (5 - 32i32).rem_euclid(10) as u32]);
    let mut olds = found[2..].to_vec();
    olds.sort_unstable();
    let mut expected: Vec<u32> = (0..32).map(|turn: i32| (5 - turn).rem_euclid(10) as u32).collect();
    expected.sort_unstable();
    assert_eq!(olds, expected);
}

#[test]
fn pairs_of_small_floats_are_added() {
    // 1 and -1/2, 32 times.
    let found = changed("sm_80", "data.fetch_add_f16(0xb800_3c00, Relaxed, Gpu);", &[0]);
    assert_eq!(found, [0xcc00_5000]);
    let found = changed("sm_90", "data.fetch_add_bf16(0xbf00_3f80, Relaxed, Gpu);", &[0]);
    assert_eq!(found, [0xc180_4200]);
}

#[test]
fn bytes_and_halves_are_loaded_and_stored_strongly() {
    let body = "let bytes = data.cast::<u8>(); bytes.at(lane()).store(bytes.at(lane()).load(Acquire, System) + 1, Release, System); \
                let halves = data.at(8u32).cast::<i16>(); halves.at(lane()).store(halves.at(lane()).load(Relaxed, Gpu) - 1, Relaxed, Block);";
    let found = changed("sm_80", body, &[0x01ff_7f00; 24]);
    assert_eq!(found, [[0x0200_8001; 8].to_vec(), vec![0x01fe_7eff; 16]].concat());
}

#[test]
fn hints_change_no_result() {
    let body = "let place = data.at(lane()); place.write_hinted(place.read_hinted(EvictFirst) + 1, Streaming); \
                data.at(64 + lane()).write(data.at(32 + lane()).read_only() ^ data.at(32 + lane()).read_only_hinted(NoAllocatePrefetch256));";
    let words: Vec<u32> = (0..96).collect();
    let expected: Vec<u32> = (1..33).chain(32..64).chain([0; 32]).collect();
    assert_eq!(changed("sm_80", body, &words), expected);
}

#[test]
fn every_hint_becomes_its_modifier() {
    let hints = [
        "CacheAll",
        "CacheGlobal",
        "Streaming",
        "LastUse",
        "DoNotCache",
        "EvictFirst",
        "EvictLast",
        "EvictUnchanged",
    ];
    let hints = hints.into_iter().chain([
        "NoAllocate",
        "Prefetch64",
        "Prefetch128",
        "Prefetch256",
        "NoAllocatePrefetch256",
    ]);
    let hints = hints.chain(["WriteBack", "WriteThrough"]);
    let assembler = crossdock_ptx::assembler::Assembler::for_test();
    for hint in hints {
        let (mut lines, mut expected) = (String::new(), Vec::new());
        if let Some(known) = LoadHint::named(hint) {
            lines.push_str(&format!("data.write(data.at(1u32).read_hinted({hint}));\n"));
            let modifiers = [
                known.cache().map(LoadCache::modifier),
                known.eviction().map(Eviction::modifier),
                known.prefetch().map(Prefetch::modifier),
            ];
            let modifiers: Vec<&str> = modifiers.into_iter().flatten().collect();
            expected.push(format!("ld.global.{}.u32", modifiers.join(".")));
            if known.is_for_read_only() {
                lines.push_str(&format!("data.write(data.at(2u32).read_only_hinted({hint}));\n"));
                expected.push(".nc.".to_string());
            }
        }
        if let Some(known) = StoreHint::named(hint) {
            lines.push_str(&format!("data.write_hinted(7, {hint});\n"));
            let modifier = known.cache().map_or_else(Eviction::modifier, StoreCache::modifier);
            expected.push(format!("st.global.{modifier}.u32"));
        }
        let source = format!("#[kernel(warps = 1)] pub fn k(data: Global<u32>) {{ {lines} }}");
        let program = back::link(vec![lowered(&source)]).unwrap_or_else(|error| panic!("{error}\n{source}"));
        let ptx = back::specialise(&program, "k", &[], &Options::default()).expect(hint).ptx.to_string();
        for part in expected {
            assert!(ptx.contains(&part), "{part}\n{ptx}");
        }
        if let Some(assembler) = &assembler
            && let Err(error) = assembler.assemble(&ptx, "sm_80")
        {
            panic!("{error}\n{ptx}");
        }
    }
}

#[test]
fn an_order_that_the_caller_chose_is_all_that_is_left() {
    let source = "fn arrive(counter: Global<u32>, order: impl Store, scope: impl Scope) { counter.fetch_add(1, order, scope); }
        fn both(counter: Global<u32>, order: impl Store) { arrive(counter, order, Gpu); fence(AcquireRelease, Block); }
        fn poll(flag: Global<u32>, order: impl Load) -> u32 {
            ptx!(\"ld.{o}.gpu.global.L1::no_allocate.u32 {v}, [{flag}];\", flag = in(flag), o = order(order), v = out(u32))
        }
        #[kernel(warps = 1)] pub fn k(counter: Global<u32>) {
            both(counter, Relaxed);
            arrive(counter, Release, System);
            while poll(counter.at(1u32), Acquire) == 0 {}
        }";
    let program = back::link(vec![lowered(source)]).unwrap_or_else(|error| panic!("{error}"));
    let options = Options::new("sm_80", None).expect("a target");
    let text = back::specialise(&program, "k", &[], &options).expect("it is right").ptx.to_string();
    for opcode in [
        "red.relaxed.gpu.global.add.u32",
        "red.release.sys.global.add.u32",
        "ld.acquire.gpu.global.L1::no_allocate.u32",
    ] {
        assert_eq!(text.matches(opcode).count(), 1, "{opcode}\n{text}");
    }
    assert_eq!(text.matches("setp").count(), 1, "{text}");
}
