//! `crossdock check`: runs, findings, and kernels from files.

use std::path::Path;

use serde_json::Value;

use super::{crossdock, crossdock_in, text, verified};

const SHAPE: &str = "--gpus-per-node 3 --hidden 48 --experts 6 --top-k 2 --wire bf16";

/// The JSON report of a check in `folder`, and the exit code.
fn checked(folder: &Path, arguments: &[&str]) -> (Value, Option<i32>) {
    let output = assert_cmd::cargo::cargo_bin_cmd!("crossdock")
        .current_dir(folder)
        .args(["check", "--json"])
        .args(arguments)
        .output()
        .expect("the tool starts");
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)));
    (report, output.status.code())
}

#[test]
fn our_kernels_pass() {
    let (report, code) = checked(Path::new("."), &["--seeds", "40"]);
    assert_eq!(report["findings"], Value::Array(Vec::new()));
    assert_eq!((report["runs"].as_u64(), code), (Some(40), Some(0)));
    let output = crossdock("check --seeds 3");
    assert_eq!(text(&output.stdout), "3 runs, nothing found\n");
}

#[test]
fn a_kernel_that_never_announces_is_found_and_replayed() {
    let folder = tempfile::tempdir().expect("a folder");
    let shape = "--hidden 48 --experts 6 --top-k 2";
    let original = crossdock(&format!("ptx --kernel count {shape}"));
    let original = text(&original.stdout);
    let broken: String = original
        .lines()
        .filter(|line| !line.contains("st.release.sys"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_ne!(broken, original);
    std::fs::write(folder.path().join("broken.ptx"), &broken).expect("a file");
    std::fs::write(folder.path().join("same.ptx"), original).expect("a file");

    let (report, code) = checked(folder.path(), &["--seeds", "2", "--with", SHAPE, "--ptx", "broken.ptx"]);
    assert_eq!(code, Some(1));
    let findings = report["findings"].as_array().expect("findings");
    assert_eq!(findings.len(), 2);
    for finding in findings {
        let problem = finding["problem"].as_str().expect("a sentence");
        assert!(problem.contains("layout waited"), "{problem}");
        let replay = finding["replay"].as_str().expect("a command");
        assert!(replay.contains("--ptx broken.ptx") && replay.contains(SHAPE), "{replay}");
    }
    let (report, code) = checked(folder.path(), &["--seeds", "2", "--with", SHAPE, "--ptx", "same.ptx"]);
    assert_eq!((code, report["findings"].as_array().map(Vec::len)), (Some(0), Some(0)));
}

#[test]
fn bad_input_is_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("other.ptx"), ".visible .entry other() { ret; }").expect("a file");
    for (arguments, sentence) in [
        ("check --seeds 0", "1..=1000000"),
        ("check --with --no-such-flag", "--no-such-flag"),
        ("check --with --schedule-seed=3", "runs have their own"),
        ("check --ptx missing.ptx", "missing.ptx"),
        ("check --ptx other.ptx", "has no entry named count, layout, dispatch, combine"),
    ] {
        let output = crossdock_in(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments}");
        assert!(text(&output.stderr).contains(sentence), "{arguments}: {}", text(&output.stderr));
    }
}

#[test]
fn selections_may_be_missing() {
    verified("--gpus-per-node 3 --tokens 9 --hidden 16 --experts 6 --top-k 4 --routing sparse:0.5");
}

#[test]
fn counters_and_estimates_are_in_the_report() {
    let report = verified("--gpus-per-node 2 --tokens 9 --hidden 64 --experts 4 --top-k 2 --model h200");
    for stage in ["dispatch", "combine"] {
        let activity = &report[stage]["activity"];
        let classes = activity["instructions"].as_object().expect("classes");
        let sum: u64 = classes.values().filter_map(Value::as_u64).sum();
        assert_eq!(Some(sum), report[stage]["warp_instructions"].as_u64());
        let number =
            |path: &str| activity.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{path}"));
        assert!(number("/loads/sectors") >= number("/loads/requests") && number("/loads/requests") > 0.0);
        assert!((0.0..=1.0).contains(&number("/occupancy")));
        assert!(number("/barrier_waits/count") > 0.0);
    }
    let estimate = &report["estimate"];
    assert_eq!(estimate["model"], "H200 SXM");
    let launches = estimate["launches"].as_array().expect("launches");
    assert_eq!(launches.len(), 4);
    let sum: f64 = launches.iter().filter_map(|launch| launch["microseconds"].as_f64()).sum();
    let stages = ["dispatch_microseconds", "combine_microseconds"].map(|stage| estimate[stage].as_f64());
    assert!((sum - stages.iter().flatten().sum::<f64>()).abs() < 1e-9, "{estimate}");
    let output = crossdock("run --model no-such-gpu");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_trace_has_slices_of_every_gpu_and_ends_with_the_bytes_of_the_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let shape = "--gpus-per-node 2 --tokens 5 --hidden 64 --experts 4 --top-k 2";
    let report = super::verified_in(folder.path(), &format!("{shape} --trace trace.json"));
    let untraced = verified(shape);
    assert_eq!(report["hash"], untraced["hash"]);
    assert_eq!(report["dispatch"]["activity"], untraced["dispatch"]["activity"], "recording changes nothing");
    let text = std::fs::read_to_string(folder.path().join("trace.json")).expect("a file");
    let trace: Value = serde_json::from_str(&text).expect("JSON");
    let events = trace["traceEvents"].as_array().expect("events");
    for gpu in 0..2 {
        for kernel in ["count", "layout", "dispatch", "combine"] {
            let launches = events.iter().filter(|event| event["name"] == kernel && event["pid"] == gpu);
            assert_eq!(launches.count(), 1, "{kernel} on GPU {gpu}");
        }
    }
    let last = |gpu: usize| {
        let name = format!("NVLink bytes to and from GPU {}", 1 - gpu);
        let sample = events.iter().rfind(|event| event["name"] == name.as_str() && event["pid"] == gpu);
        let moved = &sample.expect("a sample")["args"];
        moved["read"].as_u64().expect("bytes") + moved["written"].as_u64().expect("bytes")
    };
    let total =
        ["dispatch", "combine"].map(|stage| report[stage]["bytes"]["nvlink"].as_u64().expect("bytes"));
    assert_eq!(last(0) + last(1), total.iter().sum::<u64>());
}
