//! `crossdock`: runs rounds and verifies them, measures them, prints kernels as PTX, says what the
//! machine has.

mod arguments;
mod bench;
mod budget;
mod check;
mod console;
mod demand;
mod doctor;
mod exec;
mod failure;
mod files;
mod flags;
mod gpu_test;
mod log;
mod progress;
mod ptx;
mod run;
mod trace;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};

fn main() -> ExitCode {
    log::start();
    let result = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Ptx(arguments) => ptx::run(&arguments),
        Command::Exec(arguments) => exec::run(&arguments),
        Command::GpuTest(arguments) => gpu_test::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            console::complain(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
