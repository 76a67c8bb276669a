//! Operations that PTX provides directly. One table says everything about each of them: its
//! spelling in Rust and in the text form, operands and result, effects, cost, the threads it needs,
//! and its value for constant operands.
//!
//! The front end, the text form, the validator, the cost model, the uniformity analysis and
//! constant folding read the table and know no operation by name. A row that lacks a column does
//! not compile.

mod columns;
mod fold;
pub(crate) mod hint;
pub(crate) mod parameters;
mod table;

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

pub use columns::{Call, Content, Cost, Kind, Name, Reach, Row, Threads};
pub(crate) use fold::Known;
pub use table::Intrinsic;

/// The operations by their names. Those that differ in order and scope only have one name.
static NAMES: LazyLock<FxHashMap<String, Intrinsic>> = LazyLock::new(|| {
    let mut names = FxHashMap::default();
    for intrinsic in Intrinsic::all() {
        names.entry(intrinsic.row().name.to_string()).or_insert(*intrinsic);
    }
    names
});

/// The operations by their names in Rust.
static WRITTEN: LazyLock<FxHashMap<(Call, String), Intrinsic>> = LazyLock::new(|| {
    let mut names = FxHashMap::default();
    for intrinsic in Intrinsic::all() {
        let row = intrinsic.row();
        names.entry((row.call, row.rust_name())).or_insert(*intrinsic);
    }
    names
});

impl Intrinsic {
    /// The operation of that name; the first of those that differ in order and scope.
    pub fn named(name: &str) -> Option<Intrinsic> {
        NAMES.get(name).copied()
    }

    /// The operation that Rust code writes so; the first of those that differ in what else is
    /// written in a call.
    pub(crate) fn written(call: Call, name: &str) -> Option<Intrinsic> {
        WRITTEN.get(&(call, name.to_string())).copied()
    }

    /// Every operation, with every combination of parameters that PTX has.
    pub fn all() -> &'static [Intrinsic] {
        static ALL: LazyLock<Vec<Intrinsic>> = LazyLock::new(Intrinsic::enumerate);
        &ALL
    }
}
