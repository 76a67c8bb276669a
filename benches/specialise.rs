//! How long a shipped kernel takes to become PTX text, from its IR text (parse, link, specialise, print: what a running
//! program does) and from its Rust source (parse, lower, examine and the same: what a build does). Nothing is cached here.

use criterion::{Criterion, criterion_group, criterion_main};
use crossdock::{DeviceModule, Shape, Wire};
use crossdock_codegen::{back, front, ir, text};
use crossdock_device::kernels::{combine, count, dispatch, enter, gradient, layout, router, scores};

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

/// A kernel's name, its module and its const parameters.
type Kernel<'a> = (&'a str, &'static DeviceModule, &'a [(&'a str, i128)]);

fn shipped_kernels(criterion: &mut Criterion) {
    let shape = Shape { hidden: 7168, top_k: 8, experts: 256, wire: Wire::FP8 };
    let hidden = ("HIDDEN", i128::from(shape.hidden));
    let top_k = ("TOP_K", i128::from(shape.top_k));
    let experts = ("EXPERTS", i128::from(shape.experts));
    let [format, scales, block] = shape.wire.quantising().map(|(name, value)| (name, i128::from(value)));
    let row_bytes = ("ROW_BYTES", i128::from(shape.row_bytes()));
    let side_words = ("SIDE_WORDS", i128::from(shape.side_words()));
    // DeepSeek-V3's router.
    let gate = [
        experts,
        ("GROUPS", 8),
        ("TOP_GROUPS", 4),
        top_k,
        ("SCORES", scores::code::SIGMOID.into()),
        ("BIASED", 1),
        ("NORMALISED", 1),
        ("LOGIT_BYTES", 4),
    ];
    let kernels: [Kernel<'_>; 7] = [
        ("router", &router::code::__device::MODULE, &gate),
        ("count", &count::code::__device::MODULE, &[top_k, experts]),
        ("layout", &layout::code::__device::MODULE, &[top_k, experts]),
        (
            "dispatch",
            &dispatch::code::__device::MODULE,
            &[row_bytes, side_words, top_k, format, scales, block],
        ),
        ("enter", &enter::code::__device::MODULE, &[]),
        ("combine", &combine::code::__device::MODULE, &[hidden, top_k]),
        ("gradient", &gradient::code::__device::MODULE, &[hidden, top_k]),
    ];
    for (kernel, module, parameters) in kernels {
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
