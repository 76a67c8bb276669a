//! What linking refuses, one rule a test, and in which words.

use crossdock_codegen::Error;

use crate::fixtures::link;

/// All sentences about a module that does not link.
fn refusals(items: &str) -> Vec<String> {
    match link(&format!("module a::code;\n{items}")) {
        Err(Error::Invalid(mistakes)) => mistakes.into_iter().map(|mistake| mistake.message).collect(),
        other => panic!("expected mistakes, found {other:?}"),
    }
}

fn refusal(items: &str) -> String {
    let mut all = refusals(items);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn names_are_unique() {
    assert_eq!(refusal("fn f() {}\nfn f() {}"), "there are two functions `f`: rename one");
    assert_eq!(refusal("struct S { a: u32, a: u32 }"), "there are two fields `a`: rename one");
}

#[test]
fn modules_are_linked_once_and_completely() {
    assert_eq!(refusal("use b::code;"), "`a::code` uses the module `b::code`, which is not linked");
    let module = crossdock_codegen::text::parse("module a::code;").unwrap();
    let error = crossdock_codegen::back::link(vec![module.clone(), module]).unwrap_err();
    assert_eq!(error.to_string(), "there are two modules `a::code`: link each module once");
}

#[test]
fn called_functions_exist_and_take_what_they_are_given() {
    assert_eq!(refusal("fn f() { self::g(); }"), "there is no function `a::code::g`");
    let callee = "fn g<const N: u32>(x#0: u32) {}\n";
    assert_eq!(
        refusals(&format!("{callee}fn f() {{ self::g(); }}")),
        ["`g` takes 1 const argument(s), 0 given", "`g` takes 1 argument(s), 0 given"]
    );
    assert_eq!(
        refusal(&format!("{callee}fn f() {{ self::g::<1u32>(1i64); }}")),
        "`g` takes u32 for `x`, not i64"
    );
    assert_eq!(
        refusal(&format!("{callee}fn f(n#0: u32) {{ self::g::<n#0>(n#0); }}")),
        "`n` is not constant: use a const parameter"
    );
    assert_eq!(
        refusal("#[kernel(warps = 1)] fn k() {}\nfn f() { self::k(); }"),
        "`k` is a kernel: it can be launched, not called"
    );
}

#[test]
fn nothing_depends_on_itself() {
    assert_eq!(
        refusal("fn f() { self::g(); }\nfn g() { self::f(); }"),
        "everything is inlined, so a function cannot call itself: write a loop (`f` -> `g` -> `f`)"
    );
    assert_eq!(
        refusal("struct S { inner: self::S }"),
        "a struct cannot contain itself: use a pointer (`S` -> `S`)"
    );
    link("module a::code;\nstruct Node { next: Global<self::Node> }").unwrap();
    assert_eq!(
        refusal("const A: u32 = self::B: u32;\nconst B: u32 = self::A: u32;"),
        "a constant cannot depend on itself (`A` -> `B` -> `A`)"
    );
}

#[test]
fn operators_get_what_they_work_on() {
    let message = |expression: &str| {
        refusal(&format!("fn f(u#0: u32, l#1: u64, x#2: f32, b#3: bool) {{ _ = {expression}; }}"))
    };
    assert_eq!(message("(u#0 + l#1)"), "both operands need one type: these are u32 and u64");
    assert_eq!(message("(b#3 + b#3)"), "this operator does not work on bool");
    assert_eq!(message("(-u#0)"), "`-` does not work on u32");
    assert_eq!(message("(x#2 << u#0)"), "a shift works on integers");
    assert_eq!(message("(u#0 as bool)"), "u32 cannot be cast to bool");
}

#[test]
fn orders_are_those_of_ptx() {
    let message = |call: &str| refusal(&format!("fn f(p#0: Global<u32>) {{ _ = {call}; }}"));
    assert_eq!(message("load::<Release, Gpu>(p#0)"), "a load cannot be Release: use Relaxed or Acquire");
    assert_eq!(
        message("store::<Acquire, Gpu>(p#0, 1u32)"),
        "a store cannot be Acquire: use Relaxed or Release"
    );
    assert_eq!(
        message("fence::<Relaxed, Gpu>()"),
        "a fence cannot be Relaxed: use Acquire or Release or AcquireRelease or SequentiallyConsistent"
    );
    assert_eq!(
        message("fetch_add::<SequentiallyConsistent, Gpu>(p#0, 1u32)"),
        "a read-modify-write operation cannot be SequentiallyConsistent: \
         use Relaxed or Acquire or Release or AcquireRelease"
    );
}

#[test]
fn atomics_exist_in_ptx() {
    let message = |call: &str| {
        refusal(&format!("fn f(x#0: Global<f32>, s#1: Global<u16>, b#2: Global<bool>) {{ _ = {call}; }}"))
    };
    assert!(
        message("fetch_max::<Relaxed, Gpu>(x#0, 1.0f32)")
            .starts_with("this atomic operation takes a pointer")
    );
    assert!(
        message("load::<Relaxed, Gpu>(b#2)")
            .starts_with("`load` takes a pointer to a number of 8 to 64 bits")
    );
    link("module a::code;\nfn f(x#0: Global<f32>) { _ = fetch_add::<Relaxed, Gpu>(x#0, 1.0f32); }").unwrap();
}

#[test]
fn memory_holds_what_has_a_layout() {
    assert_eq!(
        refusal("fn f(p#0: Global<(u32, u32)>) {}"),
        "a tuple has no fixed layout in memory: point to a #[repr(C)] struct instead"
    );
    assert_eq!(
        refusal("fn f(p#0: Global<Shared<u32>>) {}"),
        "an address of shared memory means nothing outside its block: do not store it"
    );
}

#[test]
fn kernels_can_be_launched() {
    assert_eq!(refusal("#[kernel(warps = 33)] fn k() {}"), "a block has 1 to 32 warps: 33 is not allowed");
    for (stated, sentence) in [
        ("threads = (0, 4)", "a block of 0x4 threads is empty: every dimension is 1 at least"),
        ("threads = (1, 1, 96)", "a block has at most 64 threads along z: 96 is not allowed"),
        ("threads = (64, 32)", "a block has at most 1024 threads: 64x32 = 2048 is not allowed"),
        (
            "threads = (5, 7)",
            "a block is whole warps of 32 threads: 5x7 = 35 is no multiple of 32, so enlarge a dimension and let the threads \
             beyond the data do nothing",
        ),
        ("warps = 1, grid_dimensions = 4", "a grid has 1 to 3 dimensions: 4 is not allowed"),
    ] {
        assert_eq!(refusal(&format!("#[kernel({stated})] fn k() {{}}")), sentence);
    }
    assert_eq!(
        refusal("#[kernel(warps = 1)] fn k(p#0: Shared<u32>) {}"),
        "the kernel parameter `p` must be a scalar, a Global, a Peer, a Peers, a slice of global memory or a struct of these"
    );
    assert_eq!(
        refusal("#[kernel(warps = 1)] fn k() -> u32 { return 1u32; }"),
        "the kernel `k` must not return a value"
    );
}

#[test]
fn locals_have_a_value_on_every_path_before_they_are_read() {
    assert_eq!(
        refusal("fn f(b#0: bool) -> u32 { let x#1: u32; if b#0 { x#1 = 1u32; } return x#1; }"),
        "`x` is read before it has a value on every path"
    );
    assert_eq!(
        refusal(
            "fn f(n#0: u32) -> u32 { let x#1: u32; for i#2: u32 in 0u32..n#0 { x#1 = i#2; } return x#1; }"
        ),
        "`x` is read before it has a value on every path"
    );
    link(
        "module a::code;\nfn f(b#0: bool) -> u32 { let x#1: u32; if b#0 { x#1 = 1u32; } else { return 2u32; } return x#1; }",
    )
    .unwrap();
    link("module a::code;\nfn f(b#0: bool) -> u32 { let x#1: u32; loop { x#1 = 1u32; if b#0 { break; } } return x#1; }")
        .unwrap();
}

#[test]
fn control_flow_is_structured() {
    assert_eq!(refusal("fn f() { break; }"), "`break` must be inside a loop");
    assert_eq!(refusal("fn f() { loop { continue 1; } }"), "`continue` must be inside a loop");
    assert_eq!(
        refusal("fn f(b#0: bool) -> u32 { if b#0 { return 1u32; } }"),
        "`f` does not return a value on every path"
    );
    assert_eq!(
        refusal("fn f() { for i#0: u32 in 0u32..9u32 { i#0 = 1u32; } }"),
        "the loop counts with `i`: assign another local"
    );
}

#[test]
fn every_mistake_is_reported() {
    assert_eq!(
        refusals("fn f() { self::g(); }\nfn h() { break; }\nstruct S align(3) { a: u32 }"),
        [
            "the alignment of `S` must be a power of two up to 4096",
            "there is no function `a::code::g`",
            "`break` must be inside a loop",
        ]
    );
}
