//! What every instruction of PTX means: a file for each family has the mnemonics it decodes, how,
//! and, of operations that are not rows of the interpreter's loop, what executes them.
//!
//! An instruction whose decoding consumes all its modifiers is supported; all others are refused
//! when a module is loaded.

mod arithmetic;
mod barrier;
mod bits;
mod branch;
mod bulk;
mod cache;
mod cluster;
mod comparison;
mod conversion;
mod copy;
mod fill;
mod float;
mod half;
mod integer;
mod issue;
mod logic;
mod matrix;
mod mbarrier;
mod memory;
mod moves;
mod multicast;
mod remote;
pub(crate) mod system;
mod vector;
mod video;
mod warp;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::decode::decoder::Decode;

static FAMILIES: &[&[(&str, Decode)]] = &[
    arithmetic::DECODINGS,
    barrier::DECODINGS,
    bits::DECODINGS,
    branch::DECODINGS,
    cache::DECODINGS,
    cluster::DECODINGS,
    comparison::DECODINGS,
    conversion::DECODINGS,
    copy::DECODINGS,
    float::DECODINGS,
    logic::DECODINGS,
    matrix::DECODINGS,
    mbarrier::DECODINGS,
    memory::DECODINGS,
    moves::DECODINGS,
    multicast::DECODINGS,
    video::DECODINGS,
    warp::DECODINGS,
];

static INDEX: LazyLock<HashMap<&str, Decode>> = LazyLock::new(|| {
    let mut index = HashMap::new();
    for &(name, decode) in FAMILIES.iter().copied().flatten() {
        let other = index.insert(name, decode);
        debug_assert!(other.is_none(), "`{name}` is in two families");
    }
    index
});

/// How an instruction of a mnemonic is decoded.
pub(crate) fn decoding(name: &str) -> Option<Decode> {
    INDEX.get(name).copied()
}
