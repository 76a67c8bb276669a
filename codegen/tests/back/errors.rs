//! What specialisation refuses, and in which words.

use crossdock_codegen::Error;
use crossdock_codegen::back::{self, Options};

use crate::fixtures::{link, specialise};

fn module(items: &str) -> String {
    format!("module a::code;\nfile \"src/a.rs\";\n{items}")
}

/// The first recorded sentence of a kernel `k` that cannot be specialised.
fn refusal(items: &str, parameters: &[(&str, i128)]) -> String {
    match specialise(&module(items), "k", parameters) {
        Err(Error::Specialise(mistakes)) => mistakes[0].to_string(),
        other => panic!("expected a refusal, found {other:?}"),
    }
}

#[test]
fn unknown_kernels_list_what_exists() {
    let program =
        link(&module("#[kernel(warps = 1)] fn one() {}\n#[kernel(warps = 1)] fn two() {}")).unwrap();
    let error = back::specialise(&program, "three", &[], &Options::default()).unwrap_err();
    assert_eq!(error.to_string(), "there is no kernel `three`; the modules have `one`, `two`");
}

#[test]
fn ambiguous_kernels_need_their_path() {
    let parse = |name: &str| {
        let text = format!("module {name};\n#[kernel(warps = 1)] fn k() {{}}");
        crossdock_codegen::text::parse(&text).unwrap()
    };
    let program = back::link(vec![parse("a::code"), parse("b::code")]).unwrap();
    let error = back::specialise(&program, "k", &[], &Options::default()).unwrap_err();
    assert_eq!(error.to_string(), "there is no kernel `k`; the modules have `a::code::k`, `b::code::k`");
    assert_eq!(back::specialise(&program, "b::code::k", &[], &Options::default()).unwrap().name, "k");
}

#[test]
fn const_parameters_are_checked() {
    let text = module("#[kernel(warps = 1)] fn k<const ROW: u8, const FAST: bool>() {}");
    let message = |parameters: &[(&str, i128)]| specialise(&text, "k", parameters).unwrap_err().to_string();
    assert_eq!(message(&[("ROW", 1)]), "`k` needs a value for its const parameter `FAST`");
    assert_eq!(message(&[("ROW", 256), ("FAST", 1)]), "ROW must be a u8 from 0 to 255: 256 is not");
    assert_eq!(message(&[("ROW", 1), ("FAST", 2)]), "FAST must be a bool from 0 to 1: 2 is not");
    assert_eq!(
        message(&[("ROW", 1), ("FAST", 1), ("SLOW", 1)]),
        "`k` has no const parameter `SLOW`: it has `ROW`, `FAST`"
    );
    assert_eq!(
        message(&[("ROW", 1), ("ROW", 1)]),
        "the const parameter `ROW` is given twice: give it once\n`k` needs a value for its const parameter `FAST`",
        "all that is wrong is reported"
    );
}

#[test]
fn a_violated_relation_names_the_kernels_parameters() {
    let text = module(
        "fn inner<const BYTES: u32, const LIMIT: u32>() {\n\
         @4:8 assert!((BYTES < LIMIT), \"{} bytes do not fit into {}\", BYTES, LIMIT);\n}\n\
         #[kernel(warps = 1)] fn k<const ROW: u32, const ROOM: u32>() { self::inner::<(ROW * 2u32), ROOM>(); }",
    );
    assert!(specialise(&text, "k", &[("ROW", 4), ("ROOM", 9)]).is_ok());
    let Err(Error::Relation { mistake, parameters }) = specialise(&text, "k", &[("ROW", 5), ("ROOM", 9)])
    else {
        panic!("the relation does not hold");
    };
    assert_eq!(mistake.to_string(), "10 bytes do not fit into 9 (src/a.rs:4:9)");
    assert_eq!(parameters, ["ROW", "ROOM"]);
}

#[test]
fn dead_arms_are_not_looked_at() {
    let text = "#[kernel(warps = 1)] fn k<const WIDE: bool>(n#0: u32) {\n\
                @3:4 let list#1 = [0u32; 2];\n\
                @4:4 if WIDE { @5:8 list#1[n#0] = 1u32; }\n}";
    assert!(specialise(&module(text), "k", &[("WIDE", 0)]).is_ok());
    assert_eq!(
        refusal(text, &[("WIDE", 1)]),
        "the index of an array in registers must be constant: add #[unroll] to the loop over `n`, \
         or keep the array in shared memory (src/a.rs:5:9)"
    );
}

#[test]
fn all_mistakes_are_reported_together() {
    let text = module(
        "#[kernel(warps = 1)] fn k(n#0: u32) {\n\
         @3:4 let list#1 = [0u32; 2];\n\
         @4:4 list#1[n#0] = 1u32;\n\
         @5:4 list#1[7u32] = 1u32;\n\
         @6:4 #[unroll] for i#2: u32 in 0u32..n#0 {}\n\
         @7:4 let other#3 = (n#0 / 0u32);\n}",
    );
    let Err(Error::Specialise(mistakes)) = specialise(&text, "k", &[]) else { panic!("four mistakes") };
    let messages: Vec<(u32, &str)> =
        mistakes.iter().map(|mistake| (mistake.span.line, mistake.message.as_str())).collect();
    assert_eq!(
        messages,
        [
            (
                4,
                "the index of an array in registers must be constant: add #[unroll] to the loop over `n`, \
                 or keep the array in shared memory"
            ),
            (5, "index 7 is out of bounds: the array has 2 elements"),
            (6, "#[unroll] needs constant bounds: make the bounds of `i` constant, or remove #[unroll]"),
            (
                7,
                "this divides by the constant zero: exclude that divisor with `if` or `const { assert!(..) }`"
            ),
        ]
    );
}

#[test]
fn dynamic_shared_memory_is_of_elements_with_a_size() {
    let text = |elements: &str| {
        format!(
            "struct Three {{ a: u32, b: u32, c: u32 }}\nstruct Empty {{ }}\n\
             struct Page align(1024) {{ a: u32 }}\n\
             #[kernel(warps = 1)] fn k(out#0: Global<u64>) {{\n\
             @3:4 let a#1 = shared(3u32): Shared<u32>;\n\
             @4:4 let b#2 = dynamic_shared(): SharedSlice<{elements}>;\n\
             @5:4 let c#3 = dynamic_shared(): SharedSlice<u64>;\n\
             @6:4 write(out#0, (b#2.1 + read(c#3.0)));\n@7:4 write(a#1, 1u32);\n}}"
        )
    };
    let needs = |elements: &str| {
        let needs = specialise(&module(&text(elements)), "k", &[]).unwrap().needs;
        (needs.shared_bytes, needs.dynamic_shared_unit)
    };
    // After 12 bytes that are static, at a multiple of 128 or of what an element asks for.
    assert_eq!([needs("u8"), needs("self::Three"), needs("self::Page")], [(128, 8), (128, 24), (1024, 1024)]);
    assert_eq!(
        refusal(&text("self::Empty"), &[]),
        "dynamic shared memory cannot be elements of 0 bytes (src/a.rs:4:5)"
    );
    let typed =
        module("#[kernel(warps = 1)] fn k() { let b#0 = dynamic_shared(): Shared<u32>; write(b#0, 1u32); }");
    let error =
        crossdock_codegen::back::link(vec![crossdock_codegen::text::parse(&typed).unwrap()]).unwrap_err();
    assert!(
        error.to_string().contains("`dynamic_shared` takes nothing, and gives a SharedSlice, not ()"),
        "{error}"
    );
}

#[test]
fn shared_arrays_are_constant_and_fit() {
    let text = "#[kernel(warps = 1)] fn k<const N: u32>(out#0: Global<u32>) {\n\
                @3:4 let a#1 = shared(N): Shared<u32>;\n\
                @4:4 let b#2 = shared(1024u32): Shared<u32>;\n\
                @5:4 write(at(a#1, 0u32), read(b#2));\n}";
    assert_eq!(specialise(&module(text), "k", &[("N", 11264)]).unwrap().needs.shared_bytes, 49152);
    assert_eq!(
        refusal(text, &[("N", 11265)]),
        "the block's shared arrays take 49168 bytes: at most 49152 bytes can be static (src/a.rs:4:5)"
    );
    let dynamic =
        "#[kernel(warps = 1)] fn k(n#0: u32) { @3:4 let a#1 = shared(n#0): Shared<u32>; write(a#1, 1u32); }";
    assert_eq!(
        refusal(dynamic, &[]),
        "the length of a shared array must be constant: use a const parameter or a constant (src/a.rs:3:5)"
    );
}

#[test]
fn constant_expressions_must_not_overflow_but_code_wraps() {
    let items = "fn f<const N: u32>() {}\n\
                 #[kernel(warps = 1)] fn k<const ROW: u32>(out#0: Global<u32>) {\n\
                 @4:4 write(out#0, (ROW * 2u32));\n\
                 @5:4 self::f::<(ROW * 2u32)>();\n}";
    assert!(specialise(&module(items), "k", &[("ROW", 7)]).is_ok());
    let message = refusal(items, &[("ROW", 1 << 31)]);
    assert_eq!(
        message,
        "this constant expression overflows its type: use a wider type, or a `wrapping_` method if it should wrap \
         (src/a.rs:5:5)"
    );
}

#[test]
fn endless_constants_and_unrolling_stop() {
    let endless = "const fn f() -> u32 { let n#0 = 0u32; loop { n#0 = (n#0 ^ 1u32); } }\n\
                   fn g<const N: u32>() {}\n\
                   #[kernel(warps = 1)] fn k() { self::g::<(self::f(): u32)>(); }";
    assert!(refusal(endless, &[]).contains("takes more than"), "{}", refusal(endless, &[]));
    let long = "#[kernel(warps = 1)] fn k(out#0: Global<u32>) {\n\
                @3:4 #[unroll] for i#1: u32 in 0u32..4000000000u32 { write(out#0, i#1); }\n}";
    assert!(refusal(long, &[]).starts_with("this kernel unrolls to more code than fits"));
}

#[test]
fn the_cluster_scope_needs_its_architecture() {
    let text = module("#[kernel(warps = 1)] fn k() { @3:4 fence::<AcquireRelease, Cluster>(); }");
    let program = link(&text).unwrap();
    let for_target = |target: &str| back::specialise(&program, "k", &[], &Options::new(target, None)?);
    assert!(for_target("sm_90").is_ok());
    let message = for_target("sm_80").unwrap_err().to_string();
    let expected = "`fence.acq_rel.cluster` needs the target sm_90, and this kernel is made for sm_80: raise the target, \
                    or do this only `if target_is_at_least(90)` (src/a.rs:3:5)";
    assert_eq!(message, expected);
    let message = for_target("hopper").unwrap_err().to_string();
    assert!(message.starts_with("there is no target `hopper`: write one of sm_80, sm_86,"), "{message}");
}

#[test]
fn inline_ptx_needs_its_target_and_version() {
    let text = module("#[kernel(warps = 1)] fn k() { ptx!(\"griddepcontrol.wait;\"); }");
    let program = link(&text).unwrap();
    let made = |target: &str| {
        let made = back::specialise(&program, "k", &[], &Options::new(target, Some("8.0"))?);
        made.map(|kernel| kernel.name)
    };
    assert_eq!(made("sm_90"), Ok("k".to_string()));
    let sentence =
        "`griddepcontrol.wait` needs the target sm_90, and this kernel is made for sm_89: raise the target";
    assert!(made("sm_89").unwrap_err().to_string().contains(sentence));
    let specific = module_of("setmaxnreg.inc.sync.aligned.u32 {n};", "n = const(24u32)");
    let refused = specialise(&specific, "k", &[]).unwrap_err().to_string();
    assert!(refused.contains("needs the target sm_90a, and this kernel is made for sm_80"), "{refused}");
}

fn module_of(text: &str, operands: &str) -> String {
    module(&format!("#[kernel(warps = 1)] fn k() {{ ptx!(\"{text}\", {operands}); }}"))
}

#[test]
fn a_constant_of_inline_ptx_is_one_that_the_instruction_takes() {
    let text = "#[kernel(warps = 1)] fn k<const BYTES: u32>(from#0: Global<u32>) {\n\
                @3:4 let to#1: Shared<u32> = (shared(4u32): Shared<u32>);\n\
                @4:4 ptx!(\"cp.async.ca.shared.global [{to}], [{from}], {bytes};\", to = in(to#1), from = in(from#0), \
                bytes = const(BYTES));\n}";
    assert!(specialise(&module(text), "k", &[("BYTES", 8)]).is_ok());
    let message = refusal(text, &[("BYTES", 5)]);
    assert!(message.contains("takes the constant 4 or 8 or 16 here, and this is 5"), "{message}");
}
