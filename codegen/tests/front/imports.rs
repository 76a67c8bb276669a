//! `use` declarations: which modules they name, and what imported items mean.

use crate::modules::{function, items, lower_with, lowered, sentences};
use crossdock_codegen::front;
use crossdock_codegen::ir::{ExprKind, Path, StatementKind, Type};
use quote::ToTokens;

#[test]
fn one_dependency_for_each_module_in_order_of_mention() {
    let source = "
        use crate::layout::code::{row_bytes, Place as P, inner::*};
        use crossdock::intrinsics::{lane, Global};
        use ::other::signal::code::wait;
        use crate::layout::code::{Place as P, scale_count};
        use super::routing::code::*;
    ";
    let found = front::dependencies(&items(source)).expect("all lead to device modules");
    let described: Vec<(String, bool, Vec<String>)> = found
        .iter()
        .map(|dependency| {
            let path = dependency.path.to_token_stream().to_string().replace(' ', "");
            let names = dependency.names.listed.iter().map(|name| format!("{} as {}", name.item, name.local));
            (path, dependency.names.all, names.collect())
        })
        .collect();
    let name = |item: &str| item.to_string();
    assert_eq!(
        described,
        [
            (
                name("crate::layout::code"),
                false,
                vec![name("row_bytes as row_bytes"), name("Place as P"), name("scale_count as scale_count")]
            ),
            (name("crate::layout::code::inner"), true, vec![]),
            (name("::other::signal::code"), false, vec![name("wait as wait")]),
            (name("super::routing::code"), true, vec![]),
        ]
    );
}

#[test]
fn paths_that_lead_to_no_device_module_are_refused() {
    for (source, sentence) in [
        (
            "use std::mem::swap;",
            "the standard library is not available in device code: leave out `use std::..` and use the intrinsics and the \
             methods of the scalar types",
        ),
        ("use self::f;", "`self::` names this module, whose items need no import: leave this `use` out"),
        (
            "use crate::layout::{self};",
            "device code imports items, not modules: name the functions, constants and structs that are used",
        ),
        (
            "use super::*;",
            "`*` must come from a `#[device]` module: write `use super::module::item` with the module that defines it",
        ),
        ("use layout;", "`layout` is not an item of a `#[device]` module: write `use module::item`"),
    ] {
        let mistakes = front::dependencies(&items(source)).expect_err(source);
        assert_eq!(sentences(&mistakes), [sentence]);
        let again = lower_with("code", source, &[]).expect_err(source);
        assert_eq!(sentences(&again), [sentence], "lowering says the same, once");
    }
}

#[test]
fn imported_items_keep_their_module() {
    let layout = lower_with(
        "layout",
        "#[repr(C)] pub struct Place { pub rank: u32, pub row: u32 }
        impl Place {
            pub const NOWHERE: Place = Place { rank: LAST, row: 0 };
            pub fn is_somewhere(self) -> bool { self.rank != LAST }
        }
        pub const LAST: u32 = 7;
        pub const LANES: usize = 4;
        pub fn row<const N: u32>(place: Place) -> u32 { place.row * N }",
        &[],
    )
    .expect("the layout is right");
    let source = "
        use crate::layout::code::{LANES, Place as Target, row as row_of};
        fn f(places: Global<Target>, x: u32) -> bool {
            let place = places.at(x).read();
            let rows = [row_of::<3>(place); LANES];
            let other = Target { row: rows[1], ..Target::NOWHERE };
            x > 3 && other.is_somewhere()
        }";
    let module = lower_with("kernels", source, &[&layout]).expect("the imports are known");
    assert_eq!(module.imports, ["layout"]);
    let function = &module.functions[0];
    let place = Type::Struct(Path::new("layout", "Place"));
    assert_eq!(function.locals[2].ty, place);
    let called = function.body.iter().any(|statement| match &statement.kind {
        StatementKind::Return(Some(value)) => match &value.kind {
            // The method is one cheap expression, so `&&` needs no branch.
            ExprKind::Binary(_, _, right) => matches!(&right.kind, ExprKind::Call { function, .. }
                if function.to_string() == "layout::Place::is_somewhere"),
            _ => false,
        },
        _ => false,
    });
    assert!(called, "{:?}", function.body);
}

#[test]
fn names_of_this_module_come_before_imports_and_imports_before_intrinsics() {
    let other =
        lower_with("other", "pub fn lane() -> u32 { 5 } pub fn any() -> u32 { 6 }", &[]).expect("right");
    let source = "
        use crate::other::code::*;
        fn lane() -> u32 { 7 }
        fn f() -> u32 { lane() + any() + block_in_grid() }";
    let module = lower_with("code", source, &[&other]).expect("all names are known");
    let text = crossdock_codegen::text::print(&module);
    assert!(
        text.contains("self::lane()") && text.contains("other::any()") && text.contains("block_in_grid()"),
        "{text}"
    );
}

#[test]
fn an_intrinsic_may_be_imported_under_another_name() {
    let source =
        "use crossdock::intrinsics::{lane as lane_in_warp, Global as Memory, Release as Publish, System};
        fn f(memory: Memory<u32>) { memory.store(lane_in_warp(), Publish, System); }";
    assert!(
        function(source, "f").contains("store::<Release, System>(memory#0, lane())"),
        "{}",
        function(source, "f")
    );
}

#[test]
fn an_import_that_does_not_exist_is_noticed_where_it_is_used() {
    let other = lowered("pub fn g() {}");
    let source = "use crate::other::code::{g, h}; fn f() { g(); h(); }";
    let mistakes = lower_with("kernels", source, &[&other]).expect_err("there is no h");
    assert_eq!(mistakes.len(), 1);
    assert!(
        mistakes[0].message.starts_with("there is no device function `h` here"),
        "{}",
        mistakes[0].message
    );
}
