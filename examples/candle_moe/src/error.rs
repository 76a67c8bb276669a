//! Whatever goes wrong in the layer.

/// Why the layer failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Dispatch, combine, or what they need.
    #[error(transparent)]
    Crossdock(#[from] crossdock::host::Error),
    /// A tensor operation.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}
