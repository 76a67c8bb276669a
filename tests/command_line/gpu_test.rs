//! `crossdock gpu-test`: the lane for hardware, tested on virtual GPUs, and what it says where
//! there is no hardware.

use super::{crossdock, text};

#[test]
fn the_lane_passes_on_virtual_gpus() {
    let output = crossdock("gpu-test --backend emulator");
    let report = text(&output.stdout);
    assert!(output.status.success(), "{report}{}", text(&output.stderr));
    let list = crossdock("gpu-test --list");
    let tests = text(&list.stdout).lines().count();
    assert!(tests >= 60, "{tests}");
    assert!(report.starts_with(&format!("{tests} tests on virtual GPUs\n")), "{report}");
    // Virtual GPUs are in one process; everything else runs.
    let skipped = report.matches("\nskipped  processes: ").count();
    let passed = tests - skipped;
    assert_eq!((report.matches("\nok       ").count(), skipped), (passed, 2), "{report}");
    assert!(report.ends_with(&format!("\n{passed} passed, 0 failed, 2 skipped\n")), "{report}");
}

#[test]
fn without_a_gpu_the_tests_are_skipped_and_counted_or_refused() {
    let output = crossdock("gpu-test memory");
    let Err(error) = crossdock::host::gpus() else { return };
    let tests = text(&crossdock("gpu-test --list memory").stdout).lines().count();
    assert!(output.status.success());
    assert_eq!(text(&output.stdout), format!("skipped: {tests} tests, {error}\n"));
    let process = crossdock("gpu-test --process");
    assert_eq!(process.status.code(), Some(1), "it lacks the variables of a launcher");
    assert!(text(&process.stderr).contains("RANK"), "{}", text(&process.stderr));
    let output = crossdock("gpu-test --require-gpu");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains(&error.to_string()), "{}", text(&output.stderr));
}

#[test]
fn a_filter_that_fits_nothing_is_a_mistake() {
    let output = crossdock("gpu-test nonsense");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no test's name contains `nonsense`"), "{}", text(&output.stderr));
}
