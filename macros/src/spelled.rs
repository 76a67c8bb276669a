//! Tokens as the text that `crossdock-shape` reads, and its mistakes back at their tokens.

use std::ops::Range;
use std::str::FromStr;

use crossdock_shape::Mistake;
use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::{Error, Expr, parse2};

use crate::constant::number;

/// Splits fields at their commas.
pub(crate) fn fields(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ',');
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut fields: Vec<_> = tokens.split(is_comma).map(<[TokenTree]>::to_vec).collect();
    fields.pop_if(|last| last.is_empty());
    fields
}

/// The name of a field `name: value`, and its value.
pub(crate) fn named(field: &[TokenTree]) -> Option<(&Ident, &[TokenTree])> {
    match field {
        [TokenTree::Ident(name), TokenTree::Punct(colon), value @ ..] if colon.as_char() == ':' => {
            Some((name, value))
        }
        _ => None,
    }
}

/// A text in the making. Numbers in it are evaluated.
#[derive(Default)]
pub(crate) struct Spelled {
    text: String,
    /// The bytes of each piece of text and the first and last token that it stands for.
    pieces: Vec<(Range<usize>, [Span; 2])>,
    /// Where the values of named fields stand.
    values: Vec<(String, Span)>,
    /// What could not be evaluated.
    mistakes: Vec<Error>,
}

impl Spelled {
    fn push(&mut self, text: &str, spans: [Span; 2]) {
        let start = self.text.len();
        self.text += text;
        self.pieces.push((start..self.text.len(), spans));
        // Tokens do not run together.
        self.text.push(' ');
    }

    /// Adds a field.
    pub(crate) fn field(&mut self, field: &[TokenTree]) {
        match named(field) {
            Some((name, value)) => {
                self.push(&name.to_string(), [name.span(); 2]);
                self.push(":", [field[1].span(); 2]);
                let span = value.first().map_or(name.span(), TokenTree::span);
                self.values.push((name.to_string(), span));
                self.value(value);
            }
            None => self.tokens(field),
        }
        let end = field.last().map_or_else(Span::call_site, TokenTree::span);
        self.push(",", [end; 2]);
    }

    fn value(&mut self, value: &[TokenTree]) {
        match value {
            [TokenTree::Ident(word), rest @ ..] if rest.len() < 2 && is_word(word) => self.tokens(value),
            [TokenTree::Group(list)] if list.delimiter() == Delimiter::Bracket => {
                self.push("[", [list.span_open(); 2]);
                for number in fields(list.stream()) {
                    self.value(&number);
                    self.push(",", [list.span_close(); 2]);
                }
                self.push("]", [list.span_close(); 2]);
            }
            [] => {}
            [first, .., _] | [first] => {
                let tokens: TokenStream = value.iter().cloned().collect();
                let (span, last) = (tokens.span(), value.last().map_or(first.span(), TokenTree::span));
                let number =
                    parse2::<Expr>(tokens).and_then(|value| number(&value)).unwrap_or_else(|error| {
                        self.mistakes.push(error);
                        1
                    });
                if let Some((_, known)) = self.values.last_mut() {
                    *known = span;
                }
                self.push(&number.to_string(), [first.span(), last]);
            }
        }
    }

    /// Adds tokens as they stand; fields inside of parentheses are fields.
    fn tokens(&mut self, tokens: &[TokenTree]) {
        for token in tokens {
            match token {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                    self.push("(", [group.span_open(); 2]);
                    fields(group.stream()).iter().for_each(|field| self.field(field));
                    self.push(")", [group.span_close(); 2]);
                }
                other => self.push(&other.to_string(), [other.span(); 2]),
            }
        }
    }

    /// What the text spells. What is missing at its end is missing at `end`.
    pub(crate) fn read<T>(&mut self, end: Span) -> Result<T, Vec<Error>>
    where
        T: FromStr<Err = crossdock_shape::Error>,
    {
        let read = T::from_str(&self.text);
        let wrong = read.as_ref().err().map_or(&[][..], |error| &error.0);
        let mistakes: Vec<Error> = wrong.iter().map(|mistake| self.located(mistake, end)).collect();
        self.mistakes.extend(mistakes);
        read.ok().filter(|_| self.mistakes.is_empty()).ok_or_else(|| std::mem::take(&mut self.mistakes))
    }

    fn located(&self, mistake: &Mistake, end: Span) -> Error {
        let touched = |(bytes, _): &&(Range<usize>, _)| {
            bytes.start < mistake.at.end.max(mistake.at.start + 1) && mistake.at.start < bytes.end
        };
        let first = self.pieces.iter().find(touched).map_or(end, |(_, [first, _])| *first);
        let last = self.pieces.iter().rev().find(touched).map_or(end, |(_, [_, last])| *last);
        // An error reaches from the first token to the last.
        let [first, last] = [first, last].map(|span| Ident::new("x", span));
        Error::new_spanned(quote::quote!(#first #last), &mistake.message)
    }

    /// Where the value of the first of these fields stands that is written.
    pub(crate) fn span_of(&self, fields: &[&str]) -> Span {
        let of = |field: &&str| self.values.iter().find(|(name, _)| name == field).map(|(_, span)| *span);
        fields.iter().find_map(of).unwrap_or_else(Span::call_site)
    }
}

/// Whether a value is a word and not a constant, whose name a macro does not understand.
fn is_word(word: &Ident) -> bool {
    word.to_string().starts_with(|first: char| first.is_lowercase())
}
