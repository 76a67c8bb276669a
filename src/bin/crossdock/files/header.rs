//! The header of a `.npy` file: a Python dictionary with three entries. Headers are not trusted.
//!
//! Read here and not by a crate, because those that exist bring a grammar of all of Python's
//! literals, or read no bfloat16.

const MAGIC: &[u8] = b"\x93NUMPY";

/// What a header says of its array.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    /// The element type as NumPy spells it: `<f4`; `None` for records.
    pub(super) descriptor: Option<String>,
    /// Whether elements are in column order.
    pub(super) is_fortran: bool,
    pub(super) shape: Vec<usize>,
}

/// Bytes of the whole header, by the number in it.
pub(super) fn length(bytes: &[u8]) -> Result<usize, &'static str> {
    match *bytes {
        [] => Err("it is empty"),
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, _, low, high, ..] => {
            Ok(10 + usize::from(u16::from_le_bytes([low, high])))
        }
        [0x93, b'N', b'U', b'M', b'P', b'Y', 2..=255, _, a, b, c, d, ..] => {
            Ok(usize::try_from(u32::from_le_bytes([a, b, c, d]))
                .map_or(usize::MAX, |length| length.saturating_add(12)))
        }
        _ if bytes.starts_with(MAGIC) => Err("it ends within its header"),
        _ => Err("it does not begin with the bytes of that format"),
    }
}

impl Header {
    /// Reads a whole header.
    pub(super) fn read(bytes: &[u8]) -> Result<Header, String> {
        let (major, minor) = (bytes[6], bytes[7]);
        let text = match (major, minor) {
            (1, 0) => &bytes[10..],
            (2 | 3, 0) => &bytes[12..],
            _ => return Err(format!("unknown version number: {major}.{minor}")),
        };
        let text = std::str::from_utf8(text).map_err(|_| "the header is not text")?;
        let text = text.strip_suffix('\n').ok_or("newline missing at end of header")?;
        let mut rest = text.trim().strip_prefix('{').ok_or("the header is not a dictionary")?.trim_start();
        let (mut descriptor, mut is_fortran, mut shape) = (None, None, None);
        while !rest.starts_with('}') {
            let key = string(rest).ok_or("the header is not a dictionary")?;
            let (value, after) = value(rest[key.len() + 2..].trim_start())?;
            let illegal = || format!("illegal value for key {key}: {value}");
            match key {
                "descr" if value.starts_with('[') => descriptor = Some(None),
                "descr" => {
                    let whole = string(value).filter(|text| text.len() + 2 == value.len());
                    descriptor = Some(Some(whole.ok_or_else(illegal)?.to_owned()));
                }
                "fortran_order" => {
                    is_fortran = Some(match value {
                        "True" => true,
                        "False" => false,
                        _ => return Err(illegal()),
                    });
                }
                "shape" => shape = Some(extents(value).ok_or_else(illegal)?),
                _ => return Err(format!("unknown key: '{key}'")),
            }
            rest = after;
        }
        Ok(Header {
            descriptor: descriptor.ok_or("missing key: descr")?,
            is_fortran: is_fortran.ok_or("missing key: fortran_order")?,
            shape: shape.ok_or("missing key: shape")?,
        })
    }

    /// The header as a file begins with it, with blanks up to a multiple of 64 bytes.
    pub(super) fn bytes(descriptor: &str, shape: &[usize]) -> Vec<u8> {
        let extents: String = shape.iter().map(|extent| format!("{extent}, ")).collect();
        let text = format!("{{'descr': '{descriptor}', 'fortran_order': False, 'shape': ({extents}), }}");
        let length = (12 + text.len() + 1).next_multiple_of(64) - 12;
        let mut bytes = [MAGIC, &[2, 0], &(length as u32).to_le_bytes()].concat();
        bytes.extend(format!("{text:<0$}\n", length - 1).into_bytes());
        bytes
    }
}

/// What stands in quotation marks where the text begins.
fn string(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    text[1..].split_once(quote).map(|(inside, _)| inside).filter(|inside| !inside.contains('\\'))
}

/// The value after a colon, and what follows it and its comma.
fn value(text: &str) -> Result<(&str, &str), &'static str> {
    let text = text.strip_prefix(':').ok_or("the header is not a dictionary")?.trim_start();
    let (mut depth, mut quote) = (0usize, None);
    for (at, character) in text.char_indices() {
        match character {
            _ if quote.is_some() => quote = quote.filter(|&open| open != character),
            '\'' | '"' => quote = Some(character),
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => return Ok((text[..at].trim_end(), text[at + 1..].trim_start())),
            '}' if depth == 0 => return Ok((text[..at].trim_end(), &text[at..])),
            _ => {}
        }
    }
    Err("the header is not a dictionary")
}

/// The numbers of a tuple.
fn extents(text: &str) -> Option<Vec<usize>> {
    let inside = text.strip_prefix('(')?.strip_suffix(')')?.trim();
    if inside.is_empty() {
        return Some(Vec::new());
    }
    let (numbers, has_comma) =
        inside.strip_suffix(',').map_or((inside, inside.contains(',')), |all| (all, true));
    let numbers = numbers.split(',').map(|number| number.trim().parse().ok());
    numbers.collect::<Option<_>>().filter(|_| has_comma)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for shape in [vec![], vec![5], vec![4, 0, 16]] {
            let bytes = Header::bytes("<f4", &shape);
            assert_eq!((bytes.len() % 64, length(&bytes)), (0, Ok(bytes.len())));
            let header = Header { descriptor: Some("<f4".into()), is_fortran: false, shape };
            assert_eq!(Header::read(&bytes), Ok(header));
        }
    }

    #[test]
    fn other_texts_are_read_or_refused() {
        let read = |text: &str| Header::read(&[b"\x93NUMPY\x01\x00..", text.as_bytes(), b"\n"].concat());
        let tight = read("{\"shape\":(2,3),'fortran_order':True,'descr':'|V2'}   ").expect("it is legal");
        assert_eq!(
            (tight.descriptor.as_deref(), tight.is_fortran, tight.shape),
            (Some("|V2"), true, vec![2, 3])
        );
        let records =
            read("{'descr': [('x', '<f4'), ('y', '<i4')], 'fortran_order': False, 'shape': (3,), }");
        assert_eq!(records.map(|header| (header.descriptor, header.shape)), Ok((None, vec![3])));
        for (text, sentence) in [
            ("", "the header is not a dictionary"),
            ("{'descr' '<f4'}", "the header is not a dictionary"),
            ("{'descr': '<f4'", "the header is not a dictionary"),
            ("{'descr': '<f4', 'fortran_order': False}", "missing key: shape"),
            ("{'descr': 4}", "illegal value for key descr: 4"),
            ("{'shape': (4)}", "illegal value for key shape: (4)"),
            ("{'shape': (4, -1)}", "illegal value for key shape: (4, -1)"),
            ("{'fortran_order': 1}", "illegal value for key fortran_order: 1"),
        ] {
            assert_eq!(read(text), Err(sentence.to_owned()), "{text}");
        }
    }
}
