//! The PTX of every kernel at several shapes: what it looks like, and that NVIDIA's assembler takes
//! it without spills.
//!
//! The text of each kernel is a snapshot at one small shape, which people read. What it is at the
//! others is a table of opcodes ([`digest`]), and what it costs is a table of registers and code
//! bytes.

mod digest;

use std::collections::BTreeMap;
use std::fmt::Write;

use crossdock_device::{
    Float8, Fp8, Gate, KernelSet, LogitFormat, Opaque, Options, RouterKernel, ScaleFormat, ScoreFunction,
    Shape, Wire,
};
use crossdock_ptx::assembler::Assembler;

const E5M2_UE8M0: Fp8 = Fp8 { element: Float8::E5m2, block: 128, scale: ScaleFormat::Ue8m0 };

/// 7168 elements, two in a byte, and an e4m3 scale per 16 of them.
const NVFP4: Opaque = Opaque { row_bytes: 3584, sides: [448, 0, 0, 0] };

/// Shapes that differ in everything a kernel is specialised for: a power of two and not, odd top-k,
/// all wires, a row shorter than one step of a warp, a last scale block that is shorter.
const SHAPES: [(&str, Shape); 5] = [
    ("deepseek_v3", Shape { hidden: 7168, top_k: 8, experts: 256, wire: Wire::FP8 }),
    ("bf16_2880", Shape { hidden: 2880, top_k: 5, experts: 96, wire: Wire::Bf16 }),
    ("fp8_2880", Shape { hidden: 2880, top_k: 10, experts: 96, wire: Wire::Fp8(E5M2_UE8M0) }),
    ("opaque_3584", Shape { hidden: 7168, top_k: 8, experts: 256, wire: Wire::Opaque(NVFP4) }),
    ("tiny", Shape { hidden: 16, top_k: 1, experts: 3, wire: Wire::Bf16 }),
];

/// The shape whose PTX is read whole.
const READ: &str = "tiny";

#[test]
fn ptx_is_as_reviewed() {
    let mut columns: BTreeMap<&str, Vec<digest::Column>> = BTreeMap::new();
    for (name, shape) in SHAPES {
        let set = KernelSet::jit(shape).expect("these shapes are legal");
        let bulk = KernelSet::jit_for(shape, hopper()).expect("these shapes are legal");
        // Rows travel through shared memory on the GPUs that have bulk copies.
        let bulk = bulk.ptx().into_iter().filter(|(kernel, _)| *kernel == "dispatch");
        let texts = set.ptx().into_iter().map(|(kernel, ptx)| (kernel, name.to_owned(), ptx));
        for (kernel, name, ptx) in
            texts.chain(bulk.map(|(kernel, ptx)| (kernel, format!("{name}_bulk"), ptx)))
        {
            columns.entry(kernel).or_default().push((name, ptx.to_owned()));
        }
    }
    for (kernel, columns) in columns {
        digest::with_texts(kernel, &columns, || {
            for (name, ptx) in columns.iter().filter(|(name, _)| name.starts_with(READ)) {
                insta::assert_snapshot!(format!("{kernel}@{name}"), ptx);
            }
            insta::assert_snapshot!(kernel, digest::table(&columns));
        });
    }
}

/// The first target with bulk copies.
fn hopper() -> Options {
    Options::new("sm_90", None).expect("a target")
}

/// Gates that differ in everything the router is specialised for: groups and not, runs that fill a
/// warp and not, bias, score functions, formats.
const GATES: [(&str, Gate); 4] = [
    ("deepseek_v3", Gate::DEEPSEEK_V3),
    (
        "softmax_8_of_128_bf16",
        Gate {
            experts: 128,
            groups: 1,
            top_groups: 1,
            top_k: 8,
            score: ScoreFunction::Softmax,
            biased: false,
            normalised: true,
            logits: LogitFormat::Bf16,
        },
    ),
    (
        "plain_3_of_9",
        Gate {
            experts: 9,
            groups: 3,
            top_groups: 2,
            top_k: 3,
            score: ScoreFunction::Identity,
            biased: false,
            normalised: false,
            logits: LogitFormat::F32,
        },
    ),
    (
        "softmax_32_of_2048",
        Gate {
            experts: 2048,
            groups: 1,
            top_groups: 1,
            top_k: 32,
            score: ScoreFunction::Softmax,
            biased: true,
            normalised: true,
            logits: LogitFormat::F32,
        },
    ),
];

/// The gate whose PTX is read whole.
const READ_GATE: &str = "plain_3_of_9";

#[test]
fn router_ptx_is_as_reviewed() {
    let mut columns = Vec::new();
    for (name, gate) in GATES {
        let kernels = RouterKernel::jit(gate).expect("these gates are legal");
        for (kernel, ptx) in kernels.ptx() {
            if name == READ_GATE {
                insta::assert_snapshot!(format!("{kernel}@{name}"), ptx);
            }
            columns.push((format!("{kernel}@{name}"), ptx.to_owned()));
            let module = crossdock_ptx::parse(ptx).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(module.to_string(), ptx, "{name}");
            assert_eq!(module.check(), Ok(()), "{name}");
            assert!(!ptx.contains(".approx"), "{name} must give the same bits on every GPU");
        }
    }
    digest::with_texts("router", &columns, || insta::assert_snapshot!("router", digest::table(&columns)));
}

#[test]
fn impossible_gates_say_which_relation_they_violate() {
    let refused = |gate: Gate| RouterKernel::jit(gate).expect_err("this gate is impossible").to_string();
    let gate = Gate::DEEPSEEK_V3;
    assert_eq!(
        refused(Gate { experts: 2049, groups: 1, top_groups: 1, ..gate }),
        "experts must be 1 to 2048: 2049 is not"
    );
    assert_eq!(
        refused(Gate { groups: 0, ..gate }),
        "groups must be 1 to 32, one lane or more each: 0 is not"
    );
    assert_eq!(
        refused(Gate { groups: 64, ..gate }),
        "groups must be 1 to 32, one lane or more each: 64 is not"
    );
    assert_eq!(
        refused(Gate { groups: 3, top_groups: 2, ..gate }),
        "experts must be a multiple of groups (3): 256 is not"
    );
    assert_eq!(refused(Gate { top_groups: 9, ..gate }), "top_groups must be 1 to groups (8): 9 is not");
    assert_eq!(
        refused(Gate { top_k: 33, ..gate }),
        "top_k must be 1 to 32, one lane per selection: 33 is not"
    );
    assert_eq!(
        refused(Gate { groups: 32, top_groups: 1, top_k: 9, ..gate }),
        "top_k must be at most the experts of top_groups (1) groups of 8: 9 is not"
    );
}

/// `kernels!` computes parameters of its own; they must be those of [`Shape`].
mod at_compile_time {
    crossdock_device::kernels! {
        pub mod bf16 { hidden: 16, top_k: 1, experts: 3, wire: bf16 }
    }
    crossdock_device::kernels! {
        pub mod powers { hidden: 2896, top_k: 3, experts: 6, wire: fp8(block: 32, e4m3, scale: power_of_two), target: sm_90 }
    }
    crossdock_device::kernels! {
        pub mod exponents { hidden: 2880, top_k: 2, experts: 6, wire: fp8(e5m2, block: 128, scale: ue8m0), target: sm_90 }
    }
    crossdock_device::kernels! {
        pub mod odd_blocks { hidden: 64, top_k: 2, experts: 6, wire: fp8(e4m3, block: 7, scale: f32), target: sm_90 }
    }
    crossdock_device::kernels! {
        pub mod opaque { hidden: 7168, top_k: 2, experts: 6, wire: opaque(row: 3584, sides: [448, 3]), target: sm_90 }
    }
}

#[test]
fn kernels_of_compile_time_are_those_of_run_time() {
    use crossdock_device::Specialised;
    for (set, options) in [
        (at_compile_time::bf16::Kernels::kernels(), Options::default()),
        (at_compile_time::powers::Kernels::kernels(), hopper()),
        (at_compile_time::exponents::Kernels::kernels(), hopper()),
        (at_compile_time::odd_blocks::Kernels::kernels(), hopper()),
        (at_compile_time::opaque::Kernels::kernels(), hopper()),
    ] {
        let jit = KernelSet::jit_for(set.shape, options).expect("the shape is legal");
        assert_eq!(set.ptx(), jit.ptx(), "{:?}", set.shape);
    }
    let opaque = Opaque { row_bytes: 3584, sides: [448, 3, 0, 0] };
    assert_eq!(at_compile_time::opaque::SHAPE.wire, Wire::Opaque(opaque));
    assert_eq!(at_compile_time::opaque::SHAPE.side_words(), 113);
    let exponents = at_compile_time::exponents::SHAPE;
    assert_eq!((exponents.scale_count(), exponents.side_words()), (23, 6));
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

/// The assembler whose choice of registers and instructions is kept as a snapshot; others choose
/// differently.
const REVIEWED_RELEASE: &str = "13.5";

#[test]
fn ptxas_assembles_every_kernel_without_stack_or_spills() {
    let Some(assembler) = Assembler::for_test() else { return };
    let mut kernels: Vec<(String, String)> = Vec::new();
    for (name, shape) in SHAPES {
        let set = KernelSet::jit(shape).expect("these shapes are legal");
        kernels.extend(set.ptx().map(|(kernel, ptx)| (format!("{kernel}@{name}"), ptx.to_owned())));
        // Text that passes rows through shared memory, for the GPUs that have bulk copies.
        let set = KernelSet::jit_for(shape, hopper()).expect("these shapes are legal");
        let bulk = set.ptx().into_iter().filter(|(kernel, _)| *kernel == "dispatch");
        kernels.extend(bulk.map(|(kernel, ptx)| (format!("{kernel}@{name} bulk"), ptx.to_owned())));
    }
    for (name, gate) in GATES {
        let kernel = RouterKernel::jit(gate).expect("these gates are legal");
        kernels.extend(kernel.ptx().map(|(kernel, ptx)| (format!("{kernel}@{name}"), ptx.to_owned())));
    }
    let mut table = format!("{:<30}{:>9}{:>11}{:>12}\n", "kernel", "target", "registers", "code bytes");
    for (kernel, ptx) in kernels {
        let targets = if kernel.ends_with(" bulk") {
            &["sm_90", "sm_100"][..]
        } else {
            &["sm_80", "sm_90a", "sm_100a"]
        };
        for &target in targets {
            let assembled =
                assembler.assemble(&ptx, target).unwrap_or_else(|error| panic!("{kernel}: {error}"));
            let [usage] = &assembled.kernels[..] else { panic!("{kernel} is one entry: {assembled:?}") };
            let memory = [usage.stack_bytes, usage.spill_store_bytes, usage.spill_load_bytes];
            assert_eq!(memory, [0; 3], "{kernel} for {target}");
            assert!(usage.registers > 0 && usage.code_bytes > 0, "{kernel} for {target}: {usage:?}");
            let _ = writeln!(table, "{kernel:<30}{target:>9}{:>11}{:>12}", usage.registers, usage.code_bytes);
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
        "rows must be a multiple of 16 bytes: 14340 bytes are not"
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
    assert_eq!(refused(Shape { hidden: 0, ..shape }), "rows must be 16 to 131072 bytes: 0 are not");
    assert_eq!(
        refused(Shape { hidden: 65552, wire: Wire::FP8, ..shape }),
        "hidden must be 1 to 65536: 65552 is not"
    );
    let opaque = |row_bytes| Shape { wire: Wire::Opaque(Opaque { row_bytes, ..NVFP4 }), ..shape };
    assert_eq!(refused(opaque(40)), "rows must be a multiple of 16 bytes: 40 bytes are not");
}
