//! Which threads a scope contains (PTX ISA section 8.5).

use crate::op::{Order, Scope};

/// Where a thread runs, as far as scopes can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) gpu: usize,
    /// Different for every cluster of a run.
    pub(crate) cluster: u32,
    /// Different for every block of a run.
    pub(crate) block: u32,
}

impl Scope {
    /// Whether the scope of an operation at `from` contains the threads at `to`.
    pub(crate) fn contains(self, from: Place, to: Place) -> bool {
        match self {
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

    /// As PTX spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Scope::Block => ".cta",
            Scope::Cluster => ".cluster",
            Scope::Gpu => ".gpu",
            Scope::System => ".sys",
        }
    }
}

/// Whether each of two strong operations names a scope that contains the other's thread.
pub(crate) fn mutual(a: (Scope, Place), b: (Scope, Place)) -> bool {
    a.0.contains(a.1, b.1) && b.0.contains(b.1, a.1)
}

impl Order {
    /// The scope of a strong access; `None` for a weak one. Volatile and mmio accesses are relaxed at system scope
    /// (PTX ISA sections 8.4.1 and 8.4.2).
    pub(crate) fn scope(self) -> Option<Scope> {
        match self {
            Order::Weak => None,
            Order::Volatile | Order::Mmio => Some(Scope::System),
            Order::Relaxed(scope)
            | Order::Acquire(scope)
            | Order::Release(scope)
            | Order::AcquireRelease(scope) => Some(scope),
        }
    }

    pub(crate) fn acquires(self) -> bool {
        matches!(self, Order::Acquire(_) | Order::AcquireRelease(_))
    }

    pub(crate) fn releases(self) -> bool {
        matches!(self, Order::Release(_) | Order::AcquireRelease(_))
    }
}
