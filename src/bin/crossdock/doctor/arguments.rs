//! Flags of `crossdock doctor`.

use clap::Args;

/// Flags of `crossdock doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}
