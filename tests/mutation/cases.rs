//! The rounds that mutants are tried in: small, and such that they reach every instruction of every image.

use crossdock::host::Layout;
use crossdock::{DeviceModule, Float8, Fp8, Opaque, ScaleFormat, Shape, Wire};

/// What goes wrong in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    None,
    /// The last rank's routes name experts that do not exist: it leaves the round before it sends, and its peers wait for it.
    BadExperts,
    /// All ranks' routes do, each in several blocks.
    BadExpertsEverywhere,
    /// All ranks enqueue a round whose number of tokens, in device memory, is more than there is room for.
    TooManyTokens,
    /// The last rank ends, so that its peers wait for it, before this.
    EndsBefore(Step),
}

/// A step of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Dispatch,
    CachedDispatch,
    Combine,
}

/// Rounds with one dock: what they are like, and the tokens of each rank in each.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// What the kernels are made for.
    pub(crate) target: &'static str,
    pub(crate) shape: Shape,
    /// Rows of FP8 are bf16 that dispatch quantises.
    pub(crate) quantises: bool,
    pub(crate) layout: Layout,
    /// Rows that may arrive at a rank; `None` for as many as there can be.
    pub(crate) rows: Option<usize>,
    pub(crate) rounds: Vec<Vec<usize>>,
    pub(crate) trouble: Trouble,
}

/// For every target that is shipped: several blocks and warps of each GPU, two and three GPUs, all layouts, wires and side
/// tensors, rows that take a bulk copy more than one turn, buffers that are used again, and every fault that kernels report,
/// by several blocks at once.
pub(crate) fn cases() -> Vec<Case> {
    DeviceModule::shipped_targets().iter().flat_map(|target| cases_for(target)).collect()
}

fn cases_for(target: &'static str) -> Vec<Case> {
    let shape = |hidden, top_k, experts, wire| Shape { hidden, top_k, experts, wire };
    let plain = shape(64, 3, 6, Wire::Bf16);
    let by_expert = Layout::ByExpert { alignment: 2 };
    let (rounds, few) = (vec![vec![19, 9], vec![9, 17]], vec![vec![9, 3], vec![2, 5]]);
    let case = |layout, trouble| Case {
        target,
        shape: plain,
        quantises: false,
        layout,
        rows: None,
        rounds: rounds.clone(),
        trouble,
    };
    let of = |shape, layout| Case { shape, rounds: few.clone(), ..case(layout, Trouble::None) };
    let fp8 = |element, block, scale| Wire::Fp8(Fp8 { element, block, scale });
    let opaque = Wire::Opaque(Opaque { row_bytes: 48, sides: [5, 3, 0, 0] });
    vec![
        Case { rounds: vec![vec![19, 3, 9], vec![4, 17, 0]], ..case(Layout::BySource, Trouble::None) },
        case(by_expert, Trouble::None),
        Case {
            shape: shape(48, 2, 4, fp8(Float8::E4m3, 16, ScaleFormat::F32)),
            ..case(Layout::Masked { capacity: 28 }, Trouble::None)
        },
        Case { quantises: true, ..of(shape(96, 3, 6, fp8(Float8::E5m2, 32, ScaleFormat::Ue8m0)), by_expert) },
        Case {
            quantises: true,
            ..of(shape(48, 2, 4, fp8(Float8::E4m3, 16, ScaleFormat::PowerOfTwo)), Layout::BySource)
        },
        of(shape(64, 3, 6, opaque), by_expert),
        // 258 pieces of 16 bytes; a warp has room for 256.
        of(shape(2064, 3, 6, Wire::Bf16), by_expert),
        Case { rows: Some(3), ..case(Layout::BySource, Trouble::None) },
        case(by_expert, Trouble::BadExperts),
        case(Layout::BySource, Trouble::BadExpertsEverywhere),
        case(Layout::BySource, Trouble::TooManyTokens),
        case(Layout::BySource, Trouble::EndsBefore(Step::Dispatch)),
        case(Layout::BySource, Trouble::EndsBefore(Step::CachedDispatch)),
        case(Layout::BySource, Trouble::EndsBefore(Step::Combine)),
    ]
}
