//! The report for people.

use comfy_table::Table;
use crossdock::host::planning::KernelSms;
use crossdock_trial::model::Estimate;

use super::report::{Link, PlanReport, Report, Stage};
use super::rounding::Rounded;
use crate::console::{right_aligned, table};

/// Tables per rank and per stage, times, hash, verdict.
pub(super) fn render(report: &Report) -> String {
    let Report { ranks, tokens, hidden, top_k, experts, wire, expert, .. } = report;
    let seconds = &report.seconds;
    format!(
        "{ranks} rank(s), {tokens} tokens{}, hidden {hidden}, top-{top_k} of {experts} {expert} experts, {wire}\n{}{}{}\n{}\n\n{}\n\n{}\
         seconds: host {:.3}, specialise {:.3}, emulate {:.3}\nhash: {}\n{}\n",
        if tokens.are_even() { " each" } else { "" },
        report.rounded.map(rounded).unwrap_or_default(),
        router(report),
        plan(report),
        per_rank(report),
        per_stage(report),
        report.estimate.as_ref().map(estimated).unwrap_or_default(),
        seconds.host,
        seconds.specialise,
        seconds.emulate,
        report.hash,
        if report.verified { "verified" } else { "NOT verified" },
    )
}

/// A line about activations that the wire does not take as they are.
fn rounded(rounded: Rounded) -> String {
    let Rounded { activations, of, largest_relative_error } = rounded;
    format!(
        "rounded to bf16: {} of {} activations, by at most {:.2} %\n",
        grouped(activations as u64),
        grouped(of as u64),
        100.0 * largest_relative_error
    )
}

/// A line about the router's kernel, if it ran.
fn router(report: &Report) -> String {
    report.router.as_ref().map_or(String::new(), |router| {
        let instructions = counted(router.warp_instructions);
        format!(
            "{} router: {} of {} groups, {instructions} warp instructions\n",
            router.score, router.top_groups, router.groups
        )
    })
}

/// A line about what the kernels take of each GPU.
fn plan(report: &Report) -> String {
    let share = |name: &str, share: &KernelSms| {
        let KernelSms { multiprocessors, warps, bottleneck } = share;
        format!("{name} {multiprocessors} multiprocessors with {warps} warps ({bottleneck})")
    };
    let PlanReport { dispatch, combine } = &report.plan;
    format!("at most: {}, {}\n", share("dispatch", dispatch), share("combine", combine))
}

fn per_rank(report: &Report) -> Table {
    let mut table = table([
        "rank",
        "tokens sent",
        "rows sent",
        "rows received",
        "per expert\nmin / median / max",
        "dispatch\nbytes per link",
        "combine\nbytes per link",
    ]);
    for rank in &report.per_rank {
        let spread = &rank.per_expert;
        table.add_row([
            rank.rank.to_string(),
            grouped(rank.tokens_sent as u64),
            grouped(rank.rows_sent as u64),
            grouped(rank.rows_received as u64),
            format!("{} / {} / {}", spread.minimum, spread.median, spread.maximum),
            range(&rank.links, |link| link.dispatch),
            range(&rank.links, |link| link.combine),
        ]);
    }
    right_aligned(table, 0)
}

fn per_stage(report: &Report) -> Table {
    let mut table =
        table(["stage", "rows", "warp instructions", "NVLink bytes", "at least", "HBM bytes", "at least"]);
    let mut add = |name: &str, stage: &Stage| {
        table.add_row([
            name.to_owned(),
            grouped(stage.rows),
            counted(stage.warp_instructions),
            counted(stage.bytes.nvlink),
            grouped(stage.bytes.nvlink_bound),
            counted(stage.bytes.hbm),
            grouped(stage.bytes.hbm_bound),
        ]);
    };
    add("dispatch", &report.dispatch);
    add("combine", &report.combine);
    right_aligned(table, 0)
}

/// What the model says, with a line that sums it up.
fn estimated(estimate: &Estimate) -> String {
    let mut table =
        table(["kernel", "microseconds", "bound by", "fixed", "issue", "HBM", "NVLink", "latency"]);
    for launch in &estimate.launches {
        let part = |name: &str| launch.resources.get(name).copied().unwrap_or(0.0);
        table.add_row([
            launch.kernel.clone(),
            format!("{:.1}", launch.microseconds),
            launch.bound.to_owned(),
            format!("{:.1}", launch.fixed),
            format!("{:.1}", part("issue")),
            format!("{:.1}", part("hbm")),
            format!("{:.1}", part("nvlink").max(part("nvlink pair"))),
            format!("{:.1}", part("latency")),
        ]);
    }
    format!(
        "{}\n\nestimated on {}: dispatch {:.1} us, combine {:.1} us\n\n",
        right_aligned(table, 0),
        estimate.model,
        estimate.dispatch_microseconds,
        estimate.combine_microseconds
    )
}

/// The least and the most over a rank's links.
fn range(links: &[Link], bytes: impl Fn(&Link) -> u64) -> String {
    match (links.iter().map(&bytes).min(), links.iter().map(&bytes).max()) {
        (Some(least), Some(most)) if least == most => grouped(most),
        (Some(least), Some(most)) => format!("{} to {}", grouped(least), grouped(most)),
        _ => "no link".into(),
    }
}

fn counted(count: Option<u64>) -> String {
    count.map_or_else(|| "not counted".into(), grouped)
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_from_the_right() {
        assert_eq!([0, 999, 1000, 1234567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
