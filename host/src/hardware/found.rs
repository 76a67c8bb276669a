//! What CUDA, NVML and Linux say about a machine, each for itself.

use serde::Serialize;

use super::pci::{PciAddress, Place};

/// All that was found out; [`Hardware::new`](super::Hardware::new) puts it together.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The GPUs that the CUDA driver shows, by number.
    pub cuda: Vec<CudaGpu>,
    /// What NVML says, if it is there.
    pub managed: Option<Managed>,
    /// Where PCI devices are, as far as it is known.
    pub places: Vec<(PciAddress, Place)>,
    /// RDMA devices.
    pub network_devices: Vec<NetworkDevice>,
    /// NUMA nodes, by number.
    pub numa_nodes: Vec<NumaNode>,
    /// What could not be asked, in sentences.
    pub absent: Vec<String>,
}

/// What the CUDA driver says of a GPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CudaGpu {
    /// Where it is on the PCI bus.
    #[serde(skip)]
    pub address: Option<PciAddress>,
    /// Its product name.
    #[serde(skip)]
    pub name: String,
    /// Compute capability, such as 9 and 0.
    #[serde(skip)]
    pub capability: (u32, u32),
    /// Bytes of its memory.
    #[serde(skip)]
    pub memory_bytes: u64,
    /// Number of multiprocessors.
    pub multiprocessors: u32,
    /// The newest target whose kernels it runs.
    pub target: Option<String>,
    /// The numbers of the other GPUs whose memory it reaches.
    pub reaches: Vec<usize>,
    /// Whether other processes can map its memory by file descriptor.
    pub shares_files: bool,
    /// Whether they can map it by fabric handle, for which a process needs an IMEX channel.
    pub shares_fabric: bool,
    /// Whether it takes part in multicast memory.
    pub multicast: bool,
}

/// An RDMA device.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkDevice {
    /// Its name, such as `mlx5_0`.
    pub name: String,
    /// The name of its kernel driver.
    pub driver: Option<String>,
    /// Its PCI address.
    pub address: Option<PciAddress>,
    /// Where it is on the PCI bus.
    pub place: Option<Place>,
    /// The network interfaces that it has.
    pub interfaces: Vec<String>,
    /// Its ports, by number.
    pub ports: Vec<Port>,
}

/// A port of an RDMA device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Port {
    /// Its number, from 1.
    pub number: u32,
    /// Whether it is up, such as `ACTIVE`.
    pub state: Option<String>,
    /// `InfiniBand` or `Ethernet`.
    pub link_layer: Option<String>,
    /// Its rate in each direction.
    pub gigabits_per_second: Option<f64>,
}

/// A NUMA node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NumaNode {
    /// Its number.
    pub number: u32,
    /// Its processors, as Linux lists them: `0-3,8-11`.
    pub processors: String,
    /// Bytes of its memory.
    pub memory_bytes: Option<u64>,
}

/// What NVML says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Managed {
    /// The release of the driver.
    pub driver: Option<String>,
    /// All GPUs, those that CUDA does not show included.
    pub gpus: Vec<ManagedGpu>,
}

/// What NVML says of a GPU; what it does not say is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedGpu {
    /// Its PCI address.
    pub address: PciAddress,
    /// Its product name.
    pub name: String,
    /// Compute capability, such as 9 and 0.
    pub capability: Option<(u32, u32)>,
    /// Bytes of its memory.
    pub memory_bytes: Option<u64>,
    /// The device at the other end of each active NVLink; `None` for one that is not said.
    pub links: Vec<Option<PciAddress>>,
    /// How many of the links end at an NVSwitch.
    pub switch_links: Option<u32>,
    /// Bytes per second of one link in one direction.
    pub link_bytes_per_second: Option<u64>,
}
