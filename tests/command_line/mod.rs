//! The command-line tool as a user meets it: exit codes, messages, files, JSON.

mod bad_input;
mod bench;
mod check;
mod device_files;
mod documented;
mod exec;
mod files;
mod gpu_test;
mod runs;

use std::path::Path;
use std::process::Output;

/// Runs the tool in `folder` with blank-separated arguments.
fn crossdock_in(folder: &Path, arguments: &str) -> Output {
    assert_cmd::cargo::cargo_bin_cmd!("crossdock")
        .current_dir(folder)
        .args(arguments.split_whitespace())
        .output()
        .expect("the tool starts")
}

fn crossdock(arguments: &str) -> Output {
    crossdock_in(Path::new("."), arguments)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the tool writes UTF-8")
}

/// The JSON object of a run that must be verified.
fn verified_in(folder: &Path, arguments: &str) -> serde_json::Value {
    let output = crossdock_in(folder, &format!("run --json {arguments}"));
    assert!(output.status.success(), "{arguments}: {}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "", "{arguments}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(report["verified"], true, "{arguments}");
    report
}

fn verified(arguments: &str) -> serde_json::Value {
    verified_in(Path::new("."), arguments)
}
