//! Why a trial does not end well.

use std::path::PathBuf;

/// Every way in which a trial, or what is needed for it, fails.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The round cannot be, or did not end.
    #[error(transparent)]
    Round(#[from] crossdock_host::Error),
    /// The kernels cannot be made.
    #[error(transparent)]
    Kernels(#[from] crossdock_device::Error),
    /// What the ranks held is not what the reference says.
    #[error("mismatch: {0}")]
    Mismatch(String),
    /// A test failed otherwise, in words.
    #[error("{0}")]
    Failed(String),
    /// No rates of a GPU of this name are built in.
    #[error("{name} is not known: use {known}, or a file whose name ends in .toml")]
    UnknownGpu {
        /// The name.
        name: String,
        /// Those that are built in.
        known: String,
    },
    /// A file of rates cannot be read.
    #[error("{}: {problem}", path.display())]
    Rates {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}
