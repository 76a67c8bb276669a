//! The machine in words and as a matrix.

use crossdock::host::hardware::{Adapter, Distance, Gpu, GpuPair, Hardware, NumaNode, Port};

use crate::console;

const GIBIBYTE: f64 = (1_u64 << 30) as f64;

/// All of it; ends with a line break.
pub(super) fn text(hardware: &Hardware) -> String {
    let mut text = String::from("\ntopology\n");
    let mut line = |words: String| text += &format!("  {words}\n");
    hardware.gpus.iter().for_each(|gpu| line(gpu_words(gpu, hardware)));
    hardware.network_devices.iter().for_each(|adapter| line(adapter_words(adapter, hardware)));
    hardware.numa_nodes.iter().for_each(|node| line(node_words(node)));
    hardware.absent.iter().for_each(|sentence| line(sentence.clone()));
    if hardware.gpus.len() > 1 || !(hardware.gpus.is_empty() || hardware.network_devices.is_empty()) {
        text += &matrix(hardware);
    }
    text
}

/// What a GPU is called: its number, or where it is if CUDA does not show it.
fn label(gpu: &Gpu) -> String {
    match (gpu.number, gpu.pci_address) {
        (Some(number), _) => format!("GPU {number}"),
        (None, Some(address)) => format!("GPU at {address}"),
        (None, None) => "GPU".to_owned(),
    }
}

fn gpu_words(gpu: &Gpu, hardware: &Hardware) -> String {
    let mut words = vec![gpu.name.clone()];
    words
        .extend(gpu.compute_capability.as_ref().map(|capability| format!("compute capability {capability}")));
    if let Some(cuda) = &gpu.cuda {
        words.push(
            cuda.target
                .as_ref()
                .map_or("too old for the kernels".to_owned(), |target| format!("runs {target}")),
        );
        words.push(format!("{} multiprocessors", cuda.multiprocessors));
    }
    words.extend(gpu.memory_bytes.map(|bytes| format!("{:.0} GiB", bytes as f64 / GIBIBYTE)));
    words.push(gpu.pci_address.map_or("PCI address unknown".to_owned(), |address| address.to_string()));
    words.push(numa_words(gpu.numa_node));
    if let Some(links) = gpu.nvlinks {
        let kinds = [
            (links.to_gpus, "NVLink(s) to GPUs"),
            (links.to_switches, "NVLink(s) to switches"),
            (links.to_others, "NVLink(s) to other devices"),
        ];
        let speed = links.bytes_per_second.map_or(String::new(), |speed| format!(", {} each", rate(speed)));
        let kinds: Vec<String> = kinds
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}{speed}"))
            .collect();
        words.push(if kinds.is_empty() { "no NVLink".to_owned() } else { kinds.join(", ") });
    }
    match &gpu.cuda {
        Some(cuda) => {
            let reached: Vec<String> = cuda.reaches.iter().map(ToString::to_string).collect();
            if hardware.gpus.len() > 1 {
                words.push(match &reached[..] {
                    [] => "reaches no other GPU".to_owned(),
                    numbers => format!("reaches GPU {}", numbers.join(", ")),
                });
            }
            let shares_nothing = !(cuda.shares_files || cuda.shares_fabric);
            words.extend(shares_nothing.then(|| "cannot share memory between processes".to_owned()));
            words.extend(cuda.shares_fabric.then(|| "fabric handles".to_owned()));
            words.extend(cuda.multicast.then(|| "multicast".to_owned()));
        }
        None => {
            words.push("not shown to CUDA programs (CUDA_VISIBLE_DEVICES, or no driver for them)".to_owned())
        }
    }
    format!("{}: {}", label(gpu), words.join(", "))
}

fn adapter_words(adapter: &Adapter, hardware: &Hardware) -> String {
    let mut words: Vec<String> = adapter.driver.iter().map(|driver| format!("driver {driver}")).collect();
    words.extend(adapter.ports.iter().map(port_words));
    words.push(adapter.pci_address.map_or("no PCI device".to_owned(), |address| address.to_string()));
    words.push(numa_words(adapter.numa_node));
    words.extend(
        (!adapter.interfaces.is_empty()).then(|| format!("interface {}", adapter.interfaces.join(", "))),
    );
    let nearest: Vec<String> = adapter.nearest_gpus.iter().map(|&gpu| label(&hardware.gpus[gpu])).collect();
    words.extend((!nearest.is_empty()).then(|| format!("nearest to {}", nearest.join(", "))));
    format!("network device {}: {}", adapter.name, words.join(", "))
}

fn port_words(port: &Port) -> String {
    let mut words = vec![format!("port {}", port.number)];
    words.extend(port.link_layer.clone());
    words.extend(port.gigabits_per_second.map(|rate| format!("{rate} Gb/s")));
    words.extend(port.state.as_ref().map(|state| state.to_lowercase()));
    words.join(" ")
}

fn node_words(node: &NumaNode) -> String {
    let memory =
        node.memory_bytes.map_or(String::new(), |bytes| format!(", {:.0} GiB", bytes as f64 / GIBIBYTE));
    let processors = if node.processors.is_empty() { "none" } else { &node.processors };
    format!("NUMA node {}: processors {processors}{memory}", node.number)
}

fn numa_words(node: Option<u32>) -> String {
    node.map_or_else(|| "NUMA node unknown".to_owned(), |node| format!("NUMA node {node}"))
}

fn rate(bytes_per_second: u64) -> String {
    format!("{:.1} GB/s", bytes_per_second as f64 / 1e9)
}

/// GPUs against GPUs and network devices, with a line for each word that occurs.
fn matrix(hardware: &Hardware) -> String {
    let labels: Vec<String> = hardware.gpus.iter().map(label).collect();
    let adapters = hardware.network_devices.iter();
    let mut header = vec![String::new()];
    header.extend(labels.iter().cloned().chain(adapters.clone().map(|adapter| adapter.name.clone())));
    let mut table = console::table(header);
    for (row, name) in labels.iter().enumerate() {
        let mut cells = vec![name.clone()];
        for column in 0..labels.len() {
            let wanted = [row.min(column), row.max(column)];
            let pair = hardware.gpu_pairs.iter().find(|pair| pair.gpus == wanted);
            cells.push(pair.map_or_else(|| "-".to_owned(), pair_words));
        }
        cells.extend(adapters.clone().map(|adapter| distance_word(adapter.pci_distances[row])));
        table.add_row(cells);
    }
    let mut text = format!("{}\n", console::right_aligned(table, 1).trim_fmt());
    let pairs = hardware.gpu_pairs.iter();
    let mut links: Vec<String> = pairs.clone().filter_map(link_words).collect();
    links.sort();
    links.dedup();
    links.iter().for_each(|words| text += &format!("  {words}\n"));
    let distances: Vec<Distance> = pairs
        .map(|pair| pair.pci_distance)
        .chain(adapters.flat_map(|adapter| adapter.pci_distances.iter().copied()))
        .flatten()
        .collect();
    for distance in Distance::ALL.into_iter().filter(|distance| distances.contains(distance)) {
        text += &format!("  {:<5} {}\n", distance.word(), distance.meaning());
    }
    text
}

fn pair_words(pair: &GpuPair) -> String {
    let distance = distance_word(pair.pci_distance);
    match pair.nvlinks {
        None | Some(0) => distance,
        Some(count) => format!("NV{count} {distance}"),
    }
}

/// What the links of a pair are.
fn link_words(pair: &GpuPair) -> Option<String> {
    let count = pair.nvlinks.filter(|&count| count > 0)?;
    let way = if pair.through_switches { " through NVSwitches" } else { "" };
    let speed = pair.nvlink_bytes_per_second;
    let speed = speed.map_or(String::new(), |speed| format!(", {} in each direction", rate(speed)));
    Some(format!("{:<5} {count} NVLink(s){way}{speed}", format!("NV{count}")))
}

fn distance_word(distance: Option<Distance>) -> String {
    distance.map_or("?", Distance::word).to_owned()
}
