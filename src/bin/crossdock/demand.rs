//! Whether a round fits into this machine's memory. Asked before anything large is allocated,
//! because running out of memory ends a program without a word.

use crossdock::Shape;

use crate::failure::Failure;

/// Refuses a round that this machine has no memory for. Where the system does not say what is free,
/// every round passes.
pub(crate) fn check(shape: &Shape, ranks: usize, tokens: usize) -> Result<(), Failure> {
    match available() {
        Some(available) if bytes(shape, ranks, tokens) > available => {
            const GIB: f64 = (1u64 << 30) as f64;
            Err(Failure::arguments(format!(
                "--tokens {tokens} on {ranks} ranks needs about {:.1} GiB of memory, and {:.1} GiB are free: use fewer tokens, ranks or --top-k",
                bytes(shape, ranks, tokens) as f64 / GIB,
                available as f64 / GIB
            )))
        }
        _ => Ok(()),
    }
}

/// Roughly what tokens, arrivals, outputs and partial sums take on the virtual GPUs and again in
/// the reference.
fn bytes(shape: &Shape, ranks: usize, tokens: usize) -> u64 {
    let (ranks, tokens) = (ranks as u64, tokens as u64);
    let (row, output_row) =
        (u64::from(shape.row_bytes() + shape.side_bytes()), u64::from(shape.output_row_bytes()));
    let top_k = u64::from(shape.top_k);
    let fan_out = ranks.min(top_k);
    let per_token = 2 * output_row + row + fan_out * (row + output_row) + top_k * output_row;
    2 * ranks * tokens * per_token
}

/// Free memory in bytes, as Linux states it.
fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
