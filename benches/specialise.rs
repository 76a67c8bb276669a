//! How long a shipped kernel takes to become PTX text, from its IR text (parse, link, specialise,
//! print: what a running program does) and from its Rust source (parse, lower, examine and the
//! same: what a build does). Nothing is cached here.

use criterion::{Criterion, criterion_group, criterion_main};
use crossdock::{ConstParameter, DeviceModule, Gate, Shape, Wire};
use crossdock_codegen::{back, front, ir, text};
use crossdock_device::kernels;

fn specialise(texts: &[&str], kernel: &str, parameters: &[(&str, i128)]) -> String {
    let modules =
        texts.iter().map(|text| text::parse(text)).collect::<Result<_, _>>().expect("shipped IR is IR");
    let program = back::link(modules).expect("shipped IR is valid");
    let made =
        back::specialise(&program, kernel, parameters, &back::Options::default()).expect("a legal shape");
    made.ptx.to_string()
}

/// From the text of a Rust file, with the IR of what its device module imports.
fn compile(source: &str, module: &DeviceModule, kernel: &str, parameters: &[(&str, i128)]) -> String {
    let file = syn::parse_file(source).expect("shipped sources are Rust");
    let code = file.items.iter().find_map(|item| match item {
        syn::Item::Mod(module) if module.ident == "code" => module.content.as_ref(),
        _ => None,
    });
    let (_, items) = code.expect("shipped sources have a device module");
    // The module's own IR comes first; the macros, too, fetch what several imports share once.
    let texts = &module.texts()[1..];
    let parse = |text: &&str| text::parse(text).expect("shipped IR is IR");
    let imported: Vec<ir::Module> = texts.iter().map(parse).collect();
    let of = |text: &str| {
        let position = texts.iter().position(|known| *known == text);
        &imported[position.expect("it is among the imported")]
    };
    let direct: Vec<&ir::Module> = module.imports.iter().map(|import| of(import.ir)).collect();
    let all: Vec<&ir::Module> = imported.iter().collect();
    let place = front::Source { name: "bench::code", file: "bench.rs", text: Some(source) };
    let lowered = front::lower(items, &place, &direct, &all).expect("shipped kernels have no mistakes");
    let mut modules = imported;
    modules.push(lowered);
    let program = back::link(modules).expect("shipped kernels are valid");
    assert!(back::examine(&program, "bench::code").is_empty());
    let made =
        back::specialise(&program, kernel, parameters, &back::Options::default()).expect("a legal shape");
    made.ptx.to_string()
}

/// The kernel's name and module, and its const parameters for DeepSeek-V3.
type Kernel = (&'static str, &'static DeviceModule, Vec<(&'static str, i128)>);

macro_rules! rows {
    ([$model:expr] $(#[$of_set:meta])* $set:ident $of:tt $named:ident $by:tt {
        $($(#[$of_kernel:meta])* $name:ident($arguments:ident): $($parameter:ident),*;)+
    }) => {
        vec![$((
            stringify!($name),
            &kernels::$name::code::__device::MODULE,
            ConstParameter::named(&$model.parameters(), &[$(stringify!($parameter)),*]),
        )),+]
    };
}

fn shipped_kernels(criterion: &mut Criterion) {
    let shape = Shape { hidden: 7168, top_k: 8, experts: 256, wire: Wire::FP8 };
    let mut kernels: Vec<Kernel> = crossdock_device::__kernels!(RouterKernel => [rows] [Gate::DEEPSEEK_V3]);
    kernels.extend::<Vec<Kernel>>(crossdock_device::__kernels!(KernelSet => [rows] [shape]));
    for (kernel, module, parameters) in kernels {
        let parameters = &parameters[..];
        let ir = module.texts();
        let lines = specialise(&ir, kernel, parameters).lines().count();
        criterion.bench_function(&format!("{kernel}, from IR to {lines} lines of PTX"), |bencher| {
            bencher.iter(|| specialise(&ir, kernel, parameters));
        });
        let path = format!("{}/device/src/kernels/{kernel}.rs", env!("CARGO_MANIFEST_DIR"));
        let source = std::fs::read_to_string(path).expect("the kernel's source");
        let name = format!("{kernel}, from {} lines of Rust", source.lines().count());
        criterion.bench_function(&name, |bencher| {
            bencher.iter(|| compile(&source, module, kernel, parameters));
        });
    }
}

criterion_group!(benches, shipped_kernels);
criterion_main!(benches);
