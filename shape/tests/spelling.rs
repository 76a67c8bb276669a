//! What `Display` prints `FromStr` reads, and what it does not read it explains.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use crossdock_shape::{Error, Float8, Fp8, Gate, Layout, LogitFormat, Opaque, ScaleFormat, ScoreFunction};
use crossdock_shape::{MOST_SIDES, Shape, Wire};
use proptest::prelude::*;
use proptest::sample::select;

fn wire() -> impl Strategy<Value = Wire> {
    let fp8 = (select(Float8::ALL), 1u32.., select(ScaleFormat::ALL))
        .prop_map(|(element, block, scale)| Wire::Fp8(Fp8 { element, block, scale }));
    let opaque =
        (any::<u32>(), prop::collection::vec(1u32.., 0..=MOST_SIDES)).prop_map(|(row_bytes, given)| {
            let mut sides = [0; MOST_SIDES];
            sides[..given.len()].copy_from_slice(&given);
            Wire::Opaque(Opaque { row_bytes, sides })
        });
    prop_oneof![Just(Wire::Bf16), fp8, opaque]
}

fn shape() -> impl Strategy<Value = Shape> {
    (any::<u32>(), any::<u32>(), any::<u32>(), wire()).prop_map(|(hidden, top_k, experts, wire)| Shape {
        hidden,
        top_k,
        experts,
        wire,
    })
}

fn layout() -> impl Strategy<Value = Layout> {
    prop_oneof![
        Just(Layout::BySource),
        (1u32..).prop_map(|alignment| Layout::ByExpert { alignment }),
        (1u32..).prop_map(|capacity| Layout::Masked { capacity }),
    ]
}

fn gate() -> impl Strategy<Value = Gate> {
    let numbers = (any::<u32>(), any::<u32>(), any::<u32>(), any::<u32>());
    let words = (select(ScoreFunction::ALL), any::<bool>(), any::<bool>(), select(LogitFormat::ALL));
    (numbers, words).prop_map(
        |((experts, groups, top_groups, top_k), (score, biased, normalised, logits))| Gate {
            experts,
            groups,
            top_groups,
            top_k,
            score,
            biased,
            normalised,
            logits,
        },
    )
}

fn is_read_back<T: Debug + Display + FromStr<Err = Error> + PartialEq>(it: &T) {
    let text = it.to_string();
    assert_eq!(text.parse::<T>().as_ref(), Ok(it), "{text}");
    let spaced = text.replace([' '], "").replace(',', " ,\n ").replace(')', ",)");
    assert_eq!(spaced.parse::<T>().as_ref(), Ok(it), "{spaced}");
}

proptest! {
    #[test]
    fn what_is_printed_is_read(wire in wire(), shape in shape(), layout in layout(), gate in gate()) {
        is_read_back(&wire);
        is_read_back(&shape);
        is_read_back(&layout);
        is_read_back(&gate);
    }

    #[test]
    fn any_text_is_read_or_explained(text in "(hidden|wire|fp8|sides|block|e4m3|[a-z0-9:,()\\[\\] é-]){0,12}") {
        for error in [
            text.parse::<Shape>().err(),
            text.parse::<Wire>().err(),
            text.parse::<Layout>().err(),
            text.parse::<Gate>().err(),
        ].into_iter().flatten() {
            prop_assert!(!error.0.is_empty());
            for mistake in error.0 {
                prop_assert!(text.get(mistake.at.clone()).is_some(), "{mistake:?}");
                prop_assert!(!mistake.message.is_empty());
            }
        }
    }
}

#[test]
fn fields_stand_in_any_order() {
    let text = "wire: fp8(scale: ue8m0, e5m2, block: 32), experts: 4, hidden: 64, top_k: 2";
    let shape = text.parse::<Shape>().expect("a shape");
    assert_eq!(
        shape.to_string(),
        "hidden: 64, top_k: 2, experts: 4, wire: fp8(e5m2, block: 32, scale: ue8m0)"
    );
    assert_eq!((shape.row_bytes(), shape.scale_count(), shape.side_words()), (64, 2, 1));
}

/// The text of each mistake and what is said about it.
fn mistakes<T: Debug + FromStr<Err = Error>>(text: &str) -> Vec<(String, String)> {
    let error = text.parse::<T>().expect_err(text);
    error.0.into_iter().map(|mistake| (text[mistake.at].to_string(), mistake.message)).collect()
}

#[track_caller]
fn refused<T: Debug + FromStr<Err = Error>>(text: &str, expected: &[(&str, &str)]) {
    let found = mistakes::<T>(text);
    let found: Vec<(&str, &str)> = found.iter().map(|(at, message)| (&**at, &**message)).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn wrong_wires_are_explained() {
    let wires = "a wire is `bf16`, `fp8(e4m3, block: 128, scale: f32)` or `opaque(row: 3584, sides: [448])`";
    let fp8 = "fp8 needs all of `fp8(e4m3, block: 128, scale: f32)`, with `e4m3` or `e5m2` and `f32`, \
               `power_of_two` or `ue8m0`";
    refused::<Wire>("fp9", &[("fp9", wires)]);
    refused::<Wire>("448", &[("448", wires)]);
    refused::<Wire>("", &[("", "a word or a number is missing here")]);
    refused::<Wire>("bf16(2)", &[("bf16(2)", &format!("bf16 has no options: {wires}"))]);
    refused::<Wire>("fp8(e4m3, block: 128)", &[("fp8", fp8)]);
    refused::<Wire>("fp8()", &[("fp8", fp8)]);
    refused::<Wire>("bf16:64", &[(":", "nothing can follow here")]);
    refused::<Wire>(
        "fp8(e4m3, e5m2, block: 0, scale: f16)",
        &[
            ("e5m2", "the field `e5m2` is given twice: give it once"),
            ("0", "block must be from 1 to 4294967295: 0 is not"),
            ("f16", "scales are `f32`, `power_of_two` or `ue8m0`"),
        ],
    );
    refused::<Wire>(
        "fp8(e3m4, block: 128, scale: f32)",
        &[("fp8", fp8), ("e3m4", "fp8 has no field `e3m4`: it has `e4m3`, `e5m2`, `block` and `scale`")],
    );
    refused::<Wire>(
        "opaque(sides: [0, 4294967296])",
        &[
            (
                "opaque",
                "opaque needs the bytes of a row, and of its side tensors if it has any: `opaque(row: 3584, sides: [448])`",
            ),
            ("0", "a side tensor's bytes must be from 1 to 4294967295: 0 is not"),
            ("4294967296", "a side tensor's bytes must be from 1 to 4294967295: 4294967296 is not"),
        ],
    );
    refused::<Wire>(
        "opaque(row: 16, sides: [1, 2, 3, 4, 5])",
        &[("[1, 2, 3, 4, 5]", "a row has at most 4 side tensors: put two into one")],
    );
}

#[test]
fn wrong_shapes_are_explained_all_at_once() {
    refused::<Shape>(
        "hidden: -1, topk: 8, hidden: 4, wire: bf17",
        &[
            (
                "bf17",
                "a wire is `bf16`, `fp8(e4m3, block: 128, scale: f32)` or `opaque(row: 3584, sides: [448])`",
            ),
            ("-1", "hidden must be from 0 to 4294967295: -1 is not"),
            ("topk", "a shape has no field `topk`: it has `hidden`, `top_k`, `experts` and `wire`"),
            ("hidden", "the field `hidden` is given twice: give it once"),
            ("", "a field is missing: add one like `top_k: 8`"),
            ("", "a field is missing: add one like `experts: 256`"),
        ],
    );
    refused::<Shape>("hidden = 7168", &[("=", "write `hidden: value`")]);
    refused::<Shape>("hidden: 7168 top_k: 8", &[("t", "separate the fields with commas")]);
}

#[test]
fn wrong_layouts_and_gates_are_explained() {
    let layouts = "a layout is `by_source`, `by_expert(alignment: 128)` or `masked(capacity: 64)`";
    refused::<Layout>("expert", &[("expert", layouts)]);
    refused::<Layout>(
        "by_expert",
        &[("by_expert", "by_expert needs its alignment, 1 for none: `by_expert(alignment: 128)`")],
    );
    refused::<Layout>("masked(capacity: 0)", &[("0", "capacity must be from 1 to 4294967295: 0 is not")]);
    let gate = Gate::DEEPSEEK_V3.to_string();
    refused::<Gate>(
        &gate.replace("sigmoid", "relu").replace("biased: true", "biased: 1"),
        &[
            ("relu", "score is `sigmoid`, `softmax`, `identity`, `sqrtsoftplus` or `softmax_of_chosen`"),
            ("1", "write `true` or `false`"),
        ],
    );
}

#[test]
fn earlier_spellings_are_refused_with_the_new_one() {
    #[track_caller]
    fn is_now<T: Debug + FromStr<Err = Error>>(earlier: &str, now: &str) {
        refused::<T>(earlier, &[(earlier, &format!("`{earlier}` is now written `{now}`"))]);
        now.parse::<T>().expect(now);
    }
    is_now::<Wire>("fp8:e5m2:ue8m0:64", "fp8(e5m2, block: 64, scale: ue8m0)");
    is_now::<Wire>("fp8:power", "fp8(e4m3, block: 128, scale: power_of_two)");
    is_now::<Wire>("opaque:48+5+3", "opaque(row: 48, sides: [5, 3])");
    is_now::<Layout>("source", "by_source");
    is_now::<Layout>("expert:8", "by_expert(alignment: 8)");
    is_now::<Layout>("masked:96", "masked(capacity: 96)");
}
