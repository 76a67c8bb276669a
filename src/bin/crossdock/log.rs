//! What the libraries say while they work, on standard error: waits, launches, meetings and
//! failures. Off unless `RUST_LOG` asks for it, as in `RUST_LOG=crossdock_host=debug`.

use std::io;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

/// Starts to log what `RUST_LOG` asks for: levels by module, separated by commas.
pub(crate) fn start() {
    let Ok(wanted) = std::env::var("RUST_LOG") else { return };
    match wanted.parse::<Targets>() {
        Ok(targets) => {
            let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false);
            tracing_subscriber::registry().with(lines.with_filter(targets)).init();
        }
        Err(error) => eprintln!("RUST_LOG is ignored: {error}; try RUST_LOG=crossdock_host=debug"),
    }
}
