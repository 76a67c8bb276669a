//! No input makes the parser panic, and what parses also prints and parses again.

use crossdock_ptx::parse;
use proptest::prelude::*;

const VALID: &str = include_str!("fixtures/compiler.ptx");

fn survives(text: &str) -> Result<(), TestCaseError> {
    if let Ok(module) = parse(text) {
        let printed = module.to_string();
        let again = parse(&printed);
        prop_assert_eq!(again.as_ref(), Ok(&module), "{}", printed);
        let _ = module.check();
    }
    Ok(())
}

/// Words that reach deep into the parser.
const WORDS: &[&str] = &[
    "ld",
    "st",
    "add",
    "mov",
    "call",
    ".reg",
    ".b32",
    ".shared",
    ".param",
    ".loc",
    ".pragma",
    ".entry",
    ".section",
    "%r0",
    "<",
    ">",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ",",
    ";",
    ":",
    "@",
    "!",
    "|",
    "-",
    "+",
    "=",
    "0",
    "0x",
    "0f",
    "0b1",
    "1.5e-3",
    "99999999999999999999",
    "-9223372036854775808",
    "\"",
    "//",
    "/*",
    "*/",
    "::",
    "_",
    "\n",
    "ret;",
    ".u32",
    "L:",
    ".branchtargets",
    "WARP_SZ",
    "mov.b64 %d, {%r, %r};",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_text(text in "\\PC*") {
        survives(&text)?;
    }

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        survives(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn random_words_in_a_body(words in proptest::collection::vec(proptest::sample::select(WORDS), 0..40)) {
        let header = ".version 8.0\n.target sm_90\n.address_size 64\n.entry k() {\n";
        survives(&format!("{header}{}\n}}", words.join(" ")))?;
        survives(&format!(".version 8.0\n.target sm_90\n{}", words.join(" ")))?;
    }

    #[test]
    fn mutated_text(edits in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..4, any::<u8>(), proptest::sample::select(WORDS)), 1..6)) {
        let mut bytes = VALID.as_bytes().to_vec();
        for (index, kind, byte, word) in edits {
            // One byte always stays, so that there is a place for the next edit.
            let at = index.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 if bytes.len() > 1 => { bytes.remove(at); }
                2 => bytes.truncate(at.max(1)),
                _ => { bytes.splice(at..at, word.bytes()); }
            }
        }
        survives(&String::from_utf8_lossy(&bytes))?;
    }
}
