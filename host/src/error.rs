//! Everything that can go wrong, in words that say what was wrong and what would be right.

mod debug;
mod round;

use std::{sync::Arc, time::Duration};

use crossdock_device::LogitFormat;

pub use round::{Overflowing, Stage};

/// The result of a call that can fail with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed. `Debug` prints the sentence, too.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The topology is empty.
    #[error(
        "a topology of {nodes} node(s) with {gpus_per_node} GPUs each has no ranks; both counts must be at least 1"
    )]
    NoRanks {
        /// Nodes asked for.
        nodes: usize,
        /// GPUs per node asked for.
        gpus_per_node: usize,
    },
    /// The topology needs a network.
    #[error("{nodes} nodes need a network transport, which this version lacks; use Topology::nodes(1)")]
    SeveralNodes {
        /// Nodes asked for.
        nodes: usize,
    },
    /// More ranks than the kernels address.
    #[error("{ranks} ranks are too many: one NVLink domain has at most {most}")]
    TooManyRanks {
        /// Ranks asked for.
        ranks: usize,
        /// The most there may be.
        most: usize,
    },
    /// The experts cannot be spread evenly.
    #[error("experts must be a multiple of the number of ranks: {experts} experts on {ranks} ranks leave {} over", *.experts as usize % (*.ranks).max(1))]
    UnevenExperts {
        /// Experts in all.
        experts: u32,
        /// Ranks.
        ranks: usize,
    },
    /// Rows cannot move in 16-byte pieces.
    #[error(
        "hidden must make every row a multiple of 16 bytes: {hidden} elements of {element_bytes} byte(s) are {} bytes; \
         use a multiple of {}",
        u64::from(*.hidden) * u64::from(*.element_bytes), 16 / .element_bytes
    )]
    Hidden {
        /// Elements per row.
        hidden: u32,
        /// Bytes per element: of the wire format, or 2 for the bf16 rows that come back.
        element_bytes: u32,
    },
    /// A parameter of the shape is outside its range.
    #[error("{parameter} must be {least} to {most}: {value} is not")]
    OutOfRange {
        /// The parameter.
        parameter: &'static str,
        /// Its value.
        value: u64,
        /// The least it may be.
        least: u64,
        /// The most it may be.
        most: u64,
    },
    /// The kernels could not be specialised.
    #[error("the kernels cannot be specialised: {0}")]
    Specialise(#[from] crossdock_device::Error),
    /// More tokens than the dock was opened for.
    #[error(
        "rank {rank} dispatches {tokens} tokens, but the dock was opened with Capacity::tokens({capacity})"
    )]
    OverCapacity {
        /// The rank.
        rank: usize,
        /// Tokens given.
        tokens: usize,
        /// Tokens allowed.
        capacity: usize,
    },
    /// More tokens than the router was opened for.
    #[error(
        "rank {rank} routes {tokens} tokens, but the router was opened with Capacity::tokens({capacity})"
    )]
    OverRouterCapacity {
        /// The rank.
        rank: usize,
        /// Tokens given.
        tokens: usize,
        /// Tokens allowed.
        capacity: usize,
    },
    /// The logits are not in the format that the router's kernel reads.
    #[error("rank {rank}: the router's kernel reads logits as {expected:?}, but these are {found:?}")]
    WrongLogits {
        /// The rank.
        rank: usize,
        /// The kernel's format.
        expected: LogitFormat,
        /// The logits' format.
        found: LogitFormat,
    },
    /// The routes are in another rank's memory.
    #[error("rank {rank} dispatches by a router that was opened on another rank ({router}); use its own")]
    OtherRouter {
        /// The rank that dispatches.
        rank: usize,
        /// The index of the router's rank, of the same or another cluster.
        router: usize,
    },
    /// The routes are for another shape.
    #[error("rank {rank}: {what} must be equal: the router has {router}, the dock {dock}")]
    UnlikeRouter {
        /// The rank.
        rank: usize,
        /// What differs.
        what: &'static str,
        /// The router's.
        router: usize,
        /// The dock's.
        dock: usize,
    },
    /// A slice has the wrong length.
    #[error("rank {rank}: {what} must hold {rule} = {expected} elements; it holds {found}")]
    Length {
        /// The rank.
        rank: usize,
        /// The slice.
        what: &'static str,
        /// How its length follows from the others.
        rule: &'static str,
        /// The length it must have.
        expected: usize,
        /// The length it has.
        found: usize,
    },
    /// A slice has the wrong length, whatever the rank.
    #[error("{what} must hold {rule} = {expected} elements; it holds {found}")]
    Rows {
        /// The slice.
        what: &'static str,
        /// How its length follows.
        rule: &'static str,
        /// The nearest length that would do.
        expected: usize,
        /// The length it has.
        found: usize,
    },
    /// A count does not divide as it must.
    #[error("{parameter} must be a multiple of {of} ({divisor}): {value} is not")]
    NotMultiple {
        /// The count.
        parameter: &'static str,
        /// Its value.
        value: usize,
        /// What it must be a multiple of.
        of: &'static str,
        /// The value of that.
        divisor: usize,
    },
    /// A launch that its kernel or the GPU cannot have.
    #[error("the kernel `{kernel}` cannot be launched so: {problem}")]
    Launch {
        /// The kernel.
        kernel: String,
        /// What was asked for, what is possible, and what would be right.
        problem: String,
    },
    /// A measured load is no load.
    #[error("layer {layer}, expert {expert}: the load must be a finite number of at least 0: {load} is not")]
    Load {
        /// The layer.
        layer: usize,
        /// The logical expert.
        expert: usize,
        /// What was given.
        load: f64,
    },
    /// A router's table names an expert that does not exist.
    #[error("rank {rank}, row {id} of the router's table, selection {selection}: expert {expert} does not exist; use 0 to {}, or -1 for none", .experts - 1)]
    NoSuchExpertInTable {
        /// Whose router.
        rank: usize,
        /// The row, which is a token identifier.
        id: usize,
        /// The selection.
        selection: usize,
        /// The entry.
        expert: i32,
        /// Experts of the gate.
        experts: u32,
    },
    /// A token identifier is beyond the router's table, or there is no table.
    #[error(
        "rank {rank}, token {token}: the router's table has no row {id}: it has {vocabulary} rows, which `Router::set_table` gives it"
    )]
    NoSuchTokenId {
        /// Whose router.
        rank: usize,
        /// The token.
        token: usize,
        /// Its identifier.
        id: u32,
        /// Rows of the table.
        vocabulary: u32,
    },
    /// A placement names a logical expert that does not exist.
    #[error("physical expert {physical} is said to be a replica of logical expert {expert}; use 0 to {}", .logical_experts - 1)]
    NoSuchLogicalExpert {
        /// The physical expert.
        physical: usize,
        /// What was given.
        expert: u32,
        /// Logical experts in all.
        logical_experts: usize,
    },
    /// A placement leaves an expert out.
    #[error("logical expert {expert} has no replica; every expert needs one at least")]
    UnplacedExpert {
        /// The logical expert.
        expert: usize,
    },
    /// The routes do not divide into tokens.
    #[error("rank {rank}: routing.experts holds {found} elements, which is no multiple of top_k = {top_k}")]
    PartialToken {
        /// The rank.
        rank: usize,
        /// Elements given.
        found: usize,
        /// Experts per token.
        top_k: usize,
    },
    /// A route names an expert that does not exist.
    #[error("rank {rank}, token {token}, selection {selection}: expert {expert} does not exist; use 0 to {}, or -1 for none", .experts - 1)]
    NoSuchExpert {
        /// The rank that has the token.
        rank: usize,
        /// The token.
        token: usize,
        /// The position in the token's top-k.
        selection: usize,
        /// What was given.
        expert: i32,
        /// Experts in all.
        experts: u32,
    },
    /// The tokens are not in the dock's wire format.
    #[error("rank {rank}: the kernels of this dock send {expected}, but the tokens are {found}")]
    WrongWire {
        /// The rank.
        rank: usize,
        /// The dock's wire format.
        expected: String,
        /// The tokens' format.
        found: &'static str,
    },
    /// Opaque rows do not move in 16-byte pieces.
    #[error("an opaque row must be a multiple of 16 bytes: {row_bytes} is not; use {}", .row_bytes.next_multiple_of(16))]
    OpaqueRow {
        /// Its bytes.
        row_bytes: u32,
    },
    /// A scale is not a power of two, and the wire holds nothing else.
    #[error(
        "rank {rank}: scale {index} is {scale}, and UE8M0 holds powers of two from 2^-127 to 2^127 and NaN"
    )]
    Scale {
        /// The rank.
        rank: usize,
        /// Its place in `tokens.scales`.
        index: usize,
        /// The scale.
        scale: f32,
    },
    /// Rows in device memory do not begin where kernels can read them.
    #[error("rank {rank}: {what} must begin at a multiple of {alignment} bytes; it begins at {address:#x}")]
    Misaligned {
        /// The rank.
        rank: usize,
        /// The rows.
        what: &'static str,
        /// Where they begin.
        address: u64,
        /// What that must be a multiple of.
        alignment: u64,
    },
    /// A tensor of another library does not suit.
    #[error("rank {rank}: the tensor does not suit: {problem}")]
    Tensor {
        /// The rank.
        rank: usize,
        /// Why.
        problem: String,
    },
    /// Two events are on different streams.
    #[error(
        "rank {rank}: the time between events of different streams is not defined: use two of one stream"
    )]
    OtherStream {
        /// The rank of the first.
        rank: usize,
    },
    /// Two events are the wrong way round.
    #[error(
        "rank {rank}: the later event is given first; ask the earlier one how long it takes until the later"
    )]
    EventsReversed {
        /// The rank.
        rank: usize,
    },
    /// A rank that does not exist.
    #[error("rank {peer} does not exist; use 0 to {}", .ranks - 1)]
    NoSuchRank {
        /// What was given.
        peer: usize,
        /// How many ranks there are.
        ranks: usize,
    },
    /// A buffer is accessed outside its length.
    #[error("elements {start}..{end} are outside a buffer of {length}")]
    OutsideBuffer {
        /// First element.
        start: usize,
        /// One past the last element.
        end: usize,
        /// Elements in the buffer.
        length: usize,
    },
    /// A peer did not reach a stage within the deadline.
    #[error(
        "rank {rank}: {stage} waited {deadline:?} for rank {peer}, which is in round {found} and not in round {expected}; \
         {present} of {ranks} ranks came; did that rank run the same rounds?"
    )]
    Late {
        /// The rank that waited.
        rank: usize,
        /// The stage that waited.
        stage: Stage,
        /// The rank that did not come.
        peer: usize,
        /// The round that was waited for.
        expected: u32,
        /// The last round in which the peer reached the stage; 0 for none.
        found: u32,
        /// How many of the ranks, this one included, reached the stage in that round.
        present: usize,
        /// How many there are.
        ranks: usize,
        /// How long the wait was, in the clock of the device.
        deadline: Duration,
    },
    /// A kernel recorded a status that this version does not know.
    #[error(
        "rank {rank}: a kernel recorded the unknown status {words:?}; kernels and host are of different versions"
    )]
    UnknownStatus {
        /// The rank.
        rank: usize,
        /// The status record.
        words: Vec<u32>,
    },
    /// More would arrive at a rank than it has room for: all ranks know, and nothing was sent.
    #[error("{what} of rank {rank}: {found} in this round, and the dock has room for {most}")]
    Overflow {
        /// The rank that has no room.
        rank: usize,
        /// What there is too much of.
        what: Overflowing,
        /// How many.
        found: usize,
        /// The most there is room for.
        most: usize,
    },
    /// A handle comes from another kind of dock.
    #[error("the handle was made by {handle}; this dock is of {dock}")]
    WrongHandle {
        /// The rank.
        rank: usize,
        /// What the dock is like.
        dock: String,
        /// What the handle's dock was like.
        handle: String,
    },
    /// A handle's round is larger than the dock's capacity.
    #[error("rank {rank}: the handle's round has {needed} {what}, and the dock has room for {most}")]
    HandleTooLarge {
        /// The rank.
        rank: usize,
        /// Tokens, rows or slots.
        what: &'static str,
        /// How many the round has.
        needed: usize,
        /// The most there is room for.
        most: usize,
    },
    /// Another rank's program failed.
    #[error("rank {peer} failed: {reason}")]
    PeerFailed {
        /// The rank that failed.
        peer: usize,
        /// Why.
        reason: String,
    },
    /// Another rank's program ended before a collective call.
    #[error(
        "rank {peer} finished without taking part in {purpose}; every rank must make the same collective calls"
    )]
    PeerLeft {
        /// The rank that ended.
        peer: usize,
        /// What the others wait in.
        purpose: String,
    },
    /// Ranks make different collective calls. Calls of rounds are told with their round and dock.
    #[error(
        "rank {first} is in {first_purpose} while rank {second} is in {second_purpose}; every rank must make the same collective calls in the same order"
    )]
    OutOfStep {
        /// One rank.
        first: usize,
        /// What it does.
        first_purpose: String,
        /// Another rank.
        second: usize,
        /// What that one does.
        second_purpose: String,
    },
    /// Some ranks neither waited nor ended for too long.
    #[error("no progress for {waited:?}: the others wait for {}", ranks(.missing))]
    NotArrived {
        /// The ranks that did not arrive.
        missing: Vec<usize>,
        /// How long the others waited, in wall-clock time.
        waited: Duration,
    },
    /// What runs the kernels has no such thing.
    #[error("rank {rank}: {what}, but {why}")]
    Unsupported {
        /// The rank.
        rank: usize,
        /// What was asked for.
        what: &'static str,
        /// Why it cannot be had, and what can.
        why: &'static str,
    },
    /// Something that is no launch was asked for between the start and the end of a capture.
    #[error(
        "rank {rank}: {what} cannot be part of a graph: only launches are captured; do it before or after the capture"
    )]
    Capturing {
        /// The rank.
        rank: usize,
        /// What was asked for.
        what: &'static str,
    },
    /// A launch or an event on a stream that takes no part in the capture that is under way.
    #[error(
        "rank {rank}: the stream takes no part in the capture: capture on it (`rank.on(&stream)?.capture(..)`), or let it wait for an event of the captured stream first"
    )]
    OutsideCapture {
        /// The rank.
        rank: usize,
    },
    /// A stream that took part in a capture was not waited for.
    #[error(
        "rank {rank}: the captured stream did not wait for all launches of another: record an event after the last of them, and wait for it before the capture ends"
    )]
    Unjoined {
        /// The rank.
        rank: usize,
    },
    /// An event of a capture is used outside of it, or the other way round.
    #[error(
        "rank {rank}: an event that is recorded in a capture is a place in its graph: streams of the same capture wait for it, and for no other"
    )]
    OtherCapture {
        /// The rank.
        rank: usize,
    },
    /// A stream, an event or a graph belongs to another rank.
    #[error("rank {rank}: {what} was made by another rank; use this rank's own")]
    OtherRank {
        /// The rank that was asked.
        rank: usize,
        /// What belongs elsewhere.
        what: &'static str,
    },
    /// A round that is only enqueued takes what is on the device.
    #[error(
        "rank {rank}: {what} must be in device memory, because the round is enqueued without waiting for the host"
    )]
    NotOnDevice {
        /// The rank.
        rank: usize,
        /// What is in host memory.
        what: &'static str,
    },
    /// There is no usable NVIDIA driver or GPU.
    #[error("no GPU to run on: {reason}")]
    NoGpu {
        /// What was looked for and not found.
        reason: String,
    },
    /// The driver refused a call.
    #[error("rank {rank}: {call} failed: {reason}")]
    Driver {
        /// The rank.
        rank: usize,
        /// What was asked of the driver.
        call: &'static str,
        /// Its answer.
        reason: String,
    },
    /// The driver's compiler refused a kernel.
    #[error("rank {rank}: the driver cannot compile the kernel {kernel}:\n{log}")]
    Compile {
        /// The rank.
        rank: usize,
        /// The kernel.
        kernel: String,
        /// What the compiler said, with the Rust lines that its PTX lines come from.
        log: String,
    },
    /// A variable of the launcher is missing or means nothing.
    #[error("{variable} {problem}")]
    Variable {
        /// The variable, or those of which one is needed.
        variable: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// Rank 0 cannot listen.
    #[error(
        "port {port} is taken, so rank 0 cannot listen for the others; set CROSSDOCK_PORT to a free port, on all ranks"
    )]
    PortTaken {
        /// The port.
        port: u16,
    },
    /// Rank 0 does not answer.
    #[error("rank {rank} could not reach rank 0 at {address} within {waited:?}: {cause}")]
    Unreachable {
        /// The rank that tried.
        rank: usize,
        /// Where rank 0 should listen.
        address: String,
        /// For how long it tried.
        waited: Duration,
        /// The last answer.
        cause: String,
    },
    /// Rank 0 does not let this process in.
    #[error("rank {rank} was not let into the group at {address}: {reason}")]
    Refused {
        /// The rank that wanted to join.
        rank: usize,
        /// Where rank 0 listens.
        address: String,
        /// Why.
        reason: String,
    },
    /// A rank's program panicked.
    #[error("rank {rank} panicked: {message}")]
    Panicked {
        /// The rank.
        rank: usize,
        /// The panic's message.
        message: String,
    },
    /// The operating system gave no thread for a rank.
    #[error("the thread of rank {rank} could not start: {message}")]
    Thread {
        /// The rank.
        rank: usize,
        /// The system's reason.
        message: String,
    },
    /// The machine that runs the kernels reports an error.
    #[error("{}{cause}", .rank.map(|rank| format!("rank {rank}: ")).unwrap_or_default())]
    Machine {
        /// The rank, when the error is about one.
        rank: Option<usize>,
        /// The backend's own error.
        cause: Arc<dyn std::error::Error + Send + Sync>,
    },
}

fn ranks(ranks: &[usize]) -> String {
    let numbers = ranks.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    format!("rank{} {numbers}, which neither waited nor ended", if ranks.len() == 1 { "" } else { "s" })
}
