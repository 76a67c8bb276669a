//! A launch between the host's call and its report.

use std::sync::Arc;

use crate::code::{Code, LaneMask, Preset};
use crate::counters::Counters;
use crate::execute::{Operation, Private};
use crate::gpu::Demand;
use crate::memory::Region;
use crate::register::Registers;
use crate::report::Report;
use crate::residency::Residency;
use crate::warp::Warp;

/// An enqueued or running launch, or the report of a finished one.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) code: Arc<Code>,
    pub(crate) operations: Arc<[Box<dyn Operation>]>,
    pub(crate) gpu: usize,
    pub(crate) grid: [u32; 3],
    pub(crate) block: [u32; 3],
    /// Blocks of a cluster in x, y and z, and whether the launch or the kernel named them.
    pub(crate) cluster: [u32; 3],
    pub(crate) explicit_cluster: bool,
    pub(crate) dynamic_shared: u32,
    pub(crate) parameters: Region,
    /// Addresses on this GPU of the module's variables.
    pub(crate) variables: Arc<Vec<u64>>,
    /// The words of the grid-wide barrier; 0 if the kernel has none.
    pub(crate) grid_workspace: u64,
    pub(crate) counters: Counters,
    /// Blocks that have started.
    pub(crate) started: u64,
    /// Blocks that have exited.
    pub(crate) finished: u64,
    /// Agents that its warps issued and that are not finished.
    pub(crate) agents: u32,
    pub(crate) residency: Residency,
    pub(crate) report: Option<Report>,
    /// Launches of its GPU that end before it starts, besides those of its stream.
    pub(crate) after: Vec<usize>,
    /// What its threads printed.
    pub(crate) printed: String,
}

impl Pending {
    pub(crate) fn blocks(&self) -> u64 {
        self.grid.iter().map(|&extent| u64::from(extent)).product()
    }

    pub(crate) fn threads(&self) -> u32 {
        self.block.iter().product()
    }

    /// Where dynamic shared memory starts.
    fn dynamic_offset(&self) -> u32 {
        self.code.shared_bytes.next_multiple_of(self.code.shared_align.max(16))
    }

    pub(crate) fn shared(&self) -> u32 {
        if self.dynamic_shared == 0 {
            self.code.shared_bytes
        } else {
            self.dynamic_offset() + self.dynamic_shared
        }
    }

    pub(crate) fn demand(&self) -> Demand {
        Demand::new(self.threads(), self.shared())
    }

    pub(crate) fn blocks_of_cluster(&self) -> u32 {
        self.cluster.iter().product()
    }

    /// The rank of a block in its cluster.
    pub(crate) fn rank(&self, index: [u32; 3]) -> u32 {
        let [x, y, z] = [0, 1, 2].map(|axis| index[axis] % self.cluster[axis]);
        x + self.cluster[0] * (y + self.cluster[1] * z)
    }

    /// The index of a block in the grid from its number: the blocks of a cluster follow each other.
    pub(crate) fn block_index(&self, number: u64) -> [u32; 3] {
        let blocks = u64::from(self.blocks_of_cluster());
        let clusters = [0, 1, 2].map(|axis| self.grid[axis] / self.cluster[axis]);
        let cluster = position(number / blocks, clusters);
        let inside = position(number % blocks, self.cluster);
        [0, 1, 2].map(|axis| cluster[axis] * self.cluster[axis] + inside[axis])
    }

    /// A warp of a block, ready to start.
    pub(crate) fn warp(
        &self,
        slot: usize,
        ticket: usize,
        index: [u32; 3],
        warp: u32,
        sm: usize,
        sms: u32,
    ) -> Warp {
        let code = &self.code;
        let mut registers = Registers::new(code.words, code.longs, code.predicates);
        let threads = self.threads();
        let value = |preset: Preset, lane: u32| -> u64 {
            let thread = warp * 32 + lane;
            let [width, height, _] = self.block;
            match preset {
                Preset::Constant(value) => value,
                Preset::Variable(index, offset) => self.variables[index].wrapping_add(offset as u64),
                Preset::DynamicShared(offset) => u64::from(self.dynamic_offset()).wrapping_add(offset as u64),
                Preset::Thread(0) => u64::from(thread % width),
                Preset::Thread(1) => u64::from(thread / width % height),
                Preset::Thread(_) => u64::from(thread / (width * height)),
                Preset::BlockSize(axis) => u64::from(self.block[axis]),
                Preset::Block(axis) => u64::from(index[axis]),
                Preset::Grid(axis) => u64::from(self.grid[axis]),
                Preset::Lane => u64::from(lane),
                Preset::Warp => u64::from(warp),
                Preset::Warps => u64::from(threads.div_ceil(32)),
                Preset::Sm => sm as u64,
                Preset::Sms => u64::from(sms),
                Preset::GridId => ticket as u64,
                Preset::LaneMask(kind) => {
                    let own = 1u64 << lane;
                    u64::from(match kind {
                        LaneMask::Equal => own as u32,
                        LaneMask::Less => (own - 1) as u32,
                        LaneMask::LessEqual => (own * 2 - 1) as u32,
                        LaneMask::Greater => !(own * 2 - 1) as u32,
                        LaneMask::GreaterEqual => !(own - 1) as u32,
                    })
                }
                Preset::GridWorkspace(half) => self.grid_workspace >> (32 * half) & 0xffff_ffff,
                Preset::DynamicSharedBytes => u64::from(self.dynamic_shared),
                Preset::TotalSharedBytes => u64::from(self.shared()),
                Preset::Cluster(axis) => u64::from(index[axis] / self.cluster[axis]),
                Preset::Clusters(axis) => u64::from(self.grid[axis] / self.cluster[axis]),
                Preset::BlockInCluster(axis) => u64::from(index[axis] % self.cluster[axis]),
                Preset::ClusterSize(axis) => u64::from(self.cluster[axis]),
                Preset::RankInCluster => u64::from(self.rank(index)),
                Preset::BlocksOfCluster => u64::from(self.blocks_of_cluster()),
                Preset::ExplicitCluster => u64::from(self.explicit_cluster),
            }
        };
        for &(slot, preset) in &code.word_presets {
            registers.words[usize::from(slot)].0 =
                std::array::from_fn(|lane| value(preset, lane as u32) as u32);
        }
        for &(slot, preset) in &code.long_presets {
            registers.longs[usize::from(slot)].0 = std::array::from_fn(|lane| value(preset, lane as u32));
        }
        let lanes = threads - warp * 32;
        let mask = if lanes >= 32 { u32::MAX } else { (1 << lanes) - 1 };
        let local_bytes = code.local_bytes().next_multiple_of(16) as usize;
        let private = Private::new(local_bytes);
        Warp::new(slot, warp, mask, registers, private)
    }
}

/// Where something is in a box of some extents, from its number.
fn position(number: u64, extents: [u32; 3]) -> [u32; 3] {
    let (x, y) = (u64::from(extents[0]), u64::from(extents[1]));
    [(number % x) as u32, (number / x % y) as u32, (number / (x * y)) as u32]
}
