//! NVIDIA's assembler takes every fixture, without stack or spills.

use crossdock_ptx::assembler::Assembler;

use crate::fixtures;

#[test]
fn fixtures_assemble_without_stack_or_spills() {
    let Some(assembler) = Assembler::for_test() else { return };
    for fixture in fixtures::all() {
        let ptx = fixture.specialise().ptx.to_string();
        for target in ["sm_80", "sm_90a", "sm_100a"] {
            let assembled =
                assembler.assemble(&ptx, target).unwrap_or_else(|error| panic!("{}: {error}", fixture.name));
            for usage in assembled.kernels {
                let memory = [usage.stack_bytes, usage.spill_store_bytes, usage.spill_load_bytes];
                assert_eq!(memory, [0; 3], "{} for {target}", fixture.name);
            }
        }
    }
}

#[test]
fn roles_assemble_with_their_barriers_and_registers() {
    let Some(assembler) = Assembler::for_test() else { return };
    let text = "module code;\nfile \"code.rs\";\n\
        #[kernel(warps = 12, max_registers = 160)] fn k(x#0: u32, out#1: Global<u32>) {\n\
        roles {\n\
        role \"producer\" 0u32..4u32, 40u32 { role_barrier(); named_barrier_arrive(1u32, 384u32); }\n\
        role \"consumer\" 4u32..12u32, 216u32 {\n\
        if named_barrier_any(2u32, 256u32, x#0 == 1u32) { write(out#1, named_barrier_count(3u32, 256u32, x#0 == 2u32)); }\n\
        if named_barrier_all(2u32, 256u32, x#0 == 1u32) { role_barrier(); }\n\
        named_barrier_sync(1u32, 384u32);\n\
        }\n}\n}";
    let program = fixtures::link(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    for target in ["sm_90a", "sm_100a", "sm_100f", "sm_103a", "sm_120a"] {
        let options = crossdock_codegen::back::Options::new(target, None).unwrap();
        let kernel = crossdock_codegen::back::specialise(&program, "k", &[], &options).unwrap();
        if let Err(error) = assembler.assemble(&kernel.ptx.to_string(), target) {
            panic!("{error}\n{}", kernel.ptx);
        }
    }
}

#[test]
fn eight_bit_floats_assemble_for_their_targets() {
    let Some(assembler) = Assembler::for_test() else { return };
    let text = "module code;\nfile \"code.rs\";\n\
        #[kernel(warps = 1)] fn k(x#0: f32, pairs#1: Global<u16>, wide#2: Global<u32>, value#3: Global<f32>) {\n\
        write(pairs#1, pack_e4m3(x#0, 1.5f32));\n\
        write(at(pairs#1, 1u32), pack_e5m2(2.5f32, x#0));\n\
        write(wide#2, widen_e4m3(read(pairs#1)));\n\
        write(at(wide#2, 1u32), widen_e5m2(read(pairs#1)));\n\
        write(value#3, f16_value(read(pairs#1)));\n}";
    let text = text.replace("1.5f32", "0x3fc00000_f32").replace("2.5f32", "0x40200000_f32");
    let program = fixtures::link(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let options = crossdock_codegen::back::Options::new("sm_89", None).unwrap();
    let kernel = crossdock_codegen::back::specialise(&program, "k", &[], &options).unwrap();
    for target in ["sm_89", "sm_90a", "sm_100a"] {
        if let Err(error) = assembler.assemble(&kernel.ptx.to_string(), target) {
            panic!("{error}\n{}", kernel.ptx);
        }
    }
}
