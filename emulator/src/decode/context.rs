//! What functions of a module refer to.

use std::collections::HashMap;

use crossdock_ptx as ptx;

use super::call_graph::CallGraph;

/// The names of a module.
pub(crate) struct Context<'a> {
    pub(super) functions: HashMap<&'a str, &'a ptx::Function>,
    /// Module-scope shared variables.
    pub(super) shared: HashMap<&'a str, &'a ptx::Variable>,
    /// `.global` and `.const` variables: position in [`Decoded::variables`].
    pub(super) variables: HashMap<&'a str, usize>,
    pub(super) files: HashMap<u32, String>,
    pub(super) calls: CallGraph<'a>,
}
