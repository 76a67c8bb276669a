//! The PTX of every kernel at several shapes: what it looks like, and that NVIDIA's assembler takes it without spills.

use std::process::Command;

use crossdock_device::{KernelSet, Shape, Wire};

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

#[test]
fn ptxas_assembles_every_kernel_without_stack_or_spills() {
    let Some(ptxas) = ptxas() else { return };
    let folder = std::env::temp_dir().join(format!("crossdock-ptxas-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the temporary folder is writable");
    let mut assembled = 0;
    for (name, shape) in SHAPES {
        let set = KernelSet::jit(shape).expect("these shapes are legal");
        for (kernel, ptx) in set.ptx() {
            let file = folder.join(format!("{kernel}-{name}.ptx"));
            std::fs::write(&file, ptx).expect("the temporary folder is writable");
            for target in ["sm_80", "sm_90a", "sm_100a"] {
                let output = Command::new(&ptxas)
                    .args(["--verbose", "--gpu-name", target, "--output-file"])
                    .args([&folder.join("out.cubin"), &file])
                    .output()
                    .expect("ptxas starts");
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{kernel}@{name} for {target}:\n{said}");
                assert!(
                    said.contains("0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads"),
                    "{kernel}@{name} for {target}:\n{said}"
                );
                assembled += 1;
            }
        }
    }
    std::fs::remove_dir_all(&folder).expect("the temporary folder is ours");
    assert_eq!(assembled, SHAPES.len() * 4 * 3);
}

/// `PTXAS`, or ptxas on the path; without one, says so and skips, unless `CROSSDOCK_REQUIRE_PTXAS` is set.
fn ptxas() -> Option<String> {
    let candidate = std::env::var("PTXAS").unwrap_or_else(|_| "ptxas".to_string());
    let works =
        Command::new(&candidate).arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(works || std::env::var_os("CROSSDOCK_REQUIRE_PTXAS").is_none(), "`{candidate}` does not run");
    if !works {
        println!("skipped: ptxas not found (set PTXAS)");
    }
    works.then_some(candidate)
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
