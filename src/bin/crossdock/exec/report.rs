//! What `crossdock exec` says about a run.

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;

use super::argument::element;
use crate::exec::arguments::ExecArguments;
use crate::files::RawArray;

/// One run.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    kernel: String,
    gpu: usize,
    warp_instructions: u64,
    bytes: Bytes,
    /// What threads printed.
    printed: String,
    outputs: Vec<Written>,
}

/// Bytes that the kernel moved.
#[derive(Debug, Serialize)]
struct Bytes {
    hbm_read: u64,
    hbm_written: u64,
    nvlink: Vec<Link>,
}

/// Bytes between a GPU and the memory of another.
#[derive(Debug, Serialize)]
struct Link {
    gpu: usize,
    memory_of: usize,
    read: u64,
    written: u64,
}

/// An array that was written to a file.
#[derive(Debug, Serialize)]
pub(super) struct Written {
    file: String,
    shape: Vec<usize>,
    #[serde(rename = "type")]
    ty: &'static str,
}

impl Written {
    pub(super) fn new(path: &Path, array: &RawArray) -> Written {
        let ty = element(&array.descriptor).map_or("unknown", |(name, _)| name);
        Written { file: path.display().to_string(), shape: array.shape.clone(), ty }
    }
}

/// A run that failed, and what repeats it.
#[derive(Debug, Serialize)]
struct Failed<'a> {
    failure: String,
    policy: String,
    schedule_seed: u64,
    printed: &'a str,
}

/// The JSON object of a run that failed.
pub(super) fn failure(arguments: &ExecArguments, error: &crossdock_emulator::Error, printed: &str) -> String {
    let policy = match &arguments.replay {
        Some(path) => format!("replay:{}", path.display()),
        None => arguments.policy.to_string(),
    };
    let failed =
        Failed { failure: error.to_string(), policy, schedule_seed: arguments.schedule_seed, printed };
    serde_json::to_string_pretty(&failed).expect("the report has string keys only") + "\n"
}

impl Report {
    pub(super) fn new(
        counters: &crossdock_emulator::Report,
        printed: String,
        outputs: Vec<Written>,
    ) -> Report {
        let traffic = &counters.traffic;
        let nvlink = traffic.nvlink.iter().map(|(&(gpu, memory_of), link)| Link {
            gpu,
            memory_of,
            read: link.read,
            written: link.written,
        });
        Report {
            kernel: counters.kernel.clone(),
            gpu: counters.gpu,
            warp_instructions: counters.warp_instructions,
            bytes: Bytes {
                hbm_read: traffic.hbm_read,
                hbm_written: traffic.hbm_written,
                nvlink: nvlink.collect(),
            },
            printed,
            outputs,
        }
    }

    pub(super) fn json(&self) -> String {
        let object = serde_json::to_string_pretty(self).expect("the report has string keys only");
        object + "\n"
    }

    /// What was printed, then a line for the kernel and one for each array.
    pub(super) fn text(&self) -> String {
        let mut text = self.printed.clone();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let Bytes { hbm_read, hbm_written, nvlink } = &self.bytes;
        let (across, back) = nvlink.iter().fold((0, 0), |(r, w), link| (r + link.read, w + link.written));
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{} on GPU {}: {} warp instructions; HBM: {hbm_read} bytes read, {hbm_written} written; NVLink: {across} \
             bytes read, {back} written",
            self.kernel, self.gpu, self.warp_instructions
        );
        for Written { file, shape, ty } in &self.outputs {
            let _ = writeln!(text, "{file}: {ty} {shape:?}");
        }
        text
    }
}
