//! What Linux says about PCI devices, RDMA devices and NUMA nodes, in the folders under `/sys`
//! (Documentation/ABI/stable/sysfs-class-infiniband and sysfs-devices-node of the kernel). Whatever
//! is missing or unreadable is left out.

use std::fs;
use std::path::{Path, PathBuf};

use super::found::{NetworkDevice, NumaNode, Port};
use super::pci::{PciAddress, Place};

/// A tree such as `/sys`.
#[derive(Debug)]
pub(super) struct Sysfs(PathBuf);

impl Sysfs {
    pub(super) fn at(root: impl Into<PathBuf>) -> Sysfs {
        Sysfs(root.into())
    }

    /// Where a PCI device is.
    pub(super) fn place(&self, address: PciAddress) -> Option<Place> {
        let folder = fs::canonicalize(self.0.join("bus/pci/devices").join(address.to_string())).ok()?;
        self.place_of_folder(&folder)
    }

    fn place_of_folder(&self, folder: &Path) -> Option<Place> {
        let stated = read(&folder.join("numa_node")).and_then(|text| text.parse().ok());
        // A machine with one node does not always say so.
        let only = || match &self.numa_nodes()[..] {
            [only] => Some(only.number),
            _ => None,
        };
        Place::of_folder(folder, stated.or_else(only))
    }

    /// All RDMA devices, by name.
    pub(super) fn network_devices(&self) -> Vec<NetworkDevice> {
        let class = self.0.join("class/infiniband");
        names(&class)
            .into_iter()
            .map(|name| {
                let device = class.join(&name);
                let folder = fs::canonicalize(device.join("device")).ok();
                let last = |path: &Path| path.file_name()?.to_str().map(str::to_owned);
                let driver =
                    folder.as_deref().and_then(|folder| fs::canonicalize(folder.join("driver")).ok());
                NetworkDevice {
                    driver: driver.as_deref().and_then(last),
                    address: folder.as_deref().and_then(last).and_then(|name| name.parse().ok()),
                    place: folder.as_deref().and_then(|folder| self.place_of_folder(folder)),
                    interfaces: folder.map_or_else(Vec::new, |folder| names(&folder.join("net"))),
                    ports: ports(&device.join("ports")),
                    name,
                }
            })
            .collect()
    }

    /// NUMA nodes, by number.
    pub(super) fn numa_nodes(&self) -> Vec<NumaNode> {
        let folder = self.0.join("devices/system/node");
        let number = |name: &String| name.strip_prefix("node").and_then(|digits| digits.parse().ok());
        let mut nodes: Vec<NumaNode> = names(&folder)
            .iter()
            .filter_map(|name| {
                let node = folder.join(name);
                Some(NumaNode {
                    number: number(name)?,
                    processors: read(&node.join("cpulist")).unwrap_or_default(),
                    memory_bytes: read(&node.join("meminfo")).as_deref().and_then(total_memory),
                })
            })
            .collect();
        nodes.sort_by_key(|node| node.number);
        nodes
    }
}

fn ports(folder: &Path) -> Vec<Port> {
    let mut ports: Vec<Port> = names(folder)
        .into_iter()
        .filter_map(|name| {
            let port = folder.join(&name);
            Some(Port {
                number: name.parse().ok()?,
                // `4: ACTIVE`
                state: read(&port.join("state"))
                    .map(|state| state.rsplit(':').next().unwrap_or_default().trim().to_owned()),
                link_layer: read(&port.join("link_layer")),
                // `400 Gb/sec (4X NDR)`
                gigabits_per_second: read(&port.join("rate"))
                    .and_then(|rate| rate.split_whitespace().next()?.parse().ok()),
            })
        })
        .collect();
    ports.sort_by_key(|port| port.number);
    ports
}

/// The bytes of `Node 0 MemTotal:  131072 kB`.
fn total_memory(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.contains("MemTotal:"))?;
    let kibibytes: u64 = line.split_whitespace().nth_back(1)?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

fn read(file: &Path) -> Option<String> {
    fs::read_to_string(file).ok().map(|text| text.trim().to_owned())
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::pci::Distance;
    use super::*;

    fn write(root: &Path, file: &str, text: &str) {
        let file = root.join(file);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("room");
    }

    fn link(root: &Path, from: &str, to: &str) {
        let from = root.join(from);
        fs::create_dir_all(from.parent().expect("a folder")).expect("a folder");
        symlink(root.join(to), from).expect("a link");
    }

    /// A GPU and an InfiniBand adapter below one switch, and an Ethernet adapter of the other
    /// processor.
    fn machine() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let switch = "devices/pci0000:15/0000:15:01.0/0000:16:00.0";
        let (gpu, near) =
            (format!("{switch}/0000:17:00.0/0000:18:00.0"), format!("{switch}/0000:17:01.0/0000:19:00.0"));
        let far = "devices/pci0000:97/0000:97:01.0/0000:98:00.0";
        for (device, node) in [(gpu.as_str(), "0\n"), (&near, "0\n"), (far, "1\n")] {
            write(root, &format!("{device}/numa_node"), node);
            let address = device.rsplit('/').next().expect("an address");
            link(root, &format!("bus/pci/devices/{address}"), device);
        }
        fs::create_dir_all(root.join("bus/pci/drivers/mlx5_core")).expect("a folder");
        for (name, device, layer, rate, state) in [
            ("mlx5_0", near.as_str(), "InfiniBand", "400 Gb/sec (4X NDR)", "4: ACTIVE"),
            ("mlx5_1", far, "Ethernet", "2.5 Gb/sec (1X SDR)", "1: DOWN"),
        ] {
            link(root, &format!("class/infiniband/{name}/device"), device);
            link(root, &format!("{device}/driver"), "bus/pci/drivers/mlx5_core");
            for (file, text) in [("link_layer", layer), ("rate", rate), ("state", state)] {
                write(root, &format!("class/infiniband/{name}/ports/1/{file}"), &format!("{text}\n"));
            }
        }
        write(root, &format!("{near}/net/ib0/mtu"), "4092\n");
        for (node, processors) in [(0, "0-3,8-11"), (1, "4-7,12-15")] {
            let folder = format!("devices/system/node/node{node}");
            write(root, &format!("{folder}/cpulist"), &format!("{processors}\n"));
            write(
                root,
                &format!("{folder}/meminfo"),
                &format!("Node {node} MemTotal:       1048576 kB\nNode {node} MemFree:        1 kB\n"),
            );
        }
        write(root, "devices/system/node/online", "0-1\n");
        folder
    }

    #[test]
    fn adapters_are_found_with_their_ports_and_places() {
        let folder = machine();
        let sysfs = Sysfs::at(folder.path());
        let gpu = sysfs.place("0000:18:00.0".parse().expect("an address")).expect("a device");
        assert_eq!(gpu.numa_node, Some(0));
        assert_eq!(sysfs.place("0000:20:00.0".parse().expect("an address")), None);
        let devices = sysfs.network_devices();
        let [near, far] = &devices[..] else { panic!("{devices:?}") };
        assert_eq!((near.name.as_str(), near.driver.as_deref()), ("mlx5_0", Some("mlx5_core")));
        assert_eq!(near.address, Some("0000:19:00.0".parse().expect("an address")));
        assert_eq!((&near.interfaces[..], far.interfaces.len()), (&["ib0".to_owned()][..], 0));
        let place = |device: &NetworkDevice| device.place.clone().expect("a place");
        assert_eq!(gpu.distance(&place(near)), Some(Distance::OneSwitch));
        assert_eq!(gpu.distance(&place(far)), Some(Distance::System));
        let [port] = &far.ports[..] else { panic!("{far:?}") };
        assert_eq!(
            (port.state.as_deref(), port.link_layer.as_deref(), port.gigabits_per_second),
            (Some("DOWN"), Some("Ethernet"), Some(2.5))
        );
    }

    #[test]
    fn nodes_have_processors_and_memory() {
        let folder = machine();
        let nodes = Sysfs::at(folder.path()).numa_nodes();
        let seen: Vec<_> =
            nodes.iter().map(|node| (node.number, node.processors.as_str(), node.memory_bytes)).collect();
        assert_eq!(seen, [(0, "0-3,8-11", Some(1 << 30)), (1, "4-7,12-15", Some(1 << 30))]);
    }

    #[test]
    fn a_machine_with_one_node_need_not_name_it() {
        let folder = machine();
        fs::remove_dir_all(folder.path().join("devices/system/node/node1")).expect("it is there");
        let far = "devices/pci0000:97/0000:97:01.0/0000:98:00.0";
        write(folder.path(), &format!("{far}/numa_node"), "-1\n");
        let place = Sysfs::at(folder.path()).place("0000:98:00.0".parse().expect("an address"));
        assert_eq!(place.and_then(|place| place.numa_node), Some(0));
    }

    #[test]
    fn an_empty_tree_has_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let sysfs = Sysfs::at(folder.path());
        assert!(sysfs.network_devices().is_empty() && sysfs.numa_nodes().is_empty());
    }
}
