//! Opcodes that are written in Rust and checked against the table when Rust compiles.

use super::{SECTIONS, slots::SLOTS};
use crate::model::Opcode;
use crate::modifier::Spelling;

/// The words of an opcode that the table has.
///
/// Only [`opcode!`](crate::opcode) and an [`Opcode`] make one, so an instruction that the table
/// does not know is not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(Vec<&'static str>);

/// [`Words`] in the notation of PTX: `opcode!(setp.(comparison).(ty))`.
///
/// Words stand for themselves. Parentheses hold a value of a type with
/// [spellings](crate::Spelling), or an `Option` of one, which is left out if it is `None`. Every
/// combination of the values that the types have must be a form of the table, with its modifiers in
/// the documented order; else the program does not compile:
///
/// ```
/// use crossdock_ptx::{opcode, HalfPair, Scope};
/// assert_eq!(opcode!(fence.acq_rel.(Scope::Gpu)).to_string(), "fence.acq_rel.gpu");
/// assert_eq!(opcode!(fma.rn.(HalfPair::Bf16)).to_string(), "fma.rn.bf16x2");
/// ```
///
/// ```compile_fail
/// // Integers are not rounded.
/// crossdock_ptx::opcode!(add.rn.u32);
/// ```
///
/// ```compile_fail
/// // There are fences that are `.sc` and none that are `.relaxed`, and `Order` has both.
/// crossdock_ptx::opcode!(fence.(crossdock_ptx::Order::AcquireRelease).gpu);
/// ```
#[macro_export]
macro_rules! opcode {
    (@ $name:ident [$($part:expr,)*] [$($value:expr,)*]) => {{
        struct Written;
        impl $crate::table::opcode::Pattern for Written {
            const NAME: &'static str = stringify!($name);
            const PARTS: &'static [Option<&'static str>] = &[$($part),*];
        }
        $crate::table::opcode::Words::chosen::<Written, _>(($($value,)*))
    }};
    (@ $name:ident [$($part:expr,)*] [$($value:expr,)*] . ($choice:expr) $($rest:tt)*) => {
        $crate::opcode!(@ $name [$($part,)* None,] [$($value,)* $choice,] $($rest)*)
    };
    (@ $name:ident [$($part:expr,)*] [$($value:expr,)*] . $word:ident $($rest:tt)*) => {
        $crate::opcode!(@ $name [$($part,)* Some(stringify!($word)),] [$($value,)*] $($rest)*)
    };
    ($name:ident $($rest:tt)*) => { $crate::opcode!(@ $name [] [] $($rest)*) };
}

/// What [`opcode!`](crate::opcode) was given: the mnemonic, and the words after it; `None` where a
/// choice stands.
pub trait Pattern {
    /// The mnemonic.
    const NAME: &'static str;
    /// Words, and places of choices.
    const PARTS: &'static [Option<&'static str>];
}

/// One choice: a modifier, or one that may be left out.
pub trait Choice: Copy {
    /// What may stand there.
    const PART: Part;

    /// What does.
    fn word(self) -> Option<&'static str>;
}

impl<T: Spelling> Choice for T {
    const PART: Part = Part::Choice { words: T::SPELLINGS, optional: false };

    fn word(self) -> Option<&'static str> {
        Some(self.spelling())
    }
}

impl<T: Spelling> Choice for Option<T> {
    const PART: Part = Part::Choice { words: T::SPELLINGS, optional: true };

    fn word(self) -> Option<&'static str> {
        self.map(T::spelling)
    }
}

/// Several choices.
pub trait Choices {
    /// What may stand in each place.
    const PARTS: &'static [Part];

    /// What does, as far as there are places.
    fn words(self) -> [Option<&'static str>; MOST_CHOICES];
}

const MOST_CHOICES: usize = 5;

macro_rules! choices {
    ($($name:ident)*) => {
        impl<$($name: Choice),*> Choices for ($($name,)*) {
            const PARTS: &'static [Part] = &[$($name::PART),*];

            #[allow(non_snake_case, unused_mut, unused_variables)]
            fn words(self) -> [Option<&'static str>; MOST_CHOICES] {
                let mut words = [None; MOST_CHOICES];
                let ($($name,)*) = self;
                for (place, word) in words.iter_mut().zip([$($name.word()),*] as [Option<&'static str>; _]) {
                    *place = word;
                }
                words
            }
        }
    };
}

choices!();
choices!(A);
choices!(A B);
choices!(A B C);
choices!(A B C D);
choices!(A B C D E);

impl Words {
    /// The words of a pattern with these choices.
    pub fn chosen<P: Pattern, C: Choices>(choices: C) -> Words {
        const { check(P::NAME, P::PARTS, C::PARTS) };
        Words::written(P::NAME, P::PARTS, choices.words())
    }

    fn written(
        name: &'static str,
        parts: &[Option<&'static str>],
        chosen: [Option<&'static str>; MOST_CHOICES],
    ) -> Words {
        let mut words = Vec::with_capacity(1 + parts.len());
        words.push(name);
        let mut chosen = chosen.into_iter();
        words.extend(parts.iter().filter_map(|part| part.or_else(|| chosen.next().flatten())));
        Words(words)
    }

    /// The mnemonic before the first dot.
    pub fn name(&self) -> &'static str {
        self.0.first().copied().unwrap_or_default()
    }

    /// Its modifiers, without dots.
    pub fn modifiers(&self) -> &[&'static str] {
        self.0.get(1..).unwrap_or_default()
    }
}

impl From<&Opcode> for Words {
    fn from(opcode: &Opcode) -> Words {
        Words(std::iter::once(opcode.row.name).chain(opcode.modifiers.iter().copied()).collect())
    }
}

impl std::fmt::Display for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// What may stand in a place of a pattern.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// Nothing.
    Absent,
    /// This.
    Word(&'static str),
    /// One of these, or nothing if it is optional.
    Choice {
        /// All that may stand there.
        words: &'static [&'static str],
        /// Whether it may be left out.
        optional: bool,
    },
}

const MOST_PARTS: usize = 12;
type Parts = [Part; MOST_PARTS];

/// Panics, when Rust compiles, if the table does not have all combinations.
const fn check(name: &str, pattern: &[Option<&'static str>], choices: &[Part]) {
    let mut parts = [Part::Absent; MOST_PARTS];
    let (mut place, mut chosen) = (0, 0);
    while place < pattern.len() {
        parts[place] = match pattern[place] {
            Some(word) => Part::Word(word),
            None => {
                chosen += 1;
                choices[chosen - 1]
            }
        };
        place += 1;
    }
    check_parts(name, parts);
}

/// Some row takes all of it, or each way to make one choice is checked by itself.
const fn check_parts(name: &str, parts: Parts) {
    if has_row(name, &parts) {
        return;
    }
    let Some(place) = next_choice(&parts) else { refuse(name, &parts) };
    let Part::Choice { words, optional } = parts[place] else { return };
    let mut parts = parts;
    if optional {
        parts[place] = Part::Absent;
        check_parts(name, parts);
        parts[place] = Part::Choice { words, optional: false };
        return check_parts(name, parts);
    }
    let mut word = 0;
    while word < words.len() {
        parts[place] = Part::Word(words[word]);
        check_parts(name, parts);
        word += 1;
    }
}

/// What may be left out comes first, then what stands last: the types, which tell rows apart.
const fn next_choice(parts: &Parts) -> Option<usize> {
    let (mut place, mut last) = (0, None);
    while place < MOST_PARTS {
        match parts[place] {
            Part::Choice { optional: true, .. } => return Some(place),
            Part::Choice { .. } => last = Some(place),
            _ => {}
        }
        place += 1;
    }
    last
}

const fn refuse(name: &str, parts: &Parts) -> ! {
    let mut text = [b' '; 160];
    let mut length = append(&mut text, 0, "the table has no `");
    length = append(&mut text, length, name);
    let mut place = 0;
    while place < MOST_PARTS {
        if let Part::Word(word) = parts[place] {
            length = append(&mut text, length, ".");
            length = append(&mut text, length, word);
        }
        place += 1;
    }
    length = append(&mut text, length, "`");
    match std::str::from_utf8(text.split_at(length).0) {
        Ok(text) => panic!("{}", text),
        Err(_) => panic!("the table has no such instruction"),
    }
}

const fn append(text: &mut [u8; 160], mut length: usize, word: &str) -> usize {
    let mut byte = 0;
    while byte < word.len() && length < text.len() {
        text[length] = word.as_bytes()[byte];
        (byte, length) = (byte + 1, length + 1);
    }
    length
}

const fn has_row(name: &str, parts: &Parts) -> bool {
    let mut section = 0;
    while section < SECTIONS.len() {
        let mut row = 0;
        while row < SECTIONS[section].len() {
            let candidate = &SECTIONS[section][row];
            if is(candidate.name.as_bytes(), name)
                && takes(candidate.grammar.as_bytes(), candidate.name.len(), parts, 0)
            {
                return true;
            }
            row += 1;
        }
        section += 1;
    }
    false
}

/// Whether a row's grammar from `at` on takes the parts from `next` on, whatever is chosen.
const fn takes(grammar: &[u8], at: usize, parts: &Parts, next: usize) -> bool {
    if next < MOST_PARTS && matches!(parts[next], Part::Absent) {
        return takes(grammar, at, parts, next + 1);
    }
    if at == grammar.len() {
        return next == MOST_PARTS;
    }
    match grammar[at] {
        b'{' => takes(grammar, at + 1, parts, next) || takes(grammar, end_of_group(grammar, at), parts, next),
        b'}' => takes(grammar, at + 1, parts, next),
        _ => {
            let end = end_of_element(grammar, at);
            next < MOST_PARTS
                && fits(grammar.split_at(end).0.split_at(at).1, parts[next])
                && takes(grammar, end, parts, next + 1)
        }
    }
}

const fn end_of_group(grammar: &[u8], mut at: usize) -> usize {
    let mut depth = 0;
    loop {
        match grammar[at] {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
}

/// A dot begins the next element, except the one after `|`.
const fn end_of_element(grammar: &[u8], mut at: usize) -> usize {
    at += 1;
    while at < grammar.len()
        && !matches!(grammar[at], b'{' | b'}')
        && (grammar[at] != b'.' || grammar[at - 1] == b'|')
    {
        at += 1;
    }
    at
}

/// Whether an element, `.a|.b` or `.<slot>`, has all that may stand there.
const fn fits(element: &[u8], part: Part) -> bool {
    match part {
        Part::Word(word) => has(element, word),
        Part::Choice { words, optional: false } => {
            let mut word = 0;
            while word < words.len() {
                if !has(element, words[word]) {
                    return false;
                }
                word += 1;
            }
            true
        }
        _ => false,
    }
}

const fn has(element: &[u8], word: &str) -> bool {
    if element[1] == b'<' {
        // `.<label:class>` or `.<class>`.
        let (mut start, mut at) = (2, 2);
        while at < element.len() {
            if element[at] == b':' {
                start = at + 1;
            }
            at += 1;
        }
        let class = element.split_at(element.len() - 1).0.split_at(start).1;
        let mut slot = 0;
        while slot < SLOTS.len() {
            if is(class, SLOTS[slot].0) {
                return is_among(SLOTS[slot].1, word);
            }
            slot += 1;
        }
        return false;
    }
    let mut rest = element;
    loop {
        let mut end = 1;
        while end < rest.len() && rest[end] != b'|' {
            end += 1;
        }
        if is(rest.split_at(end).0.split_at(1).1, word) {
            return true;
        }
        if end == rest.len() {
            return false;
        }
        rest = rest.split_at(end + 1).1;
    }
}

const fn is_among(words: &[&str], word: &str) -> bool {
    let mut index = 0;
    while index < words.len() {
        if is(words[index].as_bytes(), word) {
            return true;
        }
        index += 1;
    }
    false
}

const fn is(bytes: &[u8], text: &str) -> bool {
    if bytes.len() != text.len() {
        return false;
    }
    let mut index = 0;
    while index < bytes.len() {
        if bytes[index] != text.as_bytes()[index] {
            return false;
        }
        index += 1;
    }
    true
}
