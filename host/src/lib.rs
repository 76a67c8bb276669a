//! Topology, symmetric memory, buffers and launches for expert-parallel communication.
//!
//! A [`Cluster`] runs one program on every [`Rank`]. A rank opens a [`Dock`] with the kernels of
//! its model; each round sends tokens to the ranks of their experts ([`Dock::dispatch`]), lets the
//! experts compute on what [`Arrived`], and brings the weighted sums home ([`Arrived::combine`]).
//!
//! ```
//! use crossdock_host::{Capacity, Cluster, Error, Routing, Shape, Tokens, Topology, Wire, bf16};
//!
//! # fn main() -> Result<(), Error> {
//! let shape = Shape { hidden: 64, top_k: 2, experts: 8, wire: Wire::Bf16 };
//! let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(4))?;
//! let results = cluster.run(|rank| -> Result<Vec<bf16>, Error> {
//!     let mut dock = rank.dock(rank.kernels(shape)?, Capacity::tokens(16))?;
//!     // Two tokens per rank; the first goes to experts 0 and 7, the second to expert 3 alone.
//!     let rows = vec![bf16::from_f32(1.0 + rank.index() as f32); 2 * 64];
//!     let routing = Routing::new(&[0, 7, 3, -1], &[0.75, 0.25, 1.0, 0.0]);
//!     let arrived = dock.dispatch(&Tokens::Bf16(&rows), &routing)?;
//!     let outputs = arrived.apply(|_expert, input, output| output.copy_from_slice(input))?;
//!     Ok(arrived.combine(&outputs)?.rows)
//! })?;
//! // These experts copy their input and the weights of each token add up to 1.
//! assert!(results[2].iter().all(|&y| y == bf16::from_f32(3.0)));
//! # Ok(())
//! # }
//! ```
//!
//! Nothing here but `backend` knows what runs the kernels; the emulator, with one virtual GPU per
//! rank, or NVIDIA GPUs.

mod backend;
mod cluster;
mod error;
pub mod exchange;
mod gpu;
pub mod hardware;
mod placement;
mod plain;
pub mod planning;
pub mod quantise;
pub mod report;
mod round;
mod topology;

pub use backend::LaunchOptions;
#[cfg(feature = "cuda")]
pub use backend::cuda::{DriverVersion, Gpu, driver, gpus};
pub use cluster::Cluster;
pub use crossdock_device::launch::Dim3;
pub use crossdock_device::layout::code::{NOWHERE, Origin, Selection};
pub use crossdock_device::{
    Float8, Fp8, Gate, KernelSet, Layout, LogitFormat, MOST_SIDES, Opaque, RouterKernel, ScaleFormat,
    ScoreFunction, Shape, Specialised, SpecialisedRouter, Target, Wire,
};
pub use crossdock_emulator::trace::{self, Trace};
pub use error::{Error, Overflowing, Result, Stage};
pub use gpu::buffer::Buffer;
#[cfg(feature = "dlpack")]
pub use gpu::dlpack;
pub use gpu::graph::Graph;
pub use gpu::kernel::{Kernel, Launched};
pub use gpu::rank::Rank;
pub use gpu::slice::{DeviceSlice, DeviceSliceMut};
pub use gpu::stream::{Event, Stream};
pub use gpu::symmetric::SymmetricBuffer;
pub use half::bf16;
pub use placement::{Balance, Placement};
pub use plain::Plain;
pub use round::arrived::Arrived;
pub use round::capacity::Capacity;
pub use round::combine::{Combine, Combined, Element};
pub use round::device_tokens::{DeviceRouting, DeviceTokens};
pub use round::dock::Dock;
pub use round::enqueued::Enqueued;
pub use round::gradient::Gradients;
pub use round::handle::Handle;
pub use round::outputs::Outputs;
pub use round::requirements::check_shape;
pub use round::router::{Logit, Routed, Router};
pub use round::tokens::{Routing, Tokens};
pub use topology::Topology;
