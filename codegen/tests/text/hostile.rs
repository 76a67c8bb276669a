//! Text that nobody meant to be IR is refused without a panic, a stack overflow, or much time and
//! memory.

use std::time::{Duration, Instant};

use crossdock_codegen::Error;
use crossdock_codegen::text::{parse, print};
use proptest::prelude::*;

use crate::random;

/// Tokens that lead deep into the parser.
const FRAGMENTS: [&str; 48] = [
    "module",
    "m",
    "file",
    "use",
    "as",
    "struct",
    "const",
    "fn",
    "line",
    "let",
    "if",
    "else",
    "for",
    "in",
    "loop",
    "return",
    "break",
    "assert",
    "new",
    "select",
    "self::x",
    "x#0",
    "#1",
    "u32",
    "Global",
    "\"s\"",
    "5u32",
    "0x1_f32",
    "@1:2",
    "@:3",
    ".0",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    "<<",
    ">>",
    ",",
    ";",
    ":",
    "=",
    "..",
    "-",
    "#[unroll]",
];

/// One change to a text.
#[derive(Clone, Debug)]
enum Mutation {
    Delete { at: usize, count: usize },
    Insert { at: usize, fragment: &'static str },
    Copy { from: usize, count: usize, to: usize },
    Character { at: usize, character: char },
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = any::<usize>();
    let count = 1..40usize;
    prop_oneof![
        (place, count.clone()).prop_map(|(at, count)| Mutation::Delete { at, count }),
        (place, prop::sample::select(FRAGMENTS.to_vec()))
            .prop_map(|(at, fragment)| Mutation::Insert { at, fragment }),
        (place, count, any::<usize>()).prop_map(|(from, count, to)| Mutation::Copy { from, count, to }),
        (place, any::<char>()).prop_map(|(at, character)| Mutation::Character { at, character }),
    ]
}

fn mutate(text: &str, mutations: &[Mutation]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for mutation in mutations {
        let length = characters.len();
        let place = |at: usize| at % (length + 1);
        let end = |at: usize, count: usize| (at + count).min(length);
        match *mutation {
            Mutation::Delete { at, count } => {
                characters.drain(place(at)..end(place(at), count));
            }
            Mutation::Insert { at, fragment } => {
                characters.splice(place(at)..place(at), fragment.chars());
            }
            Mutation::Copy { from, count, to } => {
                let copy = characters[place(from)..end(place(from), count)].to_vec();
                characters.splice(place(to)..place(to), copy);
            }
            Mutation::Character { at, character } => characters.insert(place(at), character),
        }
    }
    characters.into_iter().collect()
}

/// What parses must print and parse to the same module; what does not has an error with a line of
/// the text.
fn assert_handled(text: &str) {
    match parse(text) {
        Ok(module) => assert_eq!(parse(&print(&module)).as_ref(), Ok(&module), "{text}"),
        Err(Error::Text { line, message }) => {
            assert!(line >= 1 && line as usize <= text.matches('\n').count() + 1, "{line}: {message}");
            assert!(!message.is_empty());
        }
        Err(other) => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn mutated_modules_are_handled(
        modules in random::well_formed(600),
        mutations in prop::collection::vec(mutation(), 1..4),
    ) {
        assert_handled(&mutate(&print(&modules[1]), &mutations));
    }

    #[test]
    fn shuffled_fragments_are_handled(fragments in prop::collection::vec(prop::sample::select(FRAGMENTS.to_vec()), 0..60)) {
        assert_handled(&format!("module m; {}", fragments.join(" ")));
        assert_handled(&format!("module m; fn f(x#0: u32) {{ {}", fragments.join(" ")));
    }

    #[test]
    fn any_text_is_handled(text in any::<String>()) {
        assert_handled(&text);
        assert_handled(&format!("module m; const X: u32 = {text};"));
    }
}

/// `before` and `after` many times around `middle`.
fn nested(count: usize, before: &str, middle: &str, after: &str) -> String {
    format!("{}{middle}{}", before.repeat(count), after.repeat(count))
}

/// Nestings of every recursive rule.
fn nestings(count: usize) -> Vec<String> {
    let value = |value: String| format!("module m; fn f<const N: u32>(x#0: u32) {{ _ = {value}; }}");
    let body = |body: String| format!("module m; fn f(x#0: u32) {{ {body} }}");
    let ty = |ty: String| format!("module m; fn f(x#0: {ty}) {{}}");
    vec![
        value(nested(count, "(", "x#0", ")")),
        value(nested(count, "[", "x#0", "]")),
        value(nested(count, "[", "x#0", "; 1]")),
        value(nested(count, "-(", "x#0", ")")),
        value(nested(count, "!", "x#0", "")),
        value(nested(count, "(x#0 + ", "x#0", ")")),
        value(nested(count, "(", "x#0", " as u32)")),
        value(nested(count, "", "x#0", " as u32")),
        value(nested(count, "", "x#0", ".0: u32")),
        value(nested(count, "", "x#0", "[0u32]: u32")),
        value(nested(count, "x#0[", "x#0", "]: u32")),
        value(nested(count, "self::g(", "x#0", "): u32")),
        value(nested(count, "self::g::<", "N", ">(): u32")),
        value(nested(count, "self::g::<(", "N", ")>(): u32")),
        value(nested(count, "lane(", "x#0", ")")),
        value(nested(count, "fetch_add::<Relaxed, Gpu>(", "x#0", "): u32")),
        value(nested(count, "select(true, x#0, ", "x#0", ")")),
        value(nested(count, "new self::S(", "x#0", "): u32")),
        body(nested(count, "loop {", "", "}")),
        body(nested(count, "if true {", "", "}")),
        body(nested(count, "if true {} else {", "", "}")),
        body(nested(count, "if true {} else ", "{}", "").replace("else {}", "else if true {}")),
        body(nested(count, "for #9 in 0u32..1u32 {", "", "}")),
        body(nested(count, "#0[", "0u32", "]: u32").replacen("]: u32", "", 0) + " = 1u32;"),
        ty(nested(count, "Global<", "u32", ">")),
        ty(nested(count, "[", "u32", "; 1]")),
        ty(nested(count, "(", "u32", ")")),
        ty(nested(count, "(", "u32", ",)")),
    ]
}

/// The nesting limit holds on a thread with the usual 2 MiB of stack, and everything below it is
/// handled there.
#[test]
fn nesting_is_limited() {
    for count in [10, 60, 120, 130, 1000, 50_000] {
        for text in nestings(count) {
            let thread = std::thread::Builder::new().stack_size(2 << 20);
            let worker = thread.spawn(move || {
                assert_handled(&text);
                if count >= 130
                    && let Ok(_) = parse(&text)
                {
                    panic!("accepted {count} levels of {}", &text[..80]);
                }
            });
            worker.expect("a thread starts").join().expect("the text is handled");
        }
    }
}

/// Nested values as deep as the limit are not refused.
#[test]
fn deep_modules_round_trip() {
    let text = nestings(120).remove(5);
    let module = parse(&text).expect("120 levels are allowed");
    assert_eq!(parse(&print(&module)), Ok(module));
}

/// Texts whose modules or working memory could grow faster than the text.
#[test]
fn time_and_memory_are_linear() {
    let doubling: String = (1..60).map(|n| format!("let x#{n} = (x#{}, x#{});\n", n - 1, n - 1)).collect();
    let indices: String =
        (0..2000).map(|n| format!("fn f{n}() {{ let x#{}: u32; }}\n", 40_000 + n)).collect();
    let wide = format!("({})", "u32, ".repeat(100_000));
    let texts = [
        format!("module m; fn f(x#0: u32) {{ {doubling} }}"),
        format!("module m; {indices}"),
        "module m; fn f() { let x#4294967295: u32; }".to_string(),
        format!("module m; fn f(x#0: {wide}) {{ {} }}", "_ = x#0;".repeat(100_000)),
        format!("module {}; fn f() {{ {} }}", "m".repeat(100_000), "self::f();".repeat(100_000)),
        "(".repeat(1 << 20),
        "\"".repeat(1 << 20),
        "module m; use a as b;".repeat(50_000),
    ];
    let start = Instant::now();
    for text in texts {
        assert_handled(&text);
    }
    assert!(start.elapsed() < Duration::from_secs(5), "took {:?}", start.elapsed());
}
