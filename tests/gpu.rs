//! The GPU lane as a test of its own: on a machine with NVIDIA GPUs, all of `crossdock gpu-test`;
//! elsewhere one line that says how many tests were skipped. It has no test harness, which would
//! keep that line from those who run `cargo test`.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    // Tools that list tests find none here; there is one program, and it names its tests itself.
    if arguments.any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    match Command::new(env!("CARGO_BIN_EXE_crossdock")).arg("gpu-test").status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => {
            eprintln!("the GPU lane failed: {status}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("the GPU lane did not start: {error}");
            ExitCode::FAILURE
        }
    }
}
