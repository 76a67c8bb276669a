//! What `#[kernel(..)]` states: how a kernel is launched, and how many registers its threads have.

use std::fmt;

use crate::dim3::Dim3;

/// Threads of a warp.
const WARP: u32 = 32;
/// Threads of a block, on every GPU (CUDA C++ Programming Guide, "Technical Specifications per
/// Compute Capability").
const THREADS_OF_A_BLOCK: u64 = 1024;
/// Threads of a block along z (the same table).
const THREADS_ALONG_Z: u32 = 64;
/// 32-bit registers of a multiprocessor, all of which one block may have, on every target from
/// `sm_80` on (the same table).
const REGISTERS_OF_A_BLOCK: u64 = 65_536;

/// What `#[kernel(..)]` states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelAttributes {
    /// Threads of a block: `.reqntid`. `warps = n` is `threads = 32 * n`.
    pub block: Dim3,
    /// `max_threads`: a launch may have smaller blocks, of whole warps: `.maxntid`.
    pub block_is_most: bool,
    /// Dimensions of the grids that it is launched with, 1 to 3: in the others there is one block.
    pub grid_dimensions: u32,
    /// `.maxnreg`, when stated.
    pub max_registers: Option<u32>,
}

impl Default for KernelAttributes {
    /// One warp.
    fn default() -> KernelAttributes {
        let block = Dim3::from(WARP);
        KernelAttributes { block, block_is_most: false, grid_dimensions: 1, max_registers: None }
    }
}

/// As Rust and the text form write it: `warps = 8, grid_dimensions = 2`, or `threads = (16, 16)`.
impl fmt::Display for KernelAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.block_is_most { "max_threads" } else { "threads" };
        match (self.flat_warps().filter(|_| !self.block_is_most), self.block) {
            (Some(warps), _) => write!(f, "warps = {warps}")?,
            (None, Dim3 { x, y: 1, z: 1 }) => write!(f, "{name} = {x}")?,
            (None, Dim3 { x, y, z: 1 }) => write!(f, "{name} = ({x}, {y})")?,
            (None, Dim3 { x, y, z }) => write!(f, "{name} = ({x}, {y}, {z})")?,
        }
        if self.grid_dimensions != 1 {
            write!(f, ", grid_dimensions = {}", self.grid_dimensions)?;
        }
        self.max_registers.map_or(Ok(()), |registers| write!(f, ", max_registers = {registers}"))
    }
}

impl KernelAttributes {
    /// Threads of a block in all; with `max_threads`, at most.
    pub fn threads(&self) -> u32 {
        u32::try_from(self.block.count()).unwrap_or(u32::MAX)
    }

    /// Warps of a block in all; with `max_threads`, at most.
    pub fn warps(&self) -> u32 {
        self.threads() / WARP
    }

    /// The warps of a block that has one dimension.
    fn flat_warps(&self) -> Option<u32> {
        let is_flat = self.block.dimensions() == 1 && self.block.x.is_multiple_of(WARP);
        is_flat.then_some(self.block.x / WARP)
    }

    /// A sentence, if no launch can be as is stated.
    pub(crate) fn mistake(&self) -> Option<String> {
        if let Some(warps) = self.flat_warps()
            && !(1..=32).contains(&warps)
        {
            return Some(format!("a block has 1 to 32 warps: {warps} is not allowed"));
        }
        if let Some(message) = block_mistake(self.block) {
            return Some(message);
        }
        if !(1..=3).contains(&self.grid_dimensions) {
            return Some(format!("a grid has 1 to 3 dimensions: {} is not allowed", self.grid_dimensions));
        }
        self.registers_beyond_a_block()
    }

    /// A sentence, if a block needs more registers than there are. A thread's registers are given
    /// out by eights.
    fn registers_beyond_a_block(&self) -> Option<String> {
        let (warps, most) = (u64::from(self.warps()), u64::from(self.max_registers?));
        let needed = warps * 32 * most.next_multiple_of(8);
        let possible = (REGISTERS_OF_A_BLOCK / (warps.max(1) * 32)) & !7;
        (needed > REGISTERS_OF_A_BLOCK).then(|| {
            format!(
                "{warps} warps with {most} registers per thread need {needed} registers, and a block has at most \
                 {REGISTERS_OF_A_BLOCK}: write `max_registers = {possible}` or fewer warps"
            )
        })
    }
}

/// A sentence, if no block can have this shape.
pub(crate) fn block_mistake(block: Dim3) -> Option<String> {
    let threads = block.count();
    if threads == 0 {
        return Some(format!("a block of {block} threads is empty: every dimension is 1 at least"));
    }
    if block.z > THREADS_ALONG_Z {
        let z = block.z;
        return Some(format!("a block has at most {THREADS_ALONG_Z} threads along z: {z} is not allowed"));
    }
    if threads > THREADS_OF_A_BLOCK {
        return Some(format!(
            "a block has at most {THREADS_OF_A_BLOCK} threads: {block} = {threads} is not allowed"
        ));
    }
    (!threads.is_multiple_of(WARP.into())).then(|| {
        format!(
            "a block is whole warps of {WARP} threads: {block} = {threads} is no multiple of {WARP}, so enlarge a \
             dimension and let the threads beyond the data do nothing"
        )
    })
}
