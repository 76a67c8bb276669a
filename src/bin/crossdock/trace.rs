//! A trace in Chrome's trace event format, which Perfetto and chrome://tracing open: GPUs are
//! processes, streams and warp slots of multiprocessors are threads, launches, warps and waits are
//! slices, bytes of links are counters.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};

use crossdock::host::Trace;
use crossdock::host::trace::Row;
use serde_json::{Value, json};

/// Threads of streams come first; each multiprocessor then has this many.
const SLOTS: usize = 64;
const FIRST_WARP: usize = 1 << 10;

/// Writes the trace to a file.
pub(crate) fn write(trace: &Trace, file: File) -> std::io::Result<()> {
    let mut output = BufWriter::new(file);
    write!(output, "{{\"displayTimeUnit\":\"ns\",\"traceEvents\":[")?;
    for (number, event) in events(trace).enumerate() {
        output.write_all(if number == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut output, &event)?;
    }
    writeln!(output, "\n]}}")?;
    output.flush()
}

fn thread(row: Row) -> usize {
    match row {
        Row::Stream(stream) => stream as usize % FIRST_WARP,
        Row::Warp { multiprocessor, slot } => FIRST_WARP + multiprocessor * SLOTS + slot,
    }
}

/// Names first, then slices, then counters. Times are in microseconds.
fn events(trace: &Trace) -> impl Iterator<Item = Value> + '_ {
    let gpus: BTreeSet<usize> = trace.slices.iter().map(|slice| slice.gpu).collect();
    let rows: BTreeSet<(usize, Row)> = trace.slices.iter().map(|slice| (slice.gpu, slice.row)).collect();
    let processes = gpus.into_iter().map(
        |gpu| json!({ "ph": "M", "name": "process_name", "pid": gpu, "args": { "name": format!("GPU {gpu}") } }),
    );
    let threads = rows.into_iter().map(|(gpu, row)| {
        let name = match row {
            Row::Stream(stream) => format!("stream {stream}"),
            Row::Warp { multiprocessor, slot } => format!("SM {multiprocessor} warp slot {slot}"),
        };
        json!({ "ph": "M", "name": "thread_name", "pid": gpu, "tid": thread(row), "args": { "name": name } })
    });
    let slices = trace.slices.iter().map(|slice| {
        let source = slice.source.as_ref().map(|(file, line)| format!("{file}:{line}"));
        json!({
            "ph": "X",
            "name": slice.name,
            "pid": slice.gpu,
            "tid": thread(slice.row),
            "ts": slice.start / 1e3,
            "dur": (slice.end - slice.start) / 1e3,
            "args": source.map_or_else(|| json!({}), |source| json!({ "source": source })),
        })
    });
    let counters = trace.samples.iter().map(|sample| {
        let name = if sample.gpu == sample.owner {
            "HBM bytes".to_owned()
        } else {
            format!("NVLink bytes to and from GPU {}", sample.owner)
        };
        json!({
            "ph": "C",
            "name": name,
            "pid": sample.gpu,
            "ts": sample.at / 1e3,
            "args": { "read": sample.bytes.read, "written": sample.bytes.written },
        })
    });
    processes.chain(threads).chain(slices).chain(counters)
}
