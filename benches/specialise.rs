//! How long a shipped kernel takes from IR text to PTX text: parse, link, specialise, print. Nothing is cached here.

use criterion::{Criterion, criterion_group, criterion_main};
use crossdock::{DeviceModule, Shape, Wire};
use crossdock_codegen::{back, text};
use crossdock_device::kernels::{combine, count, dispatch, layout};

/// The IR texts of a module and all that it imports, each once.
fn texts(module: &DeviceModule, found: &mut Vec<&'static str>) {
    if !found.contains(&module.ir) {
        found.push(module.ir);
        for import in module.imports {
            texts(import, found);
        }
    }
}

fn specialise(texts: &[&str], kernel: &str, parameters: &[(&str, i128)]) -> String {
    let modules =
        texts.iter().map(|text| text::parse(text)).collect::<Result<_, _>>().expect("shipped IR is IR");
    let program = back::link(modules).expect("shipped IR is valid");
    let made =
        back::specialise(&program, kernel, parameters, &back::Options::default()).expect("a legal shape");
    made.ptx.to_string()
}

/// A kernel's name, its module and its const parameters.
type Kernel<'a> = (&'a str, &'static DeviceModule, &'a [(&'a str, i128)]);

fn shipped_kernels(criterion: &mut Criterion) {
    let shape = Shape { hidden: 7168, top_k: 8, experts: 256, wire: Wire::FP8 };
    let hidden = ("HIDDEN", i128::from(shape.hidden));
    let top_k = ("TOP_K", i128::from(shape.top_k));
    let experts = ("EXPERTS", i128::from(shape.experts));
    let element_bytes = ("ELEMENT_BYTES", i128::from(shape.wire.element_bytes()));
    let scale_block = ("SCALE_BLOCK", i128::from(shape.wire.scale_block()));
    let kernels: [Kernel<'_>; 4] = [
        ("count", &count::code::__device::MODULE, &[top_k, experts]),
        ("layout", &layout::code::__device::MODULE, &[top_k, experts]),
        ("dispatch", &dispatch::code::__device::MODULE, &[hidden, element_bytes, scale_block, top_k]),
        ("combine", &combine::code::__device::MODULE, &[hidden, top_k]),
    ];
    for (kernel, module, parameters) in kernels {
        let mut ir = Vec::new();
        texts(module, &mut ir);
        let lines = specialise(&ir, kernel, parameters).lines().count();
        criterion.bench_function(&format!("{kernel}, {lines} lines of PTX"), |bencher| {
            bencher.iter(|| specialise(&ir, kernel, parameters));
        });
    }
}

criterion_group!(benches, shipped_kernels);
criterion_main!(benches);
