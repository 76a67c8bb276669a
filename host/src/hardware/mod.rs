//! What this machine has: its GPUs, network devices and NUMA nodes, and how they are connected.
//!
//! [`discover`] asks the CUDA driver, NVML and Linux. What is absent or does not answer is a
//! sentence in [`Hardware::absent`], not an error.

mod found;
mod machine;
#[cfg(feature = "cuda")]
mod nvml;
mod pci;
mod sysfs;

pub use self::found::{CudaGpu, Found, Managed, ManagedGpu, NetworkDevice, NumaNode, Port};
pub use self::machine::{Adapter, Gpu, GpuPair, Hardware, NvLinks};
pub use self::pci::{Distance, PciAddress, Place};
use self::sysfs::Sysfs;

/// Finds out what this machine has.
pub fn discover() -> Hardware {
    let sysfs = Sysfs::at("/sys");
    let mut found = Found {
        network_devices: sysfs.network_devices(),
        numa_nodes: sysfs.numa_nodes(),
        ..Found::default()
    };
    ask_drivers(&mut found);
    let managed = found.managed.iter().flat_map(|managed| &managed.gpus).map(|gpu| gpu.address);
    let addresses = found.cuda.iter().filter_map(|gpu| gpu.address).chain(managed);
    found.places = addresses.filter_map(|address| Some((address, sysfs.place(address)?))).collect();
    Hardware::new(found)
}

#[cfg(feature = "cuda")]
fn ask_drivers(found: &mut Found) {
    match crate::backend::cuda::gpus() {
        Ok(gpus) => found.cuda = gpus.into_iter().enumerate().map(shown).collect(),
        Err(error) => found.absent.push(error.to_string()),
    }
    match nvml::ask() {
        Ok(managed) => found.managed = Some(managed),
        Err(reason) => found.absent.push(format!("no NVLinks seen: {reason}")),
    }
}

#[cfg(not(feature = "cuda"))]
fn ask_drivers(found: &mut Found) {
    found.absent.push("no GPUs seen: this program is built without the feature `cuda`".to_owned());
}

/// A GPU as the CUDA driver shows it.
#[cfg(feature = "cuda")]
fn shown((number, gpu): (usize, crate::Gpu)) -> CudaGpu {
    let reached = gpu.reaches.iter().enumerate().filter(|&(other, &reached)| other != number && reached);
    CudaGpu {
        address: gpu.pci_address.parse().ok(),
        reaches: reached.map(|(other, _)| other).collect(),
        name: gpu.name,
        capability: gpu.capability,
        memory_bytes: gpu.memory,
        multiprocessors: gpu.multiprocessors,
        target: gpu.target.map(|target| target.to_string()),
        shares_files: gpu.shares_files,
        shares_fabric: gpu.shares_fabric,
        multicast: gpu.multicast,
    }
}
