//! Spellings of before version 0.1, such as `fp8:ue8m0:64` or `expert:8`: they are refused,
//! with what to write instead.

use crate::text::{Error, Mistake, Words};
use crate::{Fp8, Layout, MOST_SIDES, Opaque, ScaleFormat, Wire};

/// What is wrong with `text` if it is an earlier spelling of `meant`.
pub(crate) fn refused(text: &str, meant: Option<impl std::fmt::Display>) -> Result<(), Error> {
    let message = |meant| format!("`{text}` is now written `{meant}`");
    meant.map_or(Ok(()), |meant| Err(Error(vec![Mistake { at: 0..text.len(), message: message(meant) }])))
}

/// The wire that an earlier spelling named.
pub(crate) fn wire(text: &str) -> Option<Wire> {
    let (format, options) = text.split_once(':')?;
    if format == "opaque" {
        let sizes: Vec<u32> = options.split('+').map(str::parse).collect::<Result<_, _>>().ok()?;
        let (&row_bytes, given) = sizes.split_first()?;
        let mut sides = [0; MOST_SIDES];
        sides.get_mut(..given.len())?.copy_from_slice(given);
        return Some(Wire::Opaque(Opaque { row_bytes, sides }));
    }
    let mut fp8 = (format == "fp8").then_some(Fp8::DEEPSEEK_V3)?;
    for option in options.split(':') {
        if let Some(element) = Words::of_word(option) {
            fp8.element = element;
        } else if let Some(scale) = Words::of_word(option) {
            fp8.scale = scale;
        } else if option == "power" {
            fp8.scale = ScaleFormat::PowerOfTwo;
        } else {
            fp8.block = option.parse().ok()?;
        }
    }
    Some(Wire::Fp8(fp8))
}

/// The layout that an earlier spelling named.
pub(crate) fn layout(text: &str) -> Option<Layout> {
    let (word, rows) = text.split_once(':').unwrap_or((text, ""));
    match word {
        "source" => Some(Layout::BySource),
        "expert" => Some(Layout::ByExpert { alignment: rows.parse().ok()? }),
        "masked" => Some(Layout::Masked { capacity: rows.parse().ok()? }),
        _ => None,
    }
}
