//! Runs a case on virtual GPUs and holds every array, and every byte that crosses a link, against
//! what it must be.

use crossdock::host::report::StageReport;
use crossdock_trial::bytes::{Moved, RoundBytes};
use crossdock_trial::{Case, Routes, Verified};

/// A target without bulk copies and one with them: two ways for rows, the same bytes.
pub(crate) const TARGETS: [&str; 2] = ["sm_80", "sm_90"];

/// Panics at the first array of any rank and round that is not as the reference says, whatever the
/// target.
pub(crate) fn agrees_with_the_reference(case: &Case) {
    for target in TARGETS {
        agrees_for(case, target);
    }
}

/// The same for kernels of one target.
pub(crate) fn agrees_for(case: &Case, target: &str) {
    let rounds = case.verify(target).unwrap_or_else(|error| panic!("{case:?}, {target}: {error}"));
    for (number, Verified { trial, outcomes, .. }) in rounds.iter().enumerate() {
        let routes: Vec<Routes> = trial.ranks.iter().map(|rank| rank.routes.clone()).collect();
        let quantises = trial.is_quantised_by_dispatch();
        let bytes = RoundBytes::new(&trial.shape, trial.layout, quantises, &routes);
        for (rank, outcome) in outcomes.iter().enumerate() {
            let crossed = |what: &str, stage: &StageReport, moved: &Moved| {
                let links = stage.counters().expect("virtual GPUs count").traffic.nvlink;
                let links = links.into_iter().map(|(peer, link)| (peer, link.read + link.written));
                let place = format!("{case:?}, {target}: round {number}, rank {rank}, bytes of {what}");
                assert_eq!(links.collect::<std::collections::BTreeMap<_, _>>(), moved.links, "{place}");
            };
            crossed("dispatch", &outcome.report.dispatch, &bytes.dispatch[rank]);
            crossed("combine", &outcome.report.combine, &bytes.combine[rank]);
        }
    }
}
