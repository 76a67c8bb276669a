//! The PTX of every kernel at several shapes: what it looks like, and that NVIDIA's assembler takes it without spills.

use std::fmt::Write;

use crossdock_device::{KernelSet, Shape, Wire};
use crossdock_ptx::assembler::Assembler;

/// Shapes that differ in everything a kernel is specialised for: a power of two and not, odd top-k, both wires, a row
/// shorter than one step of a warp, a last scale block that is shorter.
const SHAPES: [(&str, Shape); 4] = [
    ("deepseek_v3", Shape { hidden: 7168, top_k: 8, experts: 256, wire: Wire::FP8 }),
    ("bf16_2880", Shape { hidden: 2880, top_k: 5, experts: 96, wire: Wire::Bf16 }),
    ("fp8_2880", Shape { hidden: 2880, top_k: 10, experts: 96, wire: Wire::FP8 }),
    ("tiny", Shape { hidden: 16, top_k: 1, experts: 3, wire: Wire::Bf16 }),
];

#[test]
fn ptx_is_as_reviewed() {
    for (name, shape) in SHAPES {
        let set = KernelSet::jit(shape).expect("these shapes are legal");
        for (kernel, ptx) in set.ptx() {
            insta::assert_snapshot!(format!("{kernel}@{name}"), ptx);
        }
    }
}

#[test]
fn ptx_survives_its_own_parser() {
    for (name, shape) in SHAPES {
        let set = KernelSet::jit(shape).expect("these shapes are legal");
        for (kernel, ptx) in set.ptx() {
            let module = crossdock_ptx::parse(ptx).unwrap_or_else(|error| panic!("{kernel}@{name}: {error}"));
            assert_eq!(module.to_string(), ptx, "{kernel}@{name}");
            assert_eq!(module.check(), Ok(()), "{kernel}@{name}");
        }
    }
}

/// The assembler whose choice of registers and instructions is kept as a snapshot; others choose differently.
const REVIEWED_RELEASE: &str = "13.5";

#[test]
fn ptxas_assembles_every_kernel_without_stack_or_spills() {
    let Some(assembler) = Assembler::for_test() else { return };
    let mut table = format!("{:<24}{:>9}{:>11}{:>12}\n", "kernel", "target", "registers", "code bytes");
    for (name, shape) in SHAPES {
        let set = KernelSet::jit(shape).expect("these shapes are legal");
        for (kernel, ptx) in set.ptx() {
            let kernel = format!("{kernel}@{name}");
            for target in ["sm_80", "sm_90a", "sm_100a"] {
                let assembled =
                    assembler.assemble(ptx, target).unwrap_or_else(|error| panic!("{kernel}: {error}"));
                let [usage] = &assembled.kernels[..] else { panic!("{kernel} is one entry: {assembled:?}") };
                let memory = [usage.stack_bytes, usage.spill_store_bytes, usage.spill_load_bytes];
                assert_eq!(memory, [0; 3], "{kernel} for {target}");
                assert!(usage.registers > 0 && usage.code_bytes > 0, "{kernel} for {target}: {usage:?}");
                let _ =
                    writeln!(table, "{kernel:<24}{target:>9}{:>11}{:>12}", usage.registers, usage.code_bytes);
            }
        }
    }
    if assembler.release() == REVIEWED_RELEASE {
        insta::assert_snapshot!("resources", table);
    } else {
        println!("registers and code size not compared: {} is not {REVIEWED_RELEASE}", assembler.release());
    }
}

#[test]
fn impossible_shapes_say_which_relation_they_violate() {
    let shape = Shape { hidden: 7168, top_k: 8, experts: 256, wire: Wire::Bf16 };
    let refused = |shape: Shape| KernelSet::jit(shape).expect_err("this shape is impossible").to_string();
    assert_eq!(
        refused(Shape { hidden: 7170, ..shape }),
        "hidden must make rows a multiple of 16 bytes: 7170 elements of 2 bytes do not"
    );
    assert_eq!(
        refused(Shape { top_k: 33, ..shape }),
        "top_k must be 1 to 32, one lane per selection: 33 is not"
    );
    assert_eq!(
        refused(Shape { top_k: 0, ..shape }),
        "top_k must be 1 to 32, one lane per selection: 0 is not"
    );
    assert_eq!(refused(Shape { experts: 4, ..shape }), "top_k must be at most experts (4): 8 is not");
    assert_eq!(refused(Shape { experts: 5000, ..shape }), "experts must be 1 to 4096: 5000 is not");
    assert_eq!(refused(Shape { hidden: 0, ..shape }), "hidden must be 1 to 65536: 0 is not");
}
