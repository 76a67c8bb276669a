//! Every legal (operation, order, scope) of memory, fences, mbarriers and multicast memory has a
//! name in device code: the instruction table says what is legal, kernels that call every name say
//! what can be reached.

mod harness;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crossdock_codegen::back;
use crossdock_codegen::{front, ir, text};
use crossdock_device::DeviceModule;
use crossdock_ptx::table::{self, form::Form};
use harness::{assemble, blackwell};

const LOADS: &[&str] = &["Relaxed", "Acquire"];
const STORES: &[&str] = &["Relaxed", "Release"];
const ATOMICS: &[&str] = &["Relaxed", "Acquire", "Release", "AcquireRelease"];
const FENCES: &[&str] = &["Acquire", "Release", "AcquireRelease", "SequentiallyConsistent"];
const SCOPES: &[&str] = &["Block", "Cluster", "Gpu", "System"];
const BARRIER_SCOPES: &[&str] = &["Block", "Cluster"];

/// What a statement is repeated for: `{O}` and `{S}` stand for an order and a scope.
type Calls<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);

/// Statements that name every operation, with the orders and scopes of each.
const CALLS: &[Calls<'_>] = &[
    // Weak, volatile and mmio accesses of numbers and vectors.
    ("let v = {N}.read(); {N}.write(v);", &[""], &[""]),
    ("let v = {N}.read_volatile(); {N}.write_volatile(v);", &[""], &[""]),
    ("let v = {V}.read(); {V}.write(v);", &[""], &[""]),
    ("let v = {V}.read_volatile(); {V}.write_volatile(v);", &[""], &[""]),
    ("let v = {G}.read_mmio(); {G}.write_mmio(v);", &[""], &[""]),
    ("let v = {R}.read_only(); {C}.write(v);", &[""], &[""]),
    // Strong loads and stores.
    ("let v = {N}.load({O}, {S}); {N}.store(v, Relaxed, System);", LOADS, SCOPES),
    ("{N}.store({N}.read(), {O}, {S});", STORES, SCOPES),
    ("let v = {W}.load({O}, {S}); {W}.write(v);", LOADS, SCOPES),
    ("{W}.store({W}.read(), {O}, {S});", STORES, SCOPES),
    // Read-modify-write; a dropped result is `red`.
    ("{A}.fetch_add({A}.read(), {O}, {S});", ATOMICS, SCOPES),
    ("let v = {A}.fetch_add({A}.read(), {O}, {S}); {A}.write(v);", ATOMICS, SCOPES),
    ("{I}.fetch_min({I}.read(), {O}, {S});", ATOMICS, SCOPES),
    ("let v = {I}.fetch_min({I}.read(), {O}, {S}); {I}.write(v);", ATOMICS, SCOPES),
    ("{I}.fetch_max({I}.read(), {O}, {S});", ATOMICS, SCOPES),
    ("let v = {I}.fetch_max({I}.read(), {O}, {S}); {I}.write(v);", ATOMICS, SCOPES),
    ("{I}.fetch_and({I}.read(), {O}, {S});", ATOMICS, SCOPES),
    ("let v = {I}.fetch_and({I}.read(), {O}, {S}); {I}.write(v);", ATOMICS, SCOPES),
    ("{I}.fetch_or({I}.read(), {O}, {S});", ATOMICS, SCOPES),
    ("let v = {I}.fetch_or({I}.read(), {O}, {S}); {I}.write(v);", ATOMICS, SCOPES),
    ("{I}.fetch_xor({I}.read(), {O}, {S});", ATOMICS, SCOPES),
    ("let v = {I}.fetch_xor({I}.read(), {O}, {S}); {I}.write(v);", ATOMICS, SCOPES),
    ("{U}.fetch_increment(7, {O}, {S});", ATOMICS, SCOPES),
    ("let v = {U}.fetch_increment(7, {O}, {S}); {U}.write(v);", ATOMICS, SCOPES),
    ("{U}.fetch_decrement(7, {O}, {S});", ATOMICS, SCOPES),
    ("let v = {U}.fetch_decrement(7, {O}, {S}); {U}.write(v);", ATOMICS, SCOPES),
    ("let v = {I}.exchange({I}.read(), {O}, {S}); {I}.write(v);", ATOMICS, SCOPES),
    ("let v = {X}.compare_exchange({X}.read(), {X}.read(), {O}, {S}); {X}.write(v);", ATOMICS, SCOPES),
    ("let v = {W}.exchange({W}.read(), {O}, {S}); {W}.write(v);", ATOMICS, SCOPES),
    ("let v = {W}.compare_exchange({W}.read(), {W}.read(), {O}, {S}); {W}.write(v);", ATOMICS, SCOPES),
    ("{F}.fetch_add({F}.read(), {O}, {S});", ATOMICS, SCOPES),
    ("let v = {F}.fetch_add({F}.read(), {O}, {S}); {F}.write(v);", ATOMICS, SCOPES),
    ("{H}.fetch_add_f16({H}.read(), {O}, {S});", ATOMICS, SCOPES),
    ("let v = {H}.fetch_add_f16({H}.read(), {O}, {S}); {H}.write(v);", ATOMICS, SCOPES),
    ("{H}.fetch_add_bf16({H}.read(), {O}, {S});", ATOMICS, SCOPES),
    ("let v = {H}.fetch_add_bf16({H}.read(), {O}, {S}); {H}.write(v);", ATOMICS, SCOPES),
    ("{M}.fetch_min_f16({M}.read(), {O}, {S});", ATOMICS, SCOPES),
    ("let v = {M}.fetch_min_f16({M}.read(), {O}, {S}); {M}.write(v);", ATOMICS, SCOPES),
    ("{M}.fetch_max_f16({M}.read(), {O}, {S});", ATOMICS, SCOPES),
    ("let v = {M}.fetch_max_f16({M}.read(), {O}, {S}); {M}.write(v);", ATOMICS, SCOPES),
    ("{M}.fetch_min_bf16({M}.read(), {O}, {S});", ATOMICS, SCOPES),
    ("let v = {M}.fetch_min_bf16({M}.read(), {O}, {S}); {M}.write(v);", ATOMICS, SCOPES),
    ("{M}.fetch_max_bf16({M}.read(), {O}, {S});", ATOMICS, SCOPES),
    ("let v = {M}.fetch_max_bf16({M}.read(), {O}, {S}); {M}.write(v);", ATOMICS, SCOPES),
    // Fences.
    ("fence({O}, {S});", FENCES, SCOPES),
    (
        "fence_mbarrier_init(); fence_alias(); fence_async(); fence_async_shared(); fence_async_global();",
        &[""],
        &[""],
    ),
    // Mbarriers.
    ("let b = Mbarrier::allocate(); b.initialise(2); b.arrive(); b.arrive_and_leave();", &[""], &[""]),
    (
        "let t = b.arrive_with_token(); sink(b.has_completed(t)); sink(b.is_past(p)); sink(b.try_wait(p)); b.invalidate();",
        &[""],
        &[""],
    ),
    ("sink64(b.arrive_ordered({O}, {S})); r.arrive_ordered({O}, {S});", STORES, BARRIER_SCOPES),
    ("sink64(b.arrive_for_ordered(2, {O}, {S})); r.arrive_for_ordered(2, {O}, {S});", STORES, BARRIER_SCOPES),
    (
        "sink64(b.arrive_and_leave_ordered({O}, {S})); r.arrive_and_leave_ordered({O}, {S});",
        STORES,
        BARRIER_SCOPES,
    ),
    (
        "sink64(b.arrive_and_expect_bytes_ordered(8, {O}, {S})); r.arrive_and_expect_bytes_ordered(8, {O}, {S});",
        STORES,
        BARRIER_SCOPES,
    ),
    (
        "sink64(b.expect_bytes_and_leave_ordered(8, {O}, {S})); r.expect_bytes_and_leave_ordered(8, {O}, {S});",
        STORES,
        BARRIER_SCOPES,
    ),
    ("b.expect_bytes_in(8, {S}); r.expect_bytes_in(8, {S});", &[""], BARRIER_SCOPES),
    ("b.complete_bytes_in(8, {S}); r.complete_bytes_in(8, {S});", &[""], BARRIER_SCOPES),
    (
        "sink(b.has_completed_ordered(7, {O}, {S})); sink(b.is_past_ordered(p, {O}, {S}));",
        LOADS,
        BARRIER_SCOPES,
    ),
    (
        "sink(b.try_wait_for_token_ordered(7, {O}, {S})); sink(b.try_wait_ordered(p, {O}, {S}));",
        LOADS,
        BARRIER_SCOPES,
    ),
    // Multicast memory.
    ("let v = {Mi}.read_reduce_add(); {Mi}.write(v);", &[""], &[""]),
    ("let v = {Mi}.read_reduce_min(); {Mi}.write(v);", &[""], &[""]),
    ("let v = {Mi}.read_reduce_max(); {Mi}.write(v);", &[""], &[""]),
    ("let v = {Mi}.read_reduce_and(); {Mi}.write(v);", &[""], &[""]),
    ("let v = {Mi}.read_reduce_or(); {Mi}.write(v);", &[""], &[""]),
    ("let v = {Mi}.read_reduce_xor(); {Mi}.write(v);", &[""], &[""]),
    ("let v = {Mi}.load_reduce_add({O}, {S}); {Mi}.write(v);", LOADS, SCOPES),
    ("let v = {Mi}.load_reduce_min({O}, {S}); {Mi}.write(v);", LOADS, SCOPES),
    ("let v = {Mi}.load_reduce_max({O}, {S}); {Mi}.write(v);", LOADS, SCOPES),
    ("let v = {Mi}.load_reduce_and({O}, {S}); {Mi}.write(v);", LOADS, SCOPES),
    ("let v = {Mi}.load_reduce_or({O}, {S}); {Mi}.write(v);", LOADS, SCOPES),
    ("let v = {Mi}.load_reduce_xor({O}, {S}); {Mi}.write(v);", LOADS, SCOPES),
    (
        "let v = {Mi}.read_reduce_add(); {Mi}.store(v, {O}, {S}); {Mi}.reduce_add(v, {O}, {S});",
        STORES,
        SCOPES,
    ),
    (
        "let v = {Mi}.read_reduce_add(); {Mi}.reduce_min(v, {O}, {S}); {Mi}.reduce_max(v, {O}, {S});",
        STORES,
        SCOPES,
    ),
    (
        "let v = {Mi}.read_reduce_add(); {Mi}.reduce_and(v, {O}, {S}); {Mi}.reduce_or(v, {O}, {S});",
        STORES,
        SCOPES,
    ),
    ("let v = {Mi}.read_reduce_add(); {Mi}.reduce_xor(v, {O}, {S});", STORES, SCOPES),
    ("let v = {Mf}.read_reduce_add(); {Mf}.write(v);", &[""], &[""]),
    ("let v = {Mf}.load_reduce_add({O}, {S}); {Mf}.write(v);", LOADS, SCOPES),
    (
        "let v = {Mf}.read_reduce_add(); {Mf}.store(v, {O}, {S}); {Mf}.reduce_add(v, {O}, {S});",
        STORES,
        SCOPES,
    ),
    ("let v = {Mh}.read_reduce_add_narrow(); {Mh}.write(v);", &[""], &[""]),
    ("let v = {Mh}.read_reduce_min(); {Mh}.write(v);", &[""], &[""]),
    ("let v = {Mh}.read_reduce_max(); {Mh}.write(v);", &[""], &[""]),
    ("let v = {Mh}.load_reduce_add_narrow({O}, {S}); {Mh}.write(v);", LOADS, SCOPES),
    ("let v = {Mh}.load_reduce_min({O}, {S}); {Mh}.write(v);", LOADS, SCOPES),
    ("let v = {Mh}.load_reduce_max({O}, {S}); {Mh}.write(v);", LOADS, SCOPES),
];

/// What stands for a place: pointers of these types and kinds.
const PLACES: &[(&str, &[&str])] = &[
    ("{N}", &["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f32", "f64"]),
    ("{G}", &["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f32", "f64"]),
    (
        "{V}",
        &["B64", "B128", "f32x2", "f32x4", "Longs", "Doubles", "SignedWords", "SignedPair", "SignedLongs"],
    ),
    ("{R}", &["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f32", "f64", "B64", "B128"]),
    ("{A}", &["u32", "u64", "i32", "f32", "f64"]),
    ("{I}", &["u32", "u64", "i32", "i64"]),
    ("{X}", &["u16", "u32", "u64"]),
    ("{U}", &["u32"]),
    ("{W}", &["B128"]),
    ("{F}", &["f32x2", "f32x4"]),
    ("{H}", &["u16", "u32", "B64", "B128"]),
    ("{M}", &["u32", "B64", "B128"]),
    ("{Mi}", &["Multicast::<u32>", "Multicast::<u64>", "Multicast::<i32>", "Multicast::<i64>"]),
    (
        "{Mf}",
        &[
            "Multicast::<f32>",
            "MulticastF32x2",
            "MulticastF32x4",
            "Multicast::<f64>",
            "MulticastF16x2",
            "MulticastF16x4",
            "MulticastF16x8",
            "MulticastBf16x2",
            "MulticastBf16x4",
            "MulticastBf16x8",
        ],
    ),
    (
        "{Mh}",
        &[
            "MulticastF16x2",
            "MulticastF16x4",
            "MulticastF16x8",
            "MulticastBf16x2",
            "MulticastBf16x4",
            "MulticastBf16x8",
        ],
    ),
];

/// Places that lie in global memory only.
const GLOBAL_ONLY: &[&str] = &["{G}", "{R}", "{F}", "{M}"];

/// Whole kernels, one for each statement, order and scope, so that a failure names what fails.
fn source() -> (String, Vec<String>) {
    let mut source = String::from(
        "use crossdock::library::fences::*; use crossdock::library::mbarrier::*; \
         use crossdock::library::multicast::halves::*; \
         use crossdock::library::multicast::floats::*; use crossdock::library::multicast::*; \
         use crossdock::numbers::vector::code::*; \
         use crossdock::prelude::*;
         #[derive(Clone, Copy)] #[repr(C, align(16))] pub struct Longs { x: u64, y: u64 }
         #[derive(Clone, Copy)] #[repr(C, align(16))] pub struct SignedLongs { x: i64, y: i64 }
         #[derive(Clone, Copy)] #[repr(C, align(16))] pub struct Doubles { x: f64, y: f64 }
         #[derive(Clone, Copy)] #[repr(C, align(8))] pub struct SignedPair { x: i32, y: i32 }
         #[derive(Clone, Copy)] #[repr(C, align(16))] pub struct SignedWords { x: i32, y: i32, z: i32, w: i32 }
         fn sink(value: bool) { if value { trap() } }
         fn sink64(value: u64) { if value == 1 { trap() } }\n",
    );
    let mut names = Vec::new();
    for (statement, orders, scopes) in CALLS {
        let place = PLACES.iter().find(|(mark, _)| statement.contains(mark));
        let types = place.map_or(&[""][..], |(_, types)| types);
        for (ty, order, scope) in types.iter().flat_map(|ty| {
            orders.iter().flat_map(move |order| scopes.iter().map(move |scope| (ty, order, scope)))
        }) {
            let statement = statement
                .replace("{O}", order)
                .replace("{S}", scope)
                .replace("{C}", &format!("data.cast::<{ty}>()"));
            let mut body = String::new();
            match place {
                Some((mark, _)) if ty.starts_with("Multicast") => {
                    body = format!("let at = {ty}::new(data.cast()); {}", statement.replace(mark, "at"));
                }
                Some((mark, _)) => {
                    let spaces: &[&str] =
                        if GLOBAL_ONLY.contains(mark) { &["data"] } else { &["data", "shared"] };
                    for space in spaces {
                        let large = ["f32x2", "f32x4", "B64", "B128"].contains(ty) && *mark == "{H}";
                        if *space == "data" || !large {
                            let _ = write!(
                                body,
                                "{{ let at = {space}.cast::<{ty}>(); {} }}",
                                statement.replace(mark, "at")
                            );
                        }
                    }
                    body = format!("let shared = shared::<B128>(64); {body}");
                }
                None => {
                    let given = !statement.contains("let b =");
                    if given && (statement.contains("b.") || statement.contains("r.")) {
                        body = "let b = Mbarrier::allocate(); let r = b.of_block(0); let p = Phase::FIRST; "
                            .to_string();
                    }
                    body += &statement;
                }
            }
            let name = format!("k{}", names.len());
            let _ = writeln!(source, "#[kernel(warps = 1)] pub fn {name}(data: Global<B128>) {{ {body} }}");
            names.push(name);
        }
    }
    (source, names)
}

/// The program of the source.
fn program(source: &str) -> back::Program {
    let file = syn::parse_file(source).expect("the source is Rust");
    let dependencies = front::dependencies(&file.items).unwrap_or_else(|found| panic!("{found:?}"));
    let mut linked: Vec<ir::Module> = Vec::new();
    let mut direct = Vec::new();
    for dependency in &dependencies {
        let path: Vec<String> =
            dependency.path.segments.iter().skip(1).map(|segment| segment.ident.to_string()).collect();
        let path = path.join("::");
        let module = DeviceModule::imported(&path);
        let mut modules: Vec<ir::Module> = module
            .unwrap_or_else(|| panic!("there is no module {path}"))
            .texts()
            .iter()
            .map(|text| text::parse(text).expect("the library's own IR"))
            .collect();
        direct.push(modules[0].clone());
        modules.retain(|module| linked.iter().all(|known| known.name != module.name));
        linked.extend(modules);
    }
    let origin = front::Source { name: "test::code", file: "test.rs", text: Some(source) };
    let (direct, known): (Vec<_>, Vec<_>) = (direct.iter().collect(), linked.iter().collect());
    let module =
        front::lower(&file.items, &origin, &direct, &known).unwrap_or_else(|found| panic!("{found:#?}"));
    linked.push(module);
    back::link(linked).unwrap_or_else(|error| panic!("{error}"))
}

/// Instructions that this test is about.
const NAMES: &[&str] = &["ld", "st", "atom", "red", "fence", "mbarrier", "multimem"];

/// What of an opcode is no order, no scope and no operation: where the bytes lie, what the caches
/// do, how wide it is.
fn is_detail(modifier: &str) -> bool {
    let details = [
        "global",
        "shared",
        "shared::cta",
        "shared::cluster",
        "weak",
        "ca",
        "cg",
        "cs",
        "lu",
        "cv",
        "wb",
        "wt",
        "v2",
        "v4",
        "v8",
        "L2::cache_hint",
    ];
    details.contains(&modifier) || modifier.starts_with("L1::") || modifier.starts_with("L2::")
}

/// Types that move or combine the same bits in the same way.
fn same_type(name: &str, modifiers: &[&str], modifier: &str) -> String {
    let moves = ["ld", "st"].contains(&name) || (name == "multimem" && modifiers.contains(&"st"));
    let bits = |size: &str| format!("b{size}");
    match modifier {
        "u8" | "s8" | "u16" | "s16" | "u32" | "s32" | "u64" | "s64" | "f32" | "f64" if moves => {
            bits(&modifier[1..])
        }
        // A pair in a word, and twice as many of half the size.
        "f16" if modifiers.iter().any(|modifier| ["v2", "v4", "v8"].contains(modifier)) => {
            "f16x2".to_string()
        }
        "bf16" if modifiers.iter().any(|modifier| ["v2", "v4", "v8"].contains(modifier)) => {
            "bf16x2".to_string()
        }
        "f16x2" | "bf16x2" if moves => bits("32"),
        other => other.to_string(),
    }
}

/// Operation, order, scope and type of an opcode.
fn key(name: &str, modifiers: &[&str]) -> String {
    let kept = modifiers.iter().filter(|modifier| !is_detail(modifier));
    let mut key: Vec<String> = kept.map(|modifier| same_type(name, modifiers, modifier)).collect();
    // The table lets modifiers stand in any order, and names the default.
    key.sort();
    format!("{name} {}", key.join(" "))
}

/// Every opcode of a form, with one alternative of what is a detail.
fn opcodes(form: &Form) -> Vec<Vec<&'static str>> {
    let mut all: Vec<Vec<&'static str>> = vec![Vec::new()];
    for element in &form.elements {
        let details = element.alternatives.iter().all(|alternative| is_detail(alternative));
        let alternatives: Vec<Option<&'static str>> = match (details, element.is_optional()) {
            // Whether it is several elements matters to types.
            (true, true) if element.alternatives.contains(&"v4") => vec![None, Some("v4")],
            (true, true) => vec![None],
            (true, false) => element.alternatives.iter().take(1).map(|it| Some(*it)).collect(),
            (false, optional) => {
                let given = element.alternatives.iter().map(|it| Some(*it));
                if optional { given.chain([None]).collect() } else { given.collect() }
            }
        };
        all = all
            .iter()
            .flat_map(|before| {
                alternatives.iter().map(|alternative| before.iter().copied().chain(*alternative).collect())
            })
            .collect();
    }
    all.retain(|modifiers| form.assign(modifiers).is_some());
    all
}

/// What has no name, and why.
fn reason(name: &str, modifiers: &[&str]) -> Option<&'static str> {
    let has = |modifier: &str| modifiers.contains(&modifier);
    let ordered = ["relaxed", "acquire", "release", "acq_rel", "sc"].iter().any(|order| has(order));
    let scoped = ["cta", "cluster", "gpu", "sys"].iter().any(|scope| has(scope));
    match name {
        "ld" | "st"
            if ["local", "param", "param::entry", "param::func", "const"].iter().any(|space| has(space)) =>
        {
            Some("device code has no such memory")
        }
        "ld" | "st" if has("b128") && !ordered => Some("`read` and `write` move the same bytes as `.v4.b32`"),
        "st" if has("bulk") => Some("fills shared memory with zeros, as a loop of `write`s does"),
        "st" | "red" if has("async") => Some("asynchronous stores and reductions in a cluster: inline PTX"),
        "atom" | "red" if ordered != scoped => Some("order and scope are always stated, together"),
        "atom" | "red" if !ordered => {
            Some("order and scope are always stated: `Relaxed` at the scope of the GPU is the default of PTX")
        }
        "fence" if has("proxy") && (has("async::generic") || has("tensormap::generic")) => {
            Some("tensor maps, and proxy fences of one direction: inline PTX")
        }
        "fence" if modifiers.iter().any(|modifier| modifier.starts_with("sync_restrict")) => {
            Some("fences of the shared memory of a cluster alone: inline PTX")
        }
        "fence" if !ordered && !has("proxy") => {
            Some("order and scope are always stated: the default of PTX is `AcquireRelease`")
        }
        "mbarrier" if has("noComplete") => Some("an arrival that must not complete a phase: inline PTX"),
        "mbarrier" if has("pending_count") => Some("takes a token apart: inline PTX"),
        "mbarrier" if !ordered && (has("expect_tx") || has("complete_tx")) => {
            Some("the order and scope that it names are the default")
        }
        "mbarrier" if !ordered && has("try_wait") && !has("parity") => Some("its order and scope are stated"),
        _ => None,
    }
}

#[test]
fn every_legal_operation_order_and_scope_has_a_name() {
    let (source, names) = source();
    let program = program(&source);
    let mut reached: BTreeSet<String> = BTreeSet::new();
    for name in &names {
        let kernel = back::specialise(&program, name, &[], &blackwell()).unwrap_or_else(|error| {
            let line = source.lines().find(|line| line.contains(&format!(" {name}("))).unwrap_or_default();
            panic!("{error}\n{line}")
        });
        let text = kernel.ptx.to_string();
        for opcode in text.lines().filter_map(|line| line.trim().split([' ', ';']).next()) {
            let written: Vec<&str> = opcode.split('.').collect();
            if NAMES.contains(&written[0]) {
                reached.insert(key(written[0], &written[1..]));
            }
        }
    }
    let (mut missing, mut covered, mut unused) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    for row in NAMES.iter().flat_map(|name| table::rows_named(name)) {
        for modifiers in opcodes(row.form()) {
            let key = key(row.name, &modifiers);
            match reason(row.name, &modifiers) {
                _ if reached.contains(&key) => {
                    covered.insert(key);
                }
                Some(reason) => {
                    unused.insert(reason);
                }
                None => {
                    missing.insert(key, format!("{}.{}", row.name, modifiers.join(".")));
                }
            }
        }
    }
    assert!(missing.is_empty(), "no name reaches these: {missing:#?}");
    // Most of the table has names, so that the reasons are the exceptions.
    assert!(covered.len() > 400, "{} have names, these have none: {unused:#?}", covered.len());
}

#[test]
fn the_assembler_takes_every_name() {
    let (source, names) = source();
    let program = program(&source);
    // One order and scope of each statement: the others differ in these modifiers alone.
    let mut statements = BTreeSet::new();
    for name in &names {
        let kernel =
            back::specialise(&program, name, &[], &blackwell()).unwrap_or_else(|error| panic!("{error}"));
        let text = kernel.ptx.to_string();
        let plain = |opcode: &str| {
            let modifiers =
                ["relaxed", "acquire", "release", "acq_rel", "sc", "cta", "cluster", "gpu", "sys"];
            opcode.split('.').filter(|word| !modifiers.contains(word)).collect::<Vec<_>>().join(".")
        };
        let opcodes = text.lines().filter_map(|line| line.trim().split([' ', ';']).next());
        let opcodes = opcodes.filter(|opcode| NAMES.contains(&opcode.split('.').next().unwrap_or_default()));
        let opcodes: Vec<String> = opcodes.map(plain).collect();
        if statements.insert(opcodes) {
            assemble(name, &text, "sm_100");
        }
    }
}
