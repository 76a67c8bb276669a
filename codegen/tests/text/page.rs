//! The page about the IR is right: what it shows is read, validated and printed again.

use crossdock_codegen::back::{self, Options};
use crossdock_codegen::text;

const PAGE: &str = include_str!("../../../docs/ir.md");

/// The name of the example's module.
fn text_module(example: &str) -> &str {
    let name = example.trim_start().strip_prefix("module ").and_then(|rest| rest.split(';').next());
    name.unwrap_or_default()
}

#[test]
fn the_examples_are_programs() {
    let examples: Vec<&str> =
        PAGE.split("```ir\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!examples.is_empty());
    for example in examples {
        let module = text::parse(example).unwrap_or_else(|error| panic!("{error}\n{example}"));
        assert_eq!(text::parse(&text::print(&module)).as_ref(), Ok(&module));
        let program = back::link(vec![module]).unwrap_or_else(|error| panic!("{error}\n{example}"));
        assert_eq!(back::examine(&program, text_module(example)), []);
        if !example.contains("fn scale") {
            continue;
        }
        let kernel =
            back::specialise(&program, "scale", &[("ROW", 512)], &Options::default()).expect("it is whole");
        assert!(kernel.ptx.to_string().contains(".entry scale"));
        let error =
            back::specialise(&program, "scale", &[("ROW", 0)], &Options::default()).expect_err("a relation");
        assert_eq!(error.to_string(), "rows are not empty: 0 is");
    }
}
