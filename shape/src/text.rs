//! The notation: fields `name: value` or single words, separated by commas, where a value is a
//! word, a number, `word(fields)` or a list of numbers. All of it is legal as Rust tokens.

use std::fmt;
use std::ops::Range;

/// One thing that is wrong with a text: where, in bytes, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The bytes that are wrong; none at the end of the text for what is missing.
    pub at: Range<usize>,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Mistake {
    /// The fields that the end of `text` lacks.
    pub(crate) fn missing(text: &str, examples: &[(&str, bool)]) -> impl Iterator<Item = Mistake> {
        let missing = examples.iter().filter(|(_, missing)| *missing);
        missing.map(|(example, _)| Mistake {
            at: text.len()..text.len(),
            message: format!("a field is missing: add one like `{example}`"),
        })
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Everything that is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(Mistake::to_string).collect::<Vec<_>>().join("; "))]
pub struct Error(
    /// At least one.
    pub Vec<Mistake>,
);

/// A part of a text and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Placed<T> {
    pub(crate) at: Range<usize>,
    pub(crate) it: T,
}

#[derive(Clone, Debug)]
pub(crate) enum Value<'t> {
    /// A word, and what stands in parentheses after it.
    Word(&'t str, Option<Vec<Field<'t>>>),
    Number(i128),
    List(Vec<Placed<i128>>),
}

/// `name: value`; a single word has no name.
#[derive(Clone, Debug)]
pub(crate) struct Field<'t> {
    pub(crate) name: Option<Placed<&'t str>>,
    pub(crate) value: Placed<Value<'t>>,
}

/// What is wrong with `text` if it is a spelling of before version 0.1, and stands for `meant`.
pub(crate) fn no_earlier(text: &str, meant: Option<impl std::fmt::Display>) -> Result<(), Error> {
    let message = |meant| format!("`{text}` is now written `{meant}`");
    meant.map_or(Ok(()), |meant| Err(Error(vec![Mistake { at: 0..text.len(), message: message(meant) }])))
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

type Read<T> = Result<T, Mistake>;

impl<'t> Reader<'t> {
    fn rest(&mut self) -> &'t str {
        let rest = self.text[self.at..].trim_start();
        self.at = self.text.len() - rest.len();
        rest
    }

    fn take(&mut self, symbol: char) -> bool {
        let found = self.rest().starts_with(symbol);
        self.at += if found { symbol.len_utf8() } else { 0 };
        found
    }

    /// A mistake at the next character, or at the end.
    fn mistake<T>(&mut self, message: impl Into<String>) -> Read<T> {
        let next = self.rest().chars().next().map_or(0, char::len_utf8);
        Err(Mistake { at: self.at..self.at + next, message: message.into() })
    }

    fn run(&mut self, belongs: impl Fn(char) -> bool) -> Placed<&'t str> {
        let rest = self.rest();
        let word = &rest[..rest.find(|next| !belongs(next)).unwrap_or(rest.len())];
        self.at += word.len();
        Placed { at: self.at - word.len()..self.at, it: word }
    }

    fn number(&mut self) -> Read<Placed<i128>> {
        let digits = self.run(|next| next.is_ascii_digit() || next == '-');
        match digits.it.parse() {
            Ok(number) => Ok(Placed { at: digits.at, it: number }),
            Err(_) if digits.it.is_empty() => self.mistake("a number is missing: write one, such as 64"),
            Err(_) => Err(Mistake { message: format!("`{}` is no number", digits.it), at: digits.at }),
        }
    }

    fn value(&mut self) -> Read<Placed<Value<'t>>> {
        self.rest();
        let start = self.at;
        let value = if self.take('[') {
            let mut list = Vec::new();
            while !self.take(']') {
                list.push(self.number()?);
                if !self.take(',') && !self.rest().starts_with(']') {
                    return self.mistake("end the list with `]`, and separate its numbers with commas");
                }
            }
            Value::List(list)
        } else if self.rest().starts_with(|next: char| next.is_ascii_digit() || next == '-') {
            Value::Number(self.number()?.it)
        } else {
            let word = self.run(|next| next.is_alphanumeric() || next == '_');
            if word.it.is_empty() {
                return self.mistake("a word or a number is missing here");
            }
            let inside = if self.take('(') { Some(self.fields(Some(')'))?) } else { None };
            Value::Word(word.it, inside)
        };
        Ok(Placed { at: start..self.at, it: value })
    }

    /// Fields up to `end`, or to the end of the text.
    fn fields(&mut self, end: Option<char>) -> Read<Vec<Field<'t>>> {
        let mut fields = Vec::new();
        loop {
            let rest = self.rest();
            if end.map_or(rest.is_empty(), |end| self.take(end)) {
                return Ok(fields);
            }
            let value = self.value()?;
            let field = match value.it {
                Value::Word(name, None) if self.take(':') => {
                    Field { name: Some(Placed { at: value.at, it: name }), value: self.value()? }
                }
                Value::Word(name, None) if self.rest().starts_with('=') => {
                    return self.mistake(format!("write `{name}: value`"));
                }
                _ => Field { name: None, value },
            };
            fields.push(field);
            let rest = self.rest();
            if !self.take(',') && !end.map_or(rest.is_empty(), |end| rest.starts_with(end)) {
                return self.mistake("separate the fields with commas");
            }
        }
    }
}

/// A text that is one value.
pub(crate) fn value(text: &str) -> Result<Placed<Value<'_>>, Error> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value().map_err(|mistake| Error(vec![mistake]))?;
    match reader.rest() {
        "" => Ok(value),
        _ => reader.mistake("nothing can follow here").map_err(|mistake| Error(vec![mistake])),
    }
}

/// Fields that wait to be asked for, and what was wrong with those that were.
pub(crate) struct Fields<'t> {
    /// What the fields belong to, as in "a shape".
    owner: &'static str,
    left: Vec<Field<'t>>,
    asked: Vec<&'static str>,
    pub(crate) mistakes: Vec<Mistake>,
}

impl<'t> Fields<'t> {
    pub(crate) fn new(owner: &'static str, left: Vec<Field<'t>>) -> Self {
        Fields { owner, left, asked: Vec::new(), mistakes: Vec::new() }
    }

    /// The fields that make up a text.
    pub(crate) fn of_text(owner: &'static str, text: &'t str) -> Result<Self, Error> {
        let left = Reader { text, at: 0 }.fields(None).map_err(|mistake| Error(vec![mistake]))?;
        Ok(Fields::new(owner, left))
    }

    pub(crate) fn wrong(&mut self, at: Range<usize>, message: impl Into<String>) {
        self.mistakes.push(Mistake { at, message: message.into() });
    }

    /// The fields that `chosen` takes, which may be one.
    fn one(&mut self, chosen: impl Fn(&Field<'t>) -> bool) -> Option<Field<'t>> {
        let mut found = self.left.extract_if(.., |field| chosen(field)).collect::<Vec<_>>().into_iter();
        let first = found.next();
        for Field { name, value } in found {
            let Placed { at, it } = name.unwrap_or(Placed {
                at: value.at,
                it: if let Value::Word(word, _) = value.it { word } else { "value" },
            });
            self.wrong(at, format!("the field `{it}` is given twice: give it once"));
        }
        first
    }

    /// The value of a field.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<Placed<Value<'t>>> {
        self.asked.push(name);
        self.one(|field| field.name.as_ref().is_some_and(|given| given.it == name)).map(|field| field.value)
    }

    /// The value of a field that is a number from `least` on.
    pub(crate) fn number(&mut self, name: &'static str, least: u32) -> Option<u32> {
        let Placed { at, it } = self.take(name)?;
        match it {
            Value::Number(number) => Some(self.in_range(name, Placed { at, it: number }, least)),
            _ => {
                self.wrong(at, format!("{name} is a number, such as `{name}: 64`"));
                Some(least)
            }
        }
    }

    pub(crate) fn in_range(&mut self, what: &str, number: Placed<i128>, least: u32) -> u32 {
        match u32::try_from(number.it) {
            Ok(value) if value >= least => value,
            _ => {
                let message = format!("{what} must be from {least} to {}: {} is not", u32::MAX, number.it);
                self.wrong(number.at, message);
                least
            }
        }
    }

    /// The value of a field that is one of some words.
    pub(crate) fn word<W: Words>(&mut self, name: &'static str) -> Option<W> {
        let Placed { at, it } = self.take(name)?;
        let found = if let Value::Word(word, None) = it { W::of_word(word) } else { None };
        if found.is_none() {
            self.wrong(at, format!("{} {}", W::WHAT, listed(W::WORDS, "or")));
        }
        Some(found.unwrap_or(W::WORDS[0].1))
    }

    /// The one field that is nothing but a word.
    pub(crate) fn bare_word<W: Words>(&mut self) -> Option<W> {
        self.asked.extend(W::WORDS.iter().map(|(word, _)| *word));
        let meant = |field: &Field<'t>| match field {
            Field { name: None, value: Placed { it: Value::Word(word, None), .. } } => W::of_word(word),
            _ => None,
        };
        self.one(|field| meant(field).is_some()).as_ref().and_then(meant)
    }

    /// Every field must have been asked for.
    pub(crate) fn finish(mut self) -> Vec<Mistake> {
        for Field { name, value } in std::mem::take(&mut self.left) {
            let message = match (&name, &value.it) {
                (Some(Placed { it: name, .. }), _) | (None, Value::Word(name, _)) => {
                    let known = self.asked.iter().map(|name| (*name, ())).collect::<Vec<_>>();
                    format!("{} has no field `{name}`: it has {}", self.owner, listed(&known, "and"))
                }
                _ => format!("{} has no field without a name", self.owner),
            };
            self.wrong(name.map_or(value.at, |name| name.at), message);
        }
        self.mistakes.sort_by_key(|mistake| mistake.at.start);
        self.mistakes
    }
}

/// A closed set of words.
pub(crate) trait Words: Copy + 'static {
    /// How a sentence begins that ends with the words.
    const WHAT: &'static str;
    /// Every word and what it means.
    const WORDS: &'static [(&'static str, Self)];

    fn of_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, meant)| *meant)
    }
}

/// `a`, `b` or `c`.
pub(crate) fn listed<T>(words: &[(&str, T)], last: &str) -> String {
    let words: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
    match &words[..] {
        [first @ .., end] if !first.is_empty() => format!("{} {last} {end}", first.join(", ")),
        _ => words.join(""),
    }
}

/// Defines enums whose variants are words: the variants stand once, with their spelling.
macro_rules! words {
    ($($(#[$attribute:meta])* pub enum $name:ident: $what:literal {
        $($(#[$of_variant:meta])* $variant:ident = $word:literal,)+
    })+) => {$(
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$of_variant])* $variant,)+ }

        impl $name {
            /// Every one.
            pub const ALL: &[$name] = &[$($name::$variant),+];

            /// The spelling.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl $crate::text::Words for $name {
            const WHAT: &'static str = $what;
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, $name::$variant)),+];
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    )+};
}
pub(crate) use words;
