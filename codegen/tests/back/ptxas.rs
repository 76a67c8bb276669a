//! NVIDIA's assembler takes every fixture, without stack or spills.

use std::path::PathBuf;
use std::process::Command;

use crate::fixtures;

fn assembler() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("PTXAS") {
        return Some(PathBuf::from(path));
    }
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|folder| folder.join("ptxas")).find(|path| path.is_file())
}

#[test]
fn fixtures_assemble_without_stack_or_spills() {
    let Some(ptxas) = assembler() else {
        println!("skipped: ptxas not found (set PTXAS)");
        return;
    };
    for fixture in fixtures::all() {
        let folder = std::env::temp_dir().join(format!("crossdock-back-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{}.ptx", fixture.name));
        std::fs::write(&file, fixture.specialise().ptx.to_string()).unwrap();
        for architecture in ["sm_80", "sm_90a", "sm_100a"] {
            let output = Command::new(&ptxas)
                .args(["-v", "-arch", architecture, "-o"])
                .arg(folder.join("out.cubin"))
                .arg(&file)
                .output()
                .unwrap();
            let messages = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{} for {architecture}: {messages}", fixture.name);
            let clean = "0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads";
            assert!(messages.contains(clean), "{} for {architecture}: {messages}", fixture.name);
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

#[test]
fn eight_bit_floats_assemble_for_their_targets() {
    let Some(ptxas) = assembler() else {
        println!("skipped: ptxas not found (set PTXAS)");
        return;
    };
    let text = "module code;\nfile \"code.rs\";\n\
        #[kernel(warps = 1)] fn k(x#0: f32, pairs#1: Global<u16>, wide#2: Global<u32>, value#3: Global<f32>) {\n\
        write(pairs#1, pack_e4m3(x#0, 1.5f32));\n\
        write(at(pairs#1, 1u32), pack_e5m2(2.5f32, x#0));\n\
        write(wide#2, widen_e4m3(read(pairs#1)));\n\
        write(at(wide#2, 1u32), widen_e5m2(read(pairs#1)));\n\
        write(value#3, f16_value(read(pairs#1)));\n}";
    let text = text.replace("1.5f32", "0x3fc00000_f32").replace("2.5f32", "0x40200000_f32");
    let program = fixtures::link(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let version = crossdock_ptx::Version { major: 8, minor: 1 };
    let options = crossdock_codegen::back::Options { target: "sm_89".to_string(), version };
    let kernel = crossdock_codegen::back::specialise(&program, "k", &[], &options).unwrap();
    let folder = std::env::temp_dir().join(format!("crossdock-back-small-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("k.ptx");
    std::fs::write(&file, kernel.ptx.to_string()).unwrap();
    for architecture in ["sm_89", "sm_90a", "sm_100a"] {
        let output = Command::new(&ptxas)
            .args(["-arch", architecture, "-o"])
            .args([&folder.join("out.cubin"), &file])
            .output()
            .unwrap();
        let messages = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{architecture}: {messages}\n{}", kernel.ptx);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
