//! The rounds that mutants are tried in: small, and such that they reach every instruction of every
//! image.

use crossdock::host::Layout;
use crossdock::{DeviceModule, Float8, Fp8, Opaque, ScaleFormat, Wire};
use crossdock_trial::{Case, Choice};

/// What goes wrong in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    None,
    /// The last rank's routes name experts that do not exist: it leaves the round before it sends,
    /// and tells its peers, which wait for it.
    BadExperts,
    /// All ranks' routes do, each in several blocks.
    BadExpertsEverywhere,
    /// All ranks enqueue a round whose number of tokens, in device memory, is more than there is
    /// room for.
    TooManyTokens,
    /// The last rank ends, so that its peers wait for it, before this.
    EndsBefore(Step),
    /// The last rank does not combine but begins the next round by this, so that its peers wait for
    /// it and it for them.
    SkipsCombineFor(Step),
}

/// A step of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Dispatch,
    CachedDispatch,
    Combine,
}

/// Rounds with one dock, and what goes wrong in them.
#[derive(Clone, Debug)]
pub(crate) struct Tried {
    /// What the kernels are made for.
    pub(crate) target: &'static str,
    pub(crate) case: Case,
    /// Rows that may arrive at a rank; `None` for as many as there can be.
    pub(crate) rows: Option<usize>,
    pub(crate) trouble: Trouble,
}

/// For every target that is shipped: several blocks and warps of each GPU, two and three GPUs, all
/// layouts, wires and side tensors, rows that take a bulk copy more than one turn, buffers that are
/// used again, and every fault that kernels report, by several blocks at once.
pub(crate) fn cases() -> Vec<Tried> {
    DeviceModule::shipped_targets().iter().flat_map(|target| cases_for(target)).collect()
}

fn cases_for(target: &'static str) -> Vec<Tried> {
    let shape = |hidden, top_k, wire| Case {
        experts_per_rank: top_k,
        top_k,
        hidden,
        wire,
        choice: Choice::Sparse,
        rounds: vec![vec![9, 3], vec![2, 5]],
        ..Case::default()
    };
    let with =
        |case: Case, layout, trouble| Tried { target, case: Case { layout, ..case }, rows: None, trouble };
    let rounds = vec![vec![19, 9], vec![9, 17]];
    let plain =
        |layout, trouble| with(Case { rounds: rounds.clone(), ..shape(64, 3, Wire::Bf16) }, layout, trouble);
    let few = |case: Case, layout| with(case, layout, Trouble::None);
    let by_expert = Layout::ByExpert { alignment: 2 };
    let fp8 = |element, block, scale| Wire::Fp8(Fp8 { element, block, scale });
    let opaque = Wire::Opaque(Opaque { row_bytes: 48, sides: [5, 3, 0, 0] });
    let three = vec![vec![19, 3, 9], vec![4, 17, 0]];
    let narrow = |element, scale| shape(48, 2, fp8(element, 16, scale));
    let codes = Case { rounds: rounds.clone(), ..narrow(Float8::E4m3, ScaleFormat::F32) };
    let exponents = shape(96, 3, fp8(Float8::E5m2, 32, ScaleFormat::Ue8m0));
    let powers = narrow(Float8::E4m3, ScaleFormat::PowerOfTwo);
    vec![
        few(Case { rounds: three, experts_per_rank: 2, ..shape(64, 3, Wire::Bf16) }, Layout::BySource),
        plain(by_expert, Trouble::None),
        few(codes, Layout::Masked { capacity: 28 }),
        few(Case { quantises: true, ..exponents }, by_expert),
        few(Case { quantises: true, ..powers }, Layout::BySource),
        few(shape(64, 3, opaque), by_expert),
        // 258 pieces of 16 bytes; a warp has room for 256.
        few(shape(2064, 3, Wire::Bf16), by_expert),
        Tried { rows: Some(3), ..plain(Layout::BySource, Trouble::None) },
        plain(by_expert, Trouble::BadExperts),
        plain(Layout::BySource, Trouble::BadExpertsEverywhere),
        plain(Layout::BySource, Trouble::TooManyTokens),
        plain(Layout::BySource, Trouble::EndsBefore(Step::Dispatch)),
        plain(Layout::BySource, Trouble::EndsBefore(Step::CachedDispatch)),
        plain(Layout::BySource, Trouble::EndsBefore(Step::Combine)),
        plain(Layout::BySource, Trouble::SkipsCombineFor(Step::Dispatch)),
        plain(Layout::BySource, Trouble::SkipsCombineFor(Step::CachedDispatch)),
    ]
}
