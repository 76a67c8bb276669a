//! What whoever writes or specialises a kernel is told: one file per rule, named after it, and
//! beside it what rustc prints.
//!
//! `TRYBUILD=overwrite cargo test -p crossdock-device --test ui` writes the expectations anew.

#[test]
fn every_mistake_gets_its_sentence() {
    trybuild::TestCases::new().compile_fail("tests/ui/*/*.rs");
}
