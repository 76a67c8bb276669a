//! Loads, stores and atomics of every width and space.

use crate::harness::{evaluate, kernel, module, random_rows, run, words, zeroed};
use crossdock_emulator::{Argument, Config, Launch, Machine};

#[test]
fn narrow_loads_extend_to_the_register() {
    let rows = random_rows(500, 5);
    let text = "{ .local .align 8 .b8 slot[8]; st.local.u64 [slot], %rd1;
        ld.local.s8 %r4, [slot]; ld.local.u8 %r5, [slot+1]; ld.local.s16 %rd5, [slot+2]; ld.local.u16 %r6, [slot+4];
        xor.b32 %d, %r4, %r5; xor.b32 %d, %d, %r6; mov.b64 %l, %rd5; }";
    for (row, outcome) in rows.iter().zip(evaluate(text, &rows)) {
        let bytes = row[0].to_le_bytes();
        let word = i32::from(bytes[0] as i8) as u32
            ^ u32::from(bytes[1])
            ^ u32::from(u16::from_le_bytes([bytes[4], bytes[5]]));
        assert_eq!(outcome.word, word);
        assert_eq!(outcome.long, i64::from(i16::from_le_bytes([bytes[2], bytes[3]])) as u64);
    }
}

/// A base below zero with an offset that brings it back, as nvcc writes `s[127 - threadIdx.x]`.
#[test]
fn addresses_of_32_bits_wrap() {
    for space in ["shared", "local"] {
        let body = format!(
            ".{space} .align 16 .b8 room[256]; mov.u32 %r1, %laneid; mov.u32 %r2, room; ld.param.u64 %rd1, [out];
             mad.lo.u32 %r3, %r1, 4, %r2; add.u32 %r4, %r1, 100; sub.u32 %r5, %r3, 1024;
             st.{space}.u32 [%r5+1024], %r4; ld.{space}.u32 %r6, [%r3];
             mad.wide.u32 %rd2, %r1, 4, %rd1; st.global.u32 [%rd2], %r6;
             st.{space}.u32 [%r3], %r1; ld.{space}.u32 %r6, [%r5+1024]; st.global.u32 [%rd2+128], %r6;"
        );
        let mut machine = Machine::new(Config::default()).expect("configuration");
        let out = zeroed(&mut machine, 0, 256);
        run(&mut machine, &module(".param .u64 out", &body), 1, 32, vec![Argument::U64(out)]).expect("run");
        let expected: Vec<u32> = (100..132).chain(0..32).collect();
        assert_eq!(words(&mut machine, out, 64), expected, "{space}");
    }
}

/// Copies 4096 bytes in pieces that all look the same from outside, and checks every byte.
#[test]
fn copies_of_every_shape_move_every_byte() {
    let shapes = [
        ("u8", 1, "%r4"),
        ("b16", 2, "%h4"),
        ("u32", 4, "%r4"),
        ("f32", 4, "%f4"),
        ("b64", 8, "%rd4"),
        ("v2.u32", 8, "{%r4, %r5}"),
        ("v4.b16", 8, "{%h4, %h5, %h6, %h7}"),
        ("v4.u8", 4, "{%r4, %r5, %r6, %r7}"),
        ("v4.f32", 16, "{%f4, %f5, %f6, %f7}"),
        ("v2.b64", 16, "{%rd4, %rd5}"),
        ("v8.b32", 32, "{%r4, %r5, %r6, %r7, %r8, %r9, %r10, %r11}"),
    ];
    let contents: Vec<u8> = (0..8192u32).map(|i| (i * 7 + (i >> 8)) as u8).collect();
    for (shape, bytes, registers) in shapes {
        // Contiguous; reversed; half of the lanes.
        for (order, guard) in [("", ""), ("sub.u32 %r1, 31, %r1;", ""), ("", "@%p")] {
            let body = format!(
                "ld.param.u64 %rd1, [from]; ld.param.u64 %rd2, [to]; mov.u32 %r1, %laneid; and.b32 %r2, %r1, 1;
                 setp.eq.u32 %p, %r2, 0; {order} mad.wide.u32 %rd1, %r1, {bytes}, %rd1;
                 mad.wide.u32 %rd2, %r1, {bytes}, %rd2;
                 {guard} ld.global.{shape} {registers}, [%rd1+{bytes}]; {guard} st.global.{shape} [%rd2], {registers};"
            );
            let mut machine = Machine::new(Config::default()).expect("config");
            let from = zeroed(&mut machine, 0, 8192);
            let to = zeroed(&mut machine, 0, 8192);
            machine.write(from, &contents).expect("write");
            let text = module(".param .u64 from, .param .u64 to", &body);
            run(&mut machine, &text, 1, 32, vec![Argument::U64(from), Argument::U64(to)])
                .unwrap_or_else(|error| panic!("{shape}: {error}"));
            let mut got = vec![0; 8192];
            machine.read(to, &mut got).expect("read");
            for (index, &byte) in got.iter().enumerate() {
                let lane = index / bytes;
                let copied = lane < 32 && (guard.is_empty() || lane % 2 == 0);
                assert_eq!(
                    byte,
                    if copied { contents[index + bytes] } else { 0 },
                    "{shape} {order}{guard} byte {index}"
                );
            }
        }
    }
}

#[test]
fn generic_addresses_reach_every_space() {
    let body = ".shared .align 8 .b8 tile[256]; .local .align 8 .b8 stack[8];
        ld.param.u64 %rd1, [out]; mov.u32 %r1, %laneid;
        mov.u64 %rd2, tile; cvta.shared.u64 %rd2, %rd2; mad.wide.u32 %rd2, %r1, 8, %rd2;
        mov.u64 %rd3, stack; cvta.local.u64 %rd3, %rd3;
        st.u32 [%rd2], %r1; add.u32 %r2, %r1, 100; st.u32 [%rd3], %r2;
        setp.lt.u32 %p, %r1, 16; selp.b64 %rd4, %rd2, %rd3, %p; ld.u32 %r3, [%rd4];
        isspacep.shared %q, %rd4; selp.u32 %r4, 1, 0, %q; isspacep.global %q, %rd1; selp.u32 %r5, 2, 0, %q;
        add.u32 %r4, %r4, %r5; cvta.to.shared.u64 %rd5, %rd2; cvt.u32.u64 %r6, %rd5; ld.shared.u32 %r7, [%r6];
        add.u32 %r7, %r7, %r4; mad.wide.u32 %rd6, %r1, 8, %rd1; st.v2.u32 [%rd6], {%r3, %r7};";
    let mut machine = Machine::new(Config::default()).expect("config");
    let out = zeroed(&mut machine, 0, 256);
    run(&mut machine, &module(".param .u64 out", body), 1, 32, vec![Argument::U64(out)]).expect("run");
    let expected: Vec<u32> =
        (0..32).flat_map(|i| if i < 16 { [i, i + 3] } else { [i + 100, i + 2] }).collect();
    assert_eq!(words(&mut machine, out, 64), expected);
}

#[test]
fn dynamic_shared_memory_starts_behind_the_variables() {
    let text = ".version 8.0\n.target sm_90\n.address_size 64\n.extern .shared .align 16 .b8 dynamic[];\n
        .visible .entry main(.param .u64 out)\n{ .shared .align 4 .b8 fixed[20]; .reg .b32 %r<8>; .reg .b64 %rd<4>;
        ld.param.u64 %rd1, [out]; mov.u32 %r1, dynamic; mov.u32 %r2, fixed; mov.u32 %r3, %dynamic_smem_size;
        mov.u32 %r4, %total_smem_size; st.shared.u32 [dynamic+60], %r3; ld.shared.u32 %r5, [%r1+60];
        st.global.v4.u32 [%rd1], {%r1, %r2, %r5, %r4}; ret; }";
    let mut machine = Machine::new(Config::default()).expect("config");
    let kernel = kernel(&mut machine, text);
    let out = zeroed(&mut machine, 0, 16);
    let arguments = vec![Argument::U64(out)];
    let launch =
        Launch { gpu: 0, stream: 0, kernel, grid: [1; 3], block: [1; 3], shared_bytes: 64, arguments };
    machine.launch(launch).expect("launch");
    machine.run().expect("run");
    assert_eq!(words(&mut machine, out, 4), [32, 0, 64, 96]);
}

#[test]
fn atomics_return_the_old_value() {
    // One lane at a time on its own word: the old value and the new one.
    type Update = fn(u32, u32) -> u32;
    let cases: [(&str, Update); 10] = [
        ("add.u32", |old, a| old.wrapping_add(a)),
        ("and.b32", |old, a| old & a),
        ("or.b32", |old, a| old | a),
        ("xor.b32", |old, a| old ^ a),
        ("exch.b32", |_, a| a),
        ("min.s32", |old, a| (old as i32).min(a as i32) as u32),
        ("max.u32", u32::max),
        ("inc.u32", |old, a| if old >= a { 0 } else { old + 1 }),
        ("dec.u32", |old, a| if old == 0 || old > a { a } else { old - 1 }),
        ("add.f32", |old, a| {
            let sum = f32::from_bits(old) + f32::from_bits(a);
            if sum.is_nan() { 0x7fff_ffff } else { sum.to_bits() }
        }),
    ];
    let rows = random_rows(300, 17);
    for (operation, expected) in cases {
        let text = format!(
            "{{ .local .align 4 .b8 slot[4]; .reg .b64 %x; mov.u64 %x, slot; cvta.local.u64 %x, %x; st.u32 [%x], %r1;
             atom.{operation} %r4, [%x], %r2; ld.u32 %d, [%x]; cvt.u64.u32 %l, %r4; }}"
        );
        for (row, outcome) in rows.iter().zip(evaluate(&text, &rows)) {
            let (old, a) = (row[0] as u32, row[1] as u32);
            assert_eq!(
                (outcome.word, outcome.long),
                (expected(old, a), u64::from(old)),
                "{operation} {old:#x} {a:#x}"
            );
        }
    }
}

#[test]
fn atomics_of_all_lanes_add_up() {
    let body = "ld.param.u64 %rd1, [out]; red.relaxed.gpu.global.add.u32 [%rd1], 3;
        atom.global.add.u64 %rd2, [%rd1+8], 5; atom.relaxed.sys.global.cas.b32 %r1, [%rd1+16], 0, 7;
        atom.add.noftz.bf16x2 %r2, [%rd1+20], 1065369472;";
    let mut machine = Machine::new(Config::default()).expect("config");
    let out = zeroed(&mut machine, 0, 24);
    run(&mut machine, &module(".param .u64 out", body), 3, 128, vec![Argument::U64(out)]).expect("run");
    // 0x3f80_3f80 is 1.0 twice; bf16 counts to 256 and stays there.
    assert_eq!(words(&mut machine, out, 6), [3 * 384, 0, 5 * 384, 0, 7, 0x4380_4380]);
}

#[test]
fn parameters_of_every_shape_arrive() {
    let text = module(
        ".param .u32 a, .param .f32 b, .param .align 8 .b8 c[24], .param .u64 out",
        "ld.param.u32 %r1, [a]; ld.param.f32 %f1, [b]; ld.param.v2.u32 {%r2, %r3}, [c+8]; ld.param.s8 %r4, [c+1];
         mov.u64 %rd2, c; add.u64 %rd2, %rd2, 16; ld.param.u32 %r5, [%rd2]; ld.param.u64 %rd1, [out];
         mov.b32 %r6, %f1; st.global.v4.u32 [%rd1], {%r1, %r6, %r2, %r3}; st.global.v2.u32 [%rd1+16], {%r4, %r5};",
    );
    let mut machine = Machine::new(Config::default()).expect("config");
    let out = zeroed(&mut machine, 0, 24);
    let bytes: Vec<u8> = (0..24u8).map(|i| 0xf0u8.wrapping_add(i)).collect();
    let arguments = vec![Argument::U32(42), Argument::F32(1.5), Argument::Bytes(bytes), Argument::U64(out)];
    run(&mut machine, &text, 1, 1, arguments).expect("run");
    let expected = [42, 1.5f32.to_bits(), 0xfbfa_f9f8, 0xfffe_fdfc, 0xffff_fff1, 0x0302_0100];
    assert_eq!(words(&mut machine, out, 6), expected);
}

#[test]
fn vector_atomics_update_every_element() {
    let body =
        "ld.param.u64 %rd1, [out]; mov.u32 %r1, %laneid; cvt.rn.f32.u32 %f1, %r1; mov.f32 %f2, 0f3F800000;
        red.global.add.v4.f32 [%rd1], {%f1, %f2, %f1, %f2}; and.b32 %r2, %r1, 1; setp.eq.u32 %p, %r2, 0;
        @%p atom.global.add.v2.f32 {%f3, %f4}, [%rd1+8], {%f2, %f1};";
    let mut machine = Machine::new(Config::default()).expect("config");
    let out = zeroed(&mut machine, 0, 16);
    run(&mut machine, &module(".param .u64 out", body), 1, 32, vec![Argument::U64(out)]).expect("run");
    let expected = [496.0, 32.0, 496.0 + 16.0, 32.0 + 240.0];
    assert_eq!(words(&mut machine, out, 4), expected.map(f32::to_bits));
}
