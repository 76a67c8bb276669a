//! The report of machines that were written down: eight GPUs behind NVSwitches, four in pairs, one,
//! and none.

use std::path::Path;

use crossdock::host::hardware::{
    CudaGpu, Distance, Found, Hardware, Managed, ManagedGpu, NetworkDevice, NumaNode, PciAddress, Place, Port,
};

use super::show;

fn address(bus: usize) -> PciAddress {
    format!("0000:{bus:02x}:00.0").parse().expect("an address")
}

/// A device of a host bridge's switch.
fn place(host_bridge: usize, port: usize, bus: usize, numa_node: u32) -> Place {
    let switch = format!("/sys/devices/pci0000:{host_bridge:02x}/0000:{host_bridge:02x}:01.0/0000:01:00.0");
    let folder = format!("{switch}/0000:02:{port:02x}.0/{}", address(bus));
    Place::of_folder(Path::new(&folder), Some(numa_node)).expect("a PCI device")
}

fn cuda(name: &str, bus: usize, number: usize, count: usize) -> CudaGpu {
    CudaGpu {
        address: Some(address(bus)),
        name: name.to_owned(),
        capability: (9, 0),
        memory_bytes: 141 << 30,
        multiprocessors: 132,
        target: Some("sm_90".to_owned()),
        reaches: (0..count).filter(|&other| other != number).collect(),
        shares_files: true,
        shares_fabric: count > 4,
        multicast: count > 4,
    }
}

fn managed(name: &str, bus: usize, links: &[usize], switch_links: Option<u32>) -> ManagedGpu {
    ManagedGpu {
        address: address(bus),
        name: name.to_owned(),
        capability: Some((9, 0)),
        memory_bytes: Some(141 << 30),
        links: links.iter().map(|&bus| Some(address(bus))).collect(),
        switch_links,
        link_bytes_per_second: Some(26_562_000_000),
    }
}

fn nodes(count: u32) -> Vec<NumaNode> {
    let node = |number: u32| NumaNode {
        number,
        processors: format!("{}-{}", 48 * number, 48 * number + 47),
        memory_bytes: Some(1 << 40),
    };
    (0..count).map(node).collect()
}

fn adapter(name: &str, bus: usize, place: Place) -> NetworkDevice {
    NetworkDevice {
        name: name.to_owned(),
        driver: Some("mlx5_core".to_owned()),
        address: Some(address(bus)),
        place: Some(place),
        interfaces: vec![format!("ib{bus}")],
        ports: vec![Port {
            number: 1,
            state: Some("ACTIVE".to_owned()),
            link_layer: Some("InfiniBand".to_owned()),
            gigabits_per_second: Some(400.0),
        }],
    }
}

/// Each GPU with an adapter below a switch of its own, four host bridges on each processor, 18
/// links each to NVSwitches.
fn eight_with_switches() -> Found {
    let (gpu_bus, adapter_bus) = (|gpu: usize| 0x18 + 16 * gpu, |gpu: usize| 0x19 + 16 * gpu);
    let node = |gpu: usize| gpu as u32 / 4;
    let gpu_place = |gpu: usize| place(0x15 + gpu, 0, gpu_bus(gpu), node(gpu));
    let name = "NVIDIA H200";
    Found {
        cuda: (0..8).map(|gpu| cuda(name, gpu_bus(gpu), gpu, 8)).collect(),
        managed: Some(Managed {
            driver: Some("550.54.15".to_owned()),
            gpus: (0..8).map(|gpu| managed(name, gpu_bus(gpu), &[0x05; 18], Some(18))).collect(),
        }),
        places: (0..8).map(|gpu| (address(gpu_bus(gpu)), gpu_place(gpu))).collect(),
        network_devices: (0..8)
            .map(|gpu| {
                let place = place(0x15 + gpu, 1, adapter_bus(gpu), node(gpu));
                adapter(&format!("mlx5_{gpu}"), adapter_bus(gpu), place)
            })
            .collect(),
        numa_nodes: nodes(2),
        absent: Vec::new(),
    }
}

/// GPUs 0 and 1, and 2 and 3, with four links between them, on one host bridge each pair. The
/// driver does not count links to switches.
fn four_in_pairs() -> Found {
    let bus = |gpu: usize| 0x21 + gpu;
    let name = "NVIDIA A100-PCIE-80GB";
    let older = |gpu: usize| CudaGpu {
        capability: (8, 0),
        memory_bytes: 80 << 30,
        multiprocessors: 108,
        target: Some("sm_80".to_owned()),
        ..cuda(name, bus(gpu), gpu, 4)
    };
    Found {
        cuda: (0..4).map(older).collect(),
        managed: Some(Managed {
            driver: None,
            gpus: (0..4).map(|gpu| managed(name, bus(gpu), &[bus(gpu ^ 1); 4], None)).collect(),
        }),
        places: (0..4)
            .map(|gpu| (address(bus(gpu)), place(0x20 + gpu / 2, gpu, bus(gpu), gpu as u32 / 2)))
            .collect(),
        numa_nodes: nodes(2),
        ..Found::default()
    }
}

fn one() -> Found {
    Found {
        cuda: vec![cuda("NVIDIA H200", 0x18, 0, 1)],
        managed: Some(Managed {
            driver: Some("570.86.10".to_owned()),
            gpus: vec![ManagedGpu { link_bytes_per_second: None, ..managed("NVIDIA H200", 0x18, &[], None) }],
        }),
        ..Found::default()
    }
}

fn none() -> Found {
    let reasons = ["no GPU to run on: no driver", "no NVLinks seen: NVML is not installed"];
    Found { absent: reasons.map(str::to_owned).to_vec(), ..Found::default() }
}

#[test]
fn gpus_behind_switches_are_all_connected() {
    let hardware = Hardware::new(eight_with_switches());
    assert_eq!(hardware.gpu_pairs.len(), 28);
    for pair in &hardware.gpu_pairs {
        assert_eq!((pair.nvlinks, pair.through_switches), (Some(18), true));
        assert_eq!(pair.nvlink_bytes_per_second, Some(18 * 26_562_000_000));
        let [first, second] = pair.gpus;
        let expected = if first / 4 == second / 4 { Distance::NumaNode } else { Distance::System };
        assert_eq!(pair.pci_distance, Some(expected), "{first} and {second}");
    }
    for (gpu, adapter) in hardware.network_devices.iter().enumerate() {
        assert_eq!(adapter.nearest_gpus, [gpu]);
        assert_eq!(adapter.pci_distances[gpu], Some(Distance::OneSwitch));
    }
    assert!(hardware.absent.is_empty(), "{:?}", hardware.absent);
    insta::assert_snapshot!("eight", show::text(&hardware));
}

#[test]
fn gpus_in_pairs_are_connected_to_their_partner_alone() {
    let hardware = Hardware::new(four_in_pairs());
    for pair in &hardware.gpu_pairs {
        let partners = pair.gpus[0] / 2 == pair.gpus[1] / 2;
        assert_eq!(pair.nvlinks, Some(if partners { 4 } else { 0 }), "{pair:?}");
        assert_eq!(pair.nvlink_bytes_per_second, partners.then_some(4 * 26_562_000_000));
        assert!(!pair.through_switches);
        let expected = if partners { Distance::OneSwitch } else { Distance::System };
        assert_eq!(pair.pci_distance, Some(expected));
    }
    insta::assert_snapshot!("four", show::text(&hardware));
}

#[test]
fn one_gpu_and_none_are_said_in_words() {
    insta::assert_snapshot!("one", show::text(&Hardware::new(one())));
    insta::assert_snapshot!("none", show::text(&Hardware::new(none())));
}

#[test]
fn gpus_that_cuda_does_not_show_come_last_and_without_number() {
    let mut found = four_in_pairs();
    // CUDA_VISIBLE_DEVICES=2,0
    found.cuda = vec![found.cuda[2].clone(), found.cuda[0].clone()];
    let hardware = Hardware::new(found);
    let seen: Vec<_> = hardware.gpus.iter().map(|gpu| (gpu.number, gpu.pci_address)).collect();
    let bus = |number: usize| Some(address(number));
    assert_eq!(seen, [(Some(0), bus(0x23)), (Some(1), bus(0x21)), (None, bus(0x22)), (None, bus(0x24))]);
    let linked: Vec<_> =
        hardware.gpu_pairs.iter().filter(|pair| pair.nvlinks == Some(4)).map(|pair| pair.gpus).collect();
    assert_eq!(linked, [[0, 3], [1, 2]], "positions in the list");
    let text = show::text(&hardware);
    assert!(text.contains("GPU at 0000:22:00.0") && text.contains("not shown to CUDA programs"), "{text}");
}

#[test]
fn without_nvml_links_are_unknown_and_distances_known() {
    let hardware = Hardware::new(Found { managed: None, ..eight_with_switches() });
    assert!(hardware.gpus.iter().all(|gpu| gpu.nvlinks.is_none()));
    assert!(hardware.gpu_pairs.iter().all(|pair| pair.nvlinks.is_none() && pair.pci_distance.is_some()));
}

#[test]
fn links_that_end_elsewhere_connect_no_pair() {
    let mut found = eight_with_switches();
    for gpu in found.managed.iter_mut().flat_map(|managed| &mut managed.gpus) {
        gpu.switch_links = Some(0);
    }
    let hardware = Hardware::new(found);
    assert!(hardware.gpus.iter().all(|gpu| gpu.nvlinks.is_some_and(|links| links.to_others == 18)));
    assert!(hardware.gpu_pairs.iter().all(|pair| pair.nvlinks == Some(0)));
}

#[test]
fn the_json_has_every_device() {
    let json = serde_json::to_value(Hardware::new(eight_with_switches())).expect("plain data");
    assert_eq!(json["gpus"][3]["pci_address"], "0000:48:00.0");
    assert_eq!(json["gpus"][3]["cuda"]["reaches"], serde_json::json!([0, 1, 2, 4, 5, 6, 7]));
    assert_eq!(json["gpu_pairs"][0]["pci_distance"], "NODE");
    assert_eq!(json["network_devices"][7]["ports"][0]["gigabits_per_second"], 400.0);
    assert_eq!(json["numa_nodes"][1]["processors"], "48-95");
}
