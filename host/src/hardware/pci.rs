//! Where devices sit on the PCI bus, and how far they are from each other, in the five classes of
//! `nvidia-smi topo`.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The address of a PCI device: domain, bus, device and function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PciAddress {
    domain: u32,
    bus: u8,
    device: u8,
    function: u8,
}

impl FromStr for PciAddress {
    type Err = String;

    /// As Linux (`0000:17:00.0`), the CUDA driver or NVML (`00000000:17:00.0`) writes it.
    fn from_str(text: &str) -> Result<PciAddress, String> {
        let parse = || {
            let (rest, function) = text.trim().rsplit_once('.')?;
            let (rest, device) = rest.rsplit_once(':')?;
            let (domain, bus) = rest.rsplit_once(':')?;
            let byte = |digits| u8::from_str_radix(digits, 16).ok();
            let address = PciAddress {
                domain: u32::from_str_radix(domain, 16).ok()?,
                bus: byte(bus)?,
                device: byte(device).filter(|&device| device < 32)?,
                function: byte(function).filter(|&function| function < 8)?,
            };
            Some(address)
        };
        parse().ok_or_else(|| format!("`{text}` is no PCI address, such as 0000:17:00.0"))
    }
}

impl fmt::Display for PciAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PciAddress { domain, bus, device, function } = self;
        write!(f, "{domain:04x}:{bus:02x}:{device:02x}.{function:x}")
    }
}

impl Serialize for PciAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The way from a host bridge to a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    host_bridge: String,
    /// PCI bridges, from the host bridge down.
    bridges: Vec<String>,
    /// The NUMA node, where the system knows it.
    pub numa_node: Option<u32>,
}

impl Place {
    /// From the folder that Linux has for a device, all links resolved:
    /// `/sys/devices/pci0000:15/0000:15:01.0/0000:16:00.0`.
    pub fn of_folder(folder: &Path, numa_node: Option<u32>) -> Option<Place> {
        let names: Vec<&str> = folder.iter().filter_map(|name| name.to_str()).collect();
        let is_root = |name: &&str| name.strip_prefix("pci").is_some_and(|rest| rest.contains(':'));
        let root = names.iter().rposition(is_root)?;
        let (host_bridge, below) = names[root..].split_first()?;
        let (_device, bridges) = below.split_last()?;
        let bridges = bridges.iter().map(|&bridge| bridge.to_owned()).collect();
        Some(Place { host_bridge: (*host_bridge).to_owned(), bridges, numa_node })
    }

    /// How far two devices are apart; `None` where the system does not say enough.
    pub fn distance(&self, other: &Place) -> Option<Distance> {
        if self.host_bridge == other.host_bridge {
            let shared = self.bridges.iter().zip(&other.bridges).take_while(|(one, two)| one == two).count();
            let apart = (self.bridges.len() - shared).max(other.bridges.len() - shared);
            return Some(match (shared, apart) {
                (0, _) => Distance::HostBridge,
                // Below a switch, each device has a port of its own.
                (_, 0 | 1) => Distance::OneSwitch,
                _ => Distance::Switches,
            });
        }
        match (self.numa_node?, other.numa_node?) {
            (one, two) if one == two => Some(Distance::NumaNode),
            _ => Some(Distance::System),
        }
    }
}

/// How far two devices are apart, nearest first. Words and classes are those of `nvidia-smi topo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Distance {
    /// Below one PCI switch.
    #[serde(rename = "PIX")]
    OneSwitch,
    /// Through several PCI switches.
    #[serde(rename = "PXB")]
    Switches,
    /// Through the host bridge of a processor.
    #[serde(rename = "PHB")]
    HostBridge,
    /// Between host bridges of one NUMA node.
    #[serde(rename = "NODE")]
    NumaNode,
    /// Between NUMA nodes.
    #[serde(rename = "SYS")]
    System,
}

impl Distance {
    /// All of them, nearest first.
    pub const ALL: [Distance; 5] =
        [Distance::OneSwitch, Distance::Switches, Distance::HostBridge, Distance::NumaNode, Distance::System];

    /// The word of `nvidia-smi topo`.
    pub fn word(self) -> &'static str {
        match self {
            Distance::OneSwitch => "PIX",
            Distance::Switches => "PXB",
            Distance::HostBridge => "PHB",
            Distance::NumaNode => "NODE",
            Distance::System => "SYS",
        }
    }

    /// What the word means.
    pub fn meaning(self) -> &'static str {
        match self {
            Distance::OneSwitch => "below one PCI switch",
            Distance::Switches => "through several PCI switches",
            Distance::HostBridge => "through the host bridge of a processor",
            Distance::NumaNode => "between host bridges of one NUMA node",
            Distance::System => "between NUMA nodes",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(folder: &str, numa_node: Option<u32>) -> Place {
        Place::of_folder(Path::new(folder), numa_node).expect("a PCI device")
    }

    #[test]
    fn addresses_are_the_same_in_every_spelling() {
        let address: PciAddress = "0000:9a:00.0".parse().expect("Linux");
        assert_eq!("00000000:9A:00.0".parse(), Ok(address), "NVML");
        assert_eq!(address.to_string(), "0000:9a:00.0");
        let domain: PciAddress = "10001:01:1f.7".parse().expect("a large domain");
        assert_eq!(domain.to_string(), "10001:01:1f.7");
        for wrong in ["", "17:00.0", "0000:17:00", "0000:17:20.0", "0000:17:00.8", "0000:xx:00.0"] {
            let error = wrong.parse::<PciAddress>().expect_err("no address");
            assert!(error.contains("such as 0000:17:00.0"), "{error}");
        }
    }

    #[test]
    fn distances_are_those_of_nvidia_smi() {
        let switch = "/sys/devices/pci0000:15/0000:15:01.0/0000:16:00.0";
        let gpu = place(&format!("{switch}/0000:17:00.0/0000:18:00.0"), Some(0));
        let beside = place(&format!("{switch}/0000:17:01.0/0000:19:00.0"), Some(0));
        let cascaded =
            place(&format!("{switch}/0000:17:02.0/0000:1a:00.0/0000:1b:00.0/0000:1c:00.0"), Some(0));
        let other_port = place("/sys/devices/pci0000:15/0000:15:05.0/0000:1d:00.0", Some(0));
        let same_node = place("/sys/devices/pci0000:37/0000:37:01.0/0000:38:00.0", Some(0));
        let other_node = place("/sys/devices/pci0000:97/0000:97:01.0/0000:98:00.0", Some(1));
        let distances = [&beside, &cascaded, &other_port, &same_node, &other_node];
        for (other, expected) in distances.into_iter().zip(Distance::ALL) {
            assert_eq!(gpu.distance(other), Some(expected));
            assert_eq!(other.distance(&gpu), Some(expected));
        }
        assert_eq!(gpu.distance(&gpu), Some(Distance::OneSwitch));
        let silent = place("/sys/devices/pci0000:37/0000:37:01.0/0000:38:00.0", None);
        assert_eq!(gpu.distance(&silent), None, "another host bridge, whose node is not known");
    }

    #[test]
    fn the_last_host_bridge_counts() {
        let virtual_machine = "/sys/devices/LNXSYSTM:00/ACPI0004:00/VMBUS:00/4c0c/pci4c0c:00/4c0c:00:00.0";
        assert_eq!(place(virtual_machine, None).host_bridge, "pci4c0c:00");
        assert_eq!(Place::of_folder(Path::new("/sys/devices/virtual/net/lo"), None), None);
        assert_eq!(Place::of_folder(Path::new("/sys/devices/pci0000:00"), None), None);
    }
}
