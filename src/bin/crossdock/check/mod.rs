//! `crossdock check`: rounds of many shapes in many schedules, each verified, each finding with the
//! command that replays it.

pub(crate) mod arguments;
mod draw;
mod kernels;

use serde::Serialize;

use crate::check::arguments::CheckArguments;
use crate::console;
use crate::failure::Failure;
use crate::flags::Policy;
use crate::progress::Progress;
use crate::run;
use kernels::Replacements;

/// What went wrong in one run.
#[derive(Debug, Serialize)]
struct Finding {
    /// The seed of the run.
    seed: u64,
    /// The whole report.
    problem: String,
    /// The command that repeats the run.
    replay: String,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    /// Runs made.
    runs: u32,
    first_seed: u64,
    findings: Vec<Finding>,
}

/// Makes the runs and reports.
pub(crate) fn run(arguments: &CheckArguments) -> Result<(), Failure> {
    let replacements = Replacements::read(&arguments.ptx)?;
    let with = match arguments.policy {
        Policy::Fair => arguments.with.clone(),
        policy => format!("{} --policy {policy}", arguments.with).trim_start().to_owned(),
    };
    let fixed = draw::fixed(&with)?;
    let progress = Progress::steps(arguments.seeds.into());
    let mut findings = Vec::new();
    for number in 0..arguments.seeds {
        let seed = arguments.first_seed.wrapping_add(number.into());
        let flags = draw::flags(&fixed, seed);
        let round = draw::parse(&flags)?;
        let problem = match run::verify(&round, |set| replacements.apply(set)) {
            Ok(_) => None,
            // The same flags fail in the same way every time, so there is nothing to look for.
            Err(failure) if failure.exit_code() == 2 => return Err(failure),
            Err(failure) => Some(failure.to_string()),
        };
        if let Some(problem) = problem {
            let replay = replacements.replay(&flags, seed, &with);
            findings.push(Finding { seed, problem, replay });
        }
        progress.step(format!("{} found", findings.len()));
    }
    drop(progress);
    let report = Report { runs: arguments.seeds, first_seed: arguments.first_seed, findings };
    let text = if arguments.json {
        serde_json::to_string(&report).map_err(std::io::Error::from)? + "\n"
    } else {
        render(&report)
    };
    console::print(&text)?;
    match report.findings.len() {
        0 => Ok(()),
        found => Err(Failure::Findings { found, runs: report.runs }),
    }
}

fn render(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        text += &format!("seed {}: {}\n  replay: {}\n\n", finding.seed, finding.problem, finding.replay);
    }
    if report.findings.is_empty() {
        text += &format!("{} runs, nothing found\n", report.runs);
    }
    text
}
