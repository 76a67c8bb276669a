//! Virtual GPUs that execute PTX text.
//!
//! A [`Machine`] has several GPUs in one address space. It executes modules as they are loaded by a
//! driver, warp by warp on one host thread: the same seed gives the same execution. Mistakes that
//! hardware leaves undefined are errors that name the instruction, the source line, the lane and
//! the address in terms of its allocation. Warps that wait for memory cost nothing, and when
//! nothing can wake them the machine says who waits for what.
//!
//! ```
//! use crossdock_emulator::{Argument, Config, Launch, Machine};
//!
//! let mut machine = Machine::new(Config { gpus: 2, ..Config::default() })?;
//! let module = machine.load(
//!     ".version 8.0\n.target sm_90\n.address_size 64\n
//!     .visible .entry number(.param .u64 to) {
//!         .reg .b32 %r<2>; .reg .b64 %rd<3>;
//!         ld.param.u64 %rd1, [to];
//!         mov.u32 %r1, %tid.x;
//!         mad.wide.u32 %rd2, %r1, 4, %rd1;
//!         st.global.u32 [%rd2], %r1;
//!         ret;
//!     }",
//! )?;
//! let to = machine.allocate(1, 128)?;
//! let ticket = machine.launch(Launch {
//!     gpu: 0,
//!     stream: 0,
//!     kernel: machine.kernel(module, "number")?,
//!     grid: [1, 1, 1],
//!     block: [32, 1, 1],
//!     shared_bytes: 0,
//!     arguments: vec![Argument::U64(to)],
//! })?;
//! machine.run()?;
//! let mut last = [0; 4];
//! machine.read(to + 124, &mut last)?;
//! assert_eq!(u32::from_le_bytes(last), 31);
//! // GPU 0 wrote 128 bytes to GPU 1.
//! let report = machine.report(ticket).expect("the launch has finished");
//! assert_eq!(report.traffic.nvlink[&(0, 1)].written, 128);
//! # Ok::<(), crossdock_emulator::Error>(())
//! ```
//!
//! Bulk copies and `cp.async` go on beside the warps that issued them and finish when the schedule
//! says so; whoever does not wait for them sees old bytes.
//!
//! Accesses are checked against the PTX memory consistency model: a data race is an error that
//! names both accesses and what would have ordered them, and with a seed other than 0 strong loads
//! may find older stores, as the model allows.
//!
//! What is not executed is refused when a module is loaded.

pub mod activity;
mod agent;
mod block;
mod clock;
mod cluster;
mod code;
mod config;
mod consistency;
mod counters;
mod decode;
mod engine;
mod error;
mod execute;
mod gpu;
mod instruction;
mod launch;
mod machine;
mod mbarrier;
mod memory;
mod numeric;
mod op;
mod outstanding;
mod parking;
mod pending;
mod policy;
mod register;
mod report;
mod residency;
mod schedule;
pub mod trace;
mod warp;

pub use activity::Activity;
pub use config::{Config, Hosts};
pub use error::{Accessor, Deadlock, Error, Fault, FaultKind, Livelock, Position, Race, Waiter};
pub use launch::{Argument, Kernel, Launch, Module, Ticket};
pub use machine::Machine;
pub use policy::Policy;
pub use report::{Link, Report, Traffic};
pub use schedule::{Bounds, Exploration, Path, Recording, explore};
pub use trace::Trace;
