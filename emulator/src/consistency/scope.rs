//! Which threads a scope contains (PTX ISA section 8.5).

use crate::op::Scope;

/// Where a thread runs, as far as scopes can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) gpu: usize,
    /// Different for every cluster of a run.
    pub(crate) cluster: u32,
    /// Different for every block of a run.
    pub(crate) block: u32,
}

/// Whether the scope of an operation at `from` contains the threads at `to`.
fn contains(scope: Scope, from: Place, to: Place) -> bool {
    match scope {
        Scope::Block => from.block == to.block,
        Scope::Cluster => from.cluster == to.cluster,
        Scope::Gpu => from.gpu == to.gpu,
        Scope::System => true,
    }
}

/// The smallest scope that contains both.
pub(crate) fn between(a: Place, b: Place) -> Scope {
    if a.block == b.block {
        Scope::Block
    } else if a.cluster == b.cluster {
        Scope::Cluster
    } else if a.gpu == b.gpu {
        Scope::Gpu
    } else {
        Scope::System
    }
}

/// Whether each of two strong operations names a scope that contains the other's thread.
pub(crate) fn mutual(a: (Scope, Place), b: (Scope, Place)) -> bool {
    contains(a.0, a.1, b.1) && contains(b.0, b.1, a.1)
}
