//! What a launch may ask for: checked before it is made, so that each mistake is told in the words
//! of whoever made it.

use crossdock_device::launch::{Dim3, LaunchNeeds};

use crate::backend::LaunchOptions;
use crate::{Error, Result};

/// Blocks of a grid along x, y and z (CUDA programming guide, "Technical Specifications per Compute
/// Capability"; the same for every GPU that kernels are made for).
const MOST_BLOCKS: [u32; 3] = [i32::MAX as u32, 65_535, 65_535];
/// Blocks of a cluster on every GPU that has clusters (CUDA programming guide, "Thread Block
/// Clusters").
const MOST_BLOCKS_OF_A_CLUSTER: u64 = 8;

/// The block of a launch of the kernel `name` with this grid, on a GPU that has so many bytes of
/// shared memory for a block.
///
/// # Errors
/// [`Error::Launch`], [`Error::OutOfRange`] or [`Error::NotMultiple`] for what cannot be.
pub(super) fn check(
    name: &str,
    needs: &LaunchNeeds,
    grid: Dim3,
    options: LaunchOptions,
    shared_per_block: u32,
) -> Result<Dim3> {
    let refused = |problem| Error::Launch { kernel: name.to_owned(), problem };
    let problem = grid_problem(needs, grid).or_else(|| shared_problem(needs, options, shared_per_block));
    problem.map_or(Ok(()), |problem| Err(refused(problem)))?;
    let block = needs.block(options.block).map_err(refused)?;
    options.cluster.map_or(Ok(()), |cluster| check_cluster(grid, cluster))?;
    Ok(block)
}

fn grid_problem(needs: &LaunchNeeds, grid: Dim3) -> Option<String> {
    if grid.count() == 0 {
        return Some(format!("a grid of {grid} blocks is empty; every dimension is 1 at least"));
    }
    let axes = ["x", "y", "z"].into_iter().zip(grid.extents()).zip(MOST_BLOCKS);
    if let Some(((axis, blocks), most)) = axes.into_iter().find(|((_, blocks), most)| blocks > most) {
        return Some(format!(
            "a grid of {grid} has {blocks} blocks along {axis}; at most {most} are possible there"
        ));
    }
    let (used, stated) = (grid.dimensions(), needs.grid_dimensions);
    if used > stated {
        return Some(format!(
            "a grid of {grid} has {used} dimensions, and the kernel is made for {stated}; state `grid_dimensions = {used}` in \
             its `#[kernel(..)]`"
        ));
    }
    (grid.count() > u32::MAX.into())
        .then(|| format!("a grid of {grid} has {} blocks; at most {} have an index", grid.count(), u32::MAX))
}

fn shared_problem(needs: &LaunchNeeds, options: LaunchOptions, most: u32) -> Option<String> {
    let LaunchNeeds { shared_bytes, dynamic_shared_unit: unit, .. } = *needs;
    let bytes = options.dynamic_shared;
    match (unit, bytes) {
        (0, 0) => return None,
        (0, _) => {
            return Some(format!(
                "{bytes} bytes of dynamic shared memory were asked for, and the kernel has none; leave \
                 `LaunchOptions::dynamic_shared` out"
            ));
        }
        (_, 0) => {
            return Some(format!(
                "the kernel has dynamic shared memory, whose size is missing; state a multiple of {unit} bytes by \
                 `LaunchOptions::dynamic_shared` and `launch_with`"
            ));
        }
        _ => {}
    }
    if !bytes.is_multiple_of(unit) {
        let (below, above) = (bytes / unit * unit, u64::from(bytes).next_multiple_of(unit.into()));
        return Some(format!(
            "dynamic shared memory must be a multiple of {unit} bytes, the size of its elements; {bytes} is not, {below} and \
             {above} are"
        ));
    }
    let all = u64::from(shared_bytes) + u64::from(bytes);
    (all > most.into()).then(|| {
        let possible = most.saturating_sub(shared_bytes) / unit * unit;
        format!(
            "a block would take {all} bytes of shared memory, {shared_bytes} static and {bytes} dynamic; this GPU gives a block \
             {most}, so at most {possible} can be dynamic"
        )
    })
}

fn check_cluster(grid: Dim3, cluster: Dim3) -> Result<()> {
    if !(1..=MOST_BLOCKS_OF_A_CLUSTER).contains(&cluster.count()) {
        let (value, most) = (cluster.count(), MOST_BLOCKS_OF_A_CLUSTER);
        return Err(Error::OutOfRange { parameter: "the blocks of a cluster", value, least: 1, most });
    }
    let along =
        ["the blocks of a launch", "the blocks of a launch along y", "the blocks of a launch along z"];
    let axes = along.into_iter().zip(grid.extents()).zip(cluster.extents());
    match axes.into_iter().find(|((_, blocks), of)| !blocks.is_multiple_of(*of)) {
        None => Ok(()),
        Some(((parameter, blocks), of)) => {
            let (value, divisor) = (blocks as usize, of as usize);
            Err(Error::NotMultiple { parameter, value, of: "its cluster", divisor })
        }
    }
}
