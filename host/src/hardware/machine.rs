//! A machine as a whole, made from what CUDA, NVML and Linux say of its parts.

use serde::Serialize;

use super::found::{CudaGpu, Found, ManagedGpu, NumaNode, Port};
use super::pci::{Distance, PciAddress};

/// The GPUs, network devices and NUMA nodes of a machine, and how they are connected. Serialises to
/// what `crossdock doctor --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hardware {
    /// The release of the driver, where NVML says it.
    pub driver: Option<String>,
    /// Those that CUDA shows, in its order, and after them those that only NVML knows.
    pub gpus: Vec<Gpu>,
    /// Every two GPUs.
    pub gpu_pairs: Vec<GpuPair>,
    /// RDMA devices, by name.
    pub network_devices: Vec<Adapter>,
    /// NUMA nodes, by number.
    pub numa_nodes: Vec<NumaNode>,
    /// What could not be asked, in sentences.
    pub absent: Vec<String>,
}

/// A GPU of the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gpu {
    /// By which CUDA programs know it; `null` for one that they are not shown.
    pub number: Option<usize>,
    /// Its product name.
    pub name: String,
    /// Compute capability, such as `9.0`.
    pub compute_capability: Option<String>,
    /// Bytes of its memory.
    pub memory_bytes: Option<u64>,
    /// Where it is on the PCI bus.
    pub pci_address: Option<PciAddress>,
    /// The NUMA node that it belongs to.
    pub numa_node: Option<u32>,
    /// Its active NVLinks; `None` where NVML does not say.
    pub nvlinks: Option<NvLinks>,
    /// What CUDA says of it; `None` if CUDA does not show it.
    pub cuda: Option<CudaGpu>,
}

/// The active NVLinks of a GPU, by what is at their other ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NvLinks {
    /// Links to other GPUs.
    pub to_gpus: usize,
    /// Links to NVSwitches.
    pub to_switches: usize,
    /// Links to other devices.
    pub to_others: usize,
    /// Bytes per second of one link in one direction.
    pub bytes_per_second: Option<u64>,
}

/// How two GPUs are connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GpuPair {
    /// Their positions in [`Hardware::gpus`].
    pub gpus: [usize; 2],
    /// Links that lead from one to the other, directly or through switches; `null` where NVML does
    /// not say.
    pub nvlinks: Option<usize>,
    /// Whether some of these links lead through NVSwitches.
    pub through_switches: bool,
    /// Bytes per second of all these links in one direction.
    pub nvlink_bytes_per_second: Option<u64>,
    /// How far they are apart on the PCI bus.
    pub pci_distance: Option<Distance>,
}

/// An RDMA device of the machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Adapter {
    /// Its name, such as `mlx5_0`.
    pub name: String,
    /// The name of its kernel driver.
    pub driver: Option<String>,
    /// Where it is on the PCI bus.
    pub pci_address: Option<PciAddress>,
    /// The NUMA node that it belongs to.
    pub numa_node: Option<u32>,
    /// The network interfaces that it has.
    pub interfaces: Vec<String>,
    /// Its ports, by number.
    pub ports: Vec<Port>,
    /// Distances on the PCI bus to each of [`Hardware::gpus`].
    pub pci_distances: Vec<Option<Distance>>,
    /// Positions in [`Hardware::gpus`] of the GPUs that are nearest.
    pub nearest_gpus: Vec<usize>,
}

impl Hardware {
    /// Puts together what CUDA, NVML and Linux say; asks nobody.
    pub fn new(found: Found) -> Hardware {
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
        Hardware { driver, gpus, gpu_pairs, network_devices, numa_nodes, absent }
    }
}

/// A GPU's number, and what CUDA and NVML say of it.
type Merged<'a> = (Option<usize>, Option<CudaGpu>, Option<&'a ManagedGpu>);

/// Those that CUDA shows, in its order, and after them those that only NVML knows.
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
        // Older drivers do not count the links to switches; nothing else is at the end of a link
        // but on POWER machines.
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
