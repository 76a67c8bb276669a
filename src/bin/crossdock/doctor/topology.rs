//! The topology as it is reported: made from what CUDA, NVML and Linux said, by functions that ask nobody.

use serde::Serialize;

use super::nvml::{Managed, ManagedGpu};
use super::pci::{Distance, PciAddress, Place};

/// All that was found out.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// The GPUs that the CUDA driver shows, by number.
    pub(super) cuda: Vec<CudaGpu>,
    pub(super) managed: Option<Managed>,
    /// Of each device of which it is known.
    pub(super) places: Vec<(PciAddress, Place)>,
    pub(super) network_devices: Vec<NetworkDevice>,
    pub(super) numa_nodes: Vec<NumaNode>,
    /// What could not be asked, in sentences.
    pub(super) absent: Vec<String>,
}

/// What the CUDA driver says of a GPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct CudaGpu {
    #[serde(skip)]
    pub(super) address: Option<PciAddress>,
    #[serde(skip)]
    pub(super) name: String,
    #[serde(skip)]
    pub(super) capability: (u32, u32),
    #[serde(skip)]
    pub(super) memory_bytes: u64,
    pub(super) multiprocessors: u32,
    /// The newest target whose kernels it runs.
    pub(super) target: Option<String>,
    /// The numbers of the other GPUs whose memory it reaches.
    pub(super) reaches: Vec<usize>,
    /// Whether other processes can map its memory by file descriptor.
    pub(super) shares_files: bool,
    /// The same by fabric handle, for which a process needs an IMEX channel.
    pub(super) shares_fabric: bool,
    pub(super) multicast: bool,
}

/// An RDMA device.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NetworkDevice {
    pub(super) name: String,
    pub(super) driver: Option<String>,
    pub(super) address: Option<PciAddress>,
    pub(super) place: Option<Place>,
    pub(super) interfaces: Vec<String>,
    pub(super) ports: Vec<Port>,
}

/// A port of an RDMA device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Port {
    pub(super) number: u32,
    pub(super) state: Option<String>,
    pub(super) link_layer: Option<String>,
    pub(super) gigabits_per_second: Option<f64>,
}

/// A NUMA node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct NumaNode {
    pub(super) number: u32,
    pub(super) processors: String,
    pub(super) memory_bytes: Option<u64>,
}

/// The report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Topology {
    /// The release of the driver, where NVML says it.
    pub(super) driver: Option<String>,
    pub(super) gpus: Vec<Gpu>,
    pub(super) gpu_pairs: Vec<GpuPair>,
    pub(super) network_devices: Vec<Adapter>,
    pub(super) numa_nodes: Vec<NumaNode>,
    pub(super) absent: Vec<String>,
}

/// A GPU of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Gpu {
    /// By which CUDA programs know it; `null` for one that they are not shown.
    pub(super) number: Option<usize>,
    pub(super) name: String,
    pub(super) compute_capability: Option<String>,
    pub(super) memory_bytes: Option<u64>,
    pub(super) pci_address: Option<PciAddress>,
    pub(super) numa_node: Option<u32>,
    pub(super) nvlinks: Option<NvLinks>,
    pub(super) cuda: Option<CudaGpu>,
}

/// The active NVLinks of a GPU, by what is at their other ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct NvLinks {
    pub(super) to_gpus: usize,
    pub(super) to_switches: usize,
    pub(super) to_others: usize,
    /// Of one link in one direction.
    pub(super) bytes_per_second: Option<u64>,
}

/// Two GPUs, by their position in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct GpuPair {
    pub(super) gpus: [usize; 2],
    /// Links that lead from one to the other, directly or through switches; `null` where NVML does not say.
    pub(super) nvlinks: Option<usize>,
    pub(super) through_switches: bool,
    /// Of all these links in one direction.
    pub(super) nvlink_bytes_per_second: Option<u64>,
    pub(super) pci_distance: Option<Distance>,
}

/// An RDMA device of the report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Adapter {
    pub(super) name: String,
    pub(super) driver: Option<String>,
    pub(super) pci_address: Option<PciAddress>,
    pub(super) numa_node: Option<u32>,
    pub(super) interfaces: Vec<String>,
    pub(super) ports: Vec<Port>,
    /// To each GPU, by its position in the list.
    pub(super) pci_distances: Vec<Option<Distance>>,
    /// The GPUs that are nearest, by their position in the list.
    pub(super) nearest_gpus: Vec<usize>,
}

impl Topology {
    pub(super) fn new(found: Found) -> Topology {
        let Found { cuda, managed, places, network_devices, numa_nodes, mut absent } = found;
        let place = |address: Option<PciAddress>| {
            let address = address?;
            places.iter().find(|(other, _)| *other == address).map(|(_, place)| place)
        };
        let driver = managed.as_ref().and_then(|managed| managed.driver.clone());
        let managed: &[ManagedGpu] = managed.as_ref().map_or(&[], |managed| &managed.gpus);
        let all = merge(cuda, managed);
        let addresses: Vec<PciAddress> = managed.iter().map(|gpu| gpu.address).collect();
        let gpus: Vec<Gpu> = all
            .iter()
            .map(|&(number, ref cuda, managed)| {
                let address = managed.map(|gpu| gpu.address).or(cuda.as_ref().and_then(|gpu| gpu.address));
                let capability = cuda.as_ref().map(|gpu| gpu.capability);
                let capability = capability.or(managed.and_then(|gpu| gpu.capability));
                let memory = cuda.as_ref().map(|gpu| gpu.memory_bytes);
                Gpu {
                    number,
                    name: cuda
                        .as_ref()
                        .map(|gpu| gpu.name.clone())
                        .unwrap_or_else(|| managed.map_or_else(String::new, |gpu| gpu.name.clone())),
                    compute_capability: capability.map(|(major, minor)| format!("{major}.{minor}")),
                    memory_bytes: memory.or(managed.and_then(|gpu| gpu.memory_bytes)),
                    pci_address: address,
                    numa_node: place(address).and_then(|place| place.numa_node),
                    nvlinks: managed.map(|gpu| NvLinks::of(gpu, &addresses)),
                    cuda: cuda.clone(),
                }
            })
            .collect();
        let mut gpu_pairs = Vec::new();
        for second in 0..gpus.len() {
            for first in 0..second {
                let distance = place(gpus[first].pci_address)
                    .zip(place(gpus[second].pci_address))
                    .and_then(|(one, two)| one.distance(two));
                gpu_pairs.push(GpuPair::new(
                    [first, second],
                    [&all[first].2, &all[second].2],
                    &gpus,
                    distance,
                ));
            }
        }
        gpu_pairs.sort_by_key(|pair| pair.gpus);
        let adapters = network_devices.into_iter().map(|device| {
            let distance = |gpu: &Gpu| device.place.as_ref()?.distance(place(gpu.pci_address)?);
            let pci_distances: Vec<Option<Distance>> = gpus.iter().map(distance).collect();
            let nearest = pci_distances.iter().flatten().min();
            let is_nearest = |&gpu: &usize| nearest.is_some() && pci_distances[gpu].as_ref() == nearest;
            Adapter {
                nearest_gpus: (0..gpus.len()).filter(is_nearest).collect(),
                name: device.name,
                driver: device.driver,
                pci_address: device.address,
                numa_node: device.place.as_ref().and_then(|place| place.numa_node),
                interfaces: device.interfaces,
                ports: device.ports,
                pci_distances,
            }
        });
        let network_devices: Vec<Adapter> = adapters.collect();
        if network_devices.is_empty() {
            absent.push("no RDMA device (/sys/class/infiniband has none)".to_owned());
        }
        if numa_nodes.is_empty() {
            absent.push("no NUMA nodes (/sys/devices/system/node has none)".to_owned());
        }
        Topology { driver, gpus, gpu_pairs, network_devices, numa_nodes, absent }
    }
}

/// A GPU's number, and what CUDA and NVML say of it.
type Merged<'a> = (Option<usize>, Option<CudaGpu>, Option<&'a ManagedGpu>);

/// Those that CUDA shows, in its order, and behind them those that only NVML knows.
fn merge(cuda: Vec<CudaGpu>, managed: &[ManagedGpu]) -> Vec<Merged<'_>> {
    let is = |address: Option<PciAddress>| move |gpu: &&ManagedGpu| Some(gpu.address) == address;
    let hidden: Vec<&ManagedGpu> =
        managed.iter().filter(|gpu| !cuda.iter().any(|shown| shown.address == Some(gpu.address))).collect();
    let shown = cuda.into_iter().enumerate().map(|(number, gpu)| {
        let managed = managed.iter().find(is(gpu.address));
        (Some(number), Some(gpu), managed)
    });
    shown.chain(hidden.into_iter().map(|gpu| (None, None, Some(gpu)))).collect()
}

impl NvLinks {
    fn of(gpu: &ManagedGpu, gpus: &[PciAddress]) -> NvLinks {
        let to_gpus = gpu.links.iter().flatten().filter(|remote| gpus.contains(remote)).count();
        let rest = gpu.links.len() - to_gpus;
        // Older drivers do not count the links to switches; nothing else is at the end of a link but on POWER machines.
        let to_switches = gpu.switch_links.map_or(rest, |count| rest.min(count as usize));
        NvLinks {
            to_gpus,
            to_switches,
            to_others: rest - to_switches,
            bytes_per_second: gpu.link_bytes_per_second,
        }
    }
}

impl GpuPair {
    fn new(
        pair: [usize; 2],
        managed: [&Option<&ManagedGpu>; 2],
        gpus: &[Gpu],
        pci_distance: Option<Distance>,
    ) -> GpuPair {
        let links = || {
            let [Some(first), Some(second)] = managed else { return None };
            let [first_links, second_links] = [gpus[pair[0]].nvlinks?, gpus[pair[1]].nvlinks?];
            let direct = first.links.iter().filter(|&&remote| remote == Some(second.address)).count();
            let switched = first_links.to_switches.min(second_links.to_switches);
            let speed = first.link_bytes_per_second.min(second.link_bytes_per_second);
            Some((direct + switched, switched > 0, speed))
        };
        let links = links();
        GpuPair {
            gpus: pair,
            nvlinks: links.map(|(count, ..)| count),
            through_switches: links.is_some_and(|(_, switched, _)| switched),
            nvlink_bytes_per_second: links
                .filter(|&(count, ..)| count > 0)
                .and_then(|(count, _, speed)| speed?.checked_mul(count as u64)),
            pci_distance,
        }
    }
}
