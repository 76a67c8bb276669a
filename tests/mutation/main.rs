//! Every order, scope, fence, barrier and wait of every shipped image is needed: weaken or remove
//! any one of them, and the emulator must notice within a few schedules. A mutant that survives is
//! a gap of the emulator or of the cases, or something that a kernel can do without and that is
//! then removed.

mod cases;
mod kernels;
mod library;
mod mutant;
mod round;
mod table;
mod weakening;

use std::cmp::Ordering::{Equal, Greater, Less};
use std::collections::BTreeSet;

use cases::cases;
use crossdock::DeviceModule;
use kernels::Kernels;
use mutant::mutants;
use round::{Outcome, run};
use table::table;

/// Schedules that the test tries for each mutant and case; the thorough test tries 200.
const FEW: u64 = 8;
const MANY: u64 = 200;

#[test]
fn weakened_kernels_are_caught() {
    let (table, survivors) = table(FEW);
    insta::assert_snapshot!("few_schedules", table);
    assert!(survivors.is_empty(), "{survivors:#?}");
}

/// `cargo test --test mutation -- --ignored`: with many more schedules, in all of which the kernels
/// themselves must pass.
#[test]
#[ignore = "takes minutes"]
fn weakened_kernels_are_caught_in_many_schedules() {
    let (_, survivors) = table(MANY);
    assert!(survivors.is_empty(), "{survivors:#?}");
}

#[test]
fn every_shipped_kernel_is_mutated() {
    let shipped: BTreeSet<String> = DeviceModule::shipped()
        .iter()
        .flat_map(|(_, module)| module.link().expect("linked before").kernels())
        .map(|kernel| kernel.name.to_string())
        .collect();
    let mutated: BTreeSet<String> = cases()
        .iter()
        .flat_map(|case| {
            Kernels::new(case).ptx().into_iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(shipped, mutated);
}

#[test]
fn faults_come_out_as_the_cases_want_them() {
    let faults: Vec<String> = cases()
        .iter()
        .filter(|case| case.target == DeviceModule::shipped_targets()[0])
        .filter_map(|case| match run(case, &Kernels::new(case), 0).expect("the kernels work") {
            Outcome::Fault(fault) => Some(fault),
            Outcome::Rounds(_) => None,
        })
        .collect();
    insta::assert_snapshot!(faults.join("\n"), @r"
    overflow
    no such expert
    no such expert
    too many tokens
    late in layout
    late in begin_round
    late in combine
    out of step
    out of step
    ");
}

#[test]
fn mutants_differ_from_the_kernel_in_one_place() {
    let mut known = BTreeSet::new();
    for tried in cases() {
        for (name, text) in Kernels::new(&tried).ptx() {
            // Cases of one shape share their kernels.
            if !known.insert(text.to_owned()) {
                continue;
            }
            let canonical = crossdock_ptx::parse(text).expect("PTX").to_string();
            let lines: Vec<&str> = canonical.lines().collect();
            for mutant in mutants(text) {
                let mutated: Vec<&str> = mutant.text.lines().collect();
                let same = lines.iter().zip(&mutated).take_while(|(a, b)| a == b).count();
                let (added, removed) = match mutated.len().cmp(&lines.len()) {
                    Less => (0, 1),
                    Equal => (1, 1),
                    Greater => (1, 0),
                };
                assert!(same < lines.len(), "{name}: {}", mutant.change);
                assert_eq!(lines[same + removed..], mutated[same + added..], "{name}: {}", mutant.change);
            }
        }
    }
}

/// One instruction of every kind that has mutants, whether or not a shipped kernel has it.
const EVERY_KIND: &str = "
.version 8.6
.target sm_90a
.address_size 64
.visible .entry kinds(.param .u64 at)
{
    .reg .pred %p;
    .reg .b32 %r<4>;
    .reg .b64 %rd<4>;
    .shared .align 8 .b8 full[8];
    ld.param.u64 %rd1, [at];
    fence.sc.sys;
    fence.acq_rel.gpu;
    fence.proxy.async;
    fence.proxy.async.global;
    fence.mbarrier_init.release.cluster;
    membar.sys;
    membar.gl;
    ld.acquire.cluster.global.u32 %r1, [%rd1];
    ld.volatile.global.u32 %r1, [%rd1];
    ld.mmio.relaxed.sys.global.u32 %r1, [%rd1];
    st.release.gpu.global.u32 [%rd1], %r1;
    atom.acq_rel.sys.global.add.u32 %r1, [%rd1], 1;
    red.release.gpu.global.add.u32 [%rd1], 1;
    mbarrier.arrive.release.cta.shared::cta.b64 %rd2, [full];
    mbarrier.arrive.expect_tx.release.cta.shared::cta.b64 %rd2, [full], 16;
    mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [full], 16;
    mbarrier.try_wait.parity.acquire.cta.shared::cta.b64 %p, [full], 0;
    mbarrier.arrive.shared.b64 _, [full];
    mbarrier.test_wait.shared.b64 %p, [full], %rd2;
    cp.async.mbarrier.arrive.noinc.shared.b64 [full];
    cp.async.commit_group;
    cp.async.wait_group 0;
    cp.async.wait_all;
    cp.async.bulk.commit_group;
    cp.async.bulk.wait_group 0;
    cp.async.bulk.wait_group.read 1;
    bar.sync 0;
    bar.arrive 1, 64;
    bar.warp.sync -1;
    griddepcontrol.wait;
    ret;
}
";

#[test]
fn every_kind_of_synchronisation_has_mutants() {
    let changes: Vec<String> = mutants(EVERY_KIND).into_iter().map(|mutant| mutant.change).collect();
    insta::assert_snapshot!("every_kind", changes.join("\n"));
}
