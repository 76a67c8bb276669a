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
