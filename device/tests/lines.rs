//! Debuggers and profilers find the Rust line of each instruction: NVIDIA's assembler carries our
//! `.file` and `.loc` directives (PTX ISA section 11.5) into the DWARF line table of the code that
//! runs.

use std::collections::BTreeSet;
use std::process::Command;

use crossdock_device::{KernelSet, Shape, Wire};
use crossdock_ptx::assembler::Assembler;
use gimli::{DebugLine, DebugLineOffset, EndianSlice, LittleEndian};
use object::{Object, ObjectSection};

/// Files and lines of the line table.
fn table(cubin: &[u8]) -> BTreeSet<(String, u64)> {
    let file = object::File::parse(cubin).expect("an ELF file");
    let section = file.section_by_name(".debug_line").expect("a line table");
    let bytes = section.data().expect("its bytes");
    let mut found = BTreeSet::new();
    let program = DebugLine::new(bytes, LittleEndian)
        .program(DebugLineOffset(0), 8, None, None::<EndianSlice<'_, LittleEndian>>)
        .expect("a program");
    let mut rows = program.rows();
    while let Some((header, row)) = rows.next_row().expect("a row") {
        let (Some(file), Some(line)) = (row.file(header), row.line()) else { continue };
        let text = |value: gimli::AttributeValue<EndianSlice<'_, LittleEndian>>| match value {
            gimli::AttributeValue::String(text) => text.to_string_lossy().into_owned(),
            other => panic!("a name is text, not {other:?}"),
        };
        let folder = file.directory(header).map(text).unwrap_or_default();
        let name = text(file.path_name());
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        if !row.end_sequence() {
            found.insert((path, line.get()));
        }
    }
    found
}

/// Files and lines of the directives.
fn directives(ptx: &str) -> BTreeSet<(String, u64)> {
    let files: Vec<&str> =
        ptx.lines().filter_map(|line| line.strip_prefix(".file ")?.split('"').nth(1)).collect();
    let place = |line: &str| {
        let mut numbers = line.trim().strip_prefix(".loc ")?.split(' ');
        let file: usize = numbers.next()?.parse().ok()?;
        Some((files[file - 1].to_string(), numbers.next()?.parse().ok()?))
    };
    ptx.lines().filter_map(place).collect()
}

#[test]
fn the_assembler_keeps_the_rust_lines() {
    let Some(_) = Assembler::for_test() else { return };
    let program = std::env::var_os("PTXAS").unwrap_or_else(|| "ptxas".into());
    let set = KernelSet::jit(Shape { hidden: 7168, top_k: 8, experts: 256, wire: Wire::FP8 }).expect("legal");
    let folder = tempfile::tempdir().expect("a folder");
    let (input, output) = (folder.path().join("in.ptx"), folder.path().join("out.cubin"));
    for (kernel, ptx) in set.ptx() {
        std::fs::write(&input, ptx).expect("written");
        let made = Command::new(&program)
            .args(["-lineinfo", "--gpu-name", "sm_90a", "--output-file"])
            .args([&output, &input])
            .output()
            .expect("it starts");
        assert!(made.status.success(), "{kernel}: {}", String::from_utf8_lossy(&made.stderr));
        let (kept, written) = (table(&std::fs::read(&output).expect("read")), directives(ptx));
        assert!(kept.is_subset(&written), "{kernel}: {:?}", kept.difference(&written).collect::<Vec<_>>());
        // Some lines leave no instruction; most do.
        assert!(kept.len() * 2 > written.len(), "{kernel}: {} of {} lines", kept.len(), written.len());
        let own = format!("crossdock-device/src/kernels/{kernel}.rs");
        assert!(kept.iter().any(|(file, _)| *file == own), "{kernel}: {kept:?}");
    }
}
