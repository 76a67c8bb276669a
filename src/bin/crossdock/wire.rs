//! How a wire format is spelled on the command line.

use crossdock::{Float8, Fp8, MOST_SIDES, Opaque, ScaleFormat, Wire};

const RULE: &str = "expected bf16, fp8 with options (e4m3 or e5m2; f32, power or ue8m0; elements per scale) such as \
                    fp8:e5m2:ue8m0:64, or opaque:ROW+SIDE+.. in bytes, such as opaque:3584+448";

/// The wire that the text names.
pub(crate) fn parse(text: &str) -> Result<Wire, String> {
    let (name, options) = text.split_once(':').map_or((text, None), |(name, options)| (name, Some(options)));
    match (name, options) {
        ("bf16", None) => Ok(Wire::Bf16),
        ("fp8", options) => fp8(options),
        ("opaque", Some(sizes)) => opaque(sizes),
        _ => Err(RULE.to_owned()),
    }
}

fn fp8(options: Option<&str>) -> Result<Wire, String> {
    let (mut element, mut scale, mut block) = (None, None, None);
    for option in options.into_iter().flat_map(|options| options.split(':')) {
        let given_before = match option {
            "e4m3" => element.replace(Float8::E4m3).is_some(),
            "e5m2" => element.replace(Float8::E5m2).is_some(),
            "f32" => scale.replace(ScaleFormat::F32).is_some(),
            "power" => scale.replace(ScaleFormat::PowerOfTwo).is_some(),
            "ue8m0" => scale.replace(ScaleFormat::Ue8m0).is_some(),
            number => block.replace(number.parse().map_err(|_| RULE)?).is_some(),
        };
        if given_before {
            return Err(format!("`{option}` is one option too many: {RULE}"));
        }
    }
    let usual = Fp8::DEEPSEEK_V3;
    Ok(Wire::Fp8(Fp8 {
        element: element.unwrap_or(usual.element),
        block: block.unwrap_or(usual.block),
        scale: scale.unwrap_or(usual.scale),
    }))
}

fn opaque(sizes: &str) -> Result<Wire, String> {
    let sizes: Vec<u32> = sizes.split('+').map(str::parse).collect::<Result<_, _>>().map_err(|_| RULE)?;
    let mut sides = [0; MOST_SIDES];
    match &sizes[..] {
        [_, given @ ..] if given.contains(&0) => Err(format!("a side tensor has bytes: {RULE}")),
        [row_bytes, given @ ..] if given.len() <= MOST_SIDES => {
            sides[..given.len()].copy_from_slice(given);
            Ok(Wire::Opaque(Opaque { row_bytes: *row_bytes, sides }))
        }
        _ => Err(format!("a row has at most {MOST_SIDES} side tensors: {RULE}")),
    }
}

/// The shortest spelling that [`parse`] reads.
pub(crate) fn word(wire: Wire) -> String {
    match wire {
        Wire::Bf16 => "bf16".to_owned(),
        Wire::Fp8(Fp8 { element, block, scale }) => {
            let mut word = "fp8".to_owned();
            if element == Float8::E5m2 {
                word += ":e5m2";
            }
            match scale {
                ScaleFormat::F32 => {}
                ScaleFormat::PowerOfTwo => word += ":power",
                ScaleFormat::Ue8m0 => word += ":ue8m0",
            }
            if block != Fp8::DEEPSEEK_V3.block {
                word += &format!(":{block}");
            }
            word
        }
        Wire::Opaque(Opaque { row_bytes, sides }) => {
            let given = sides.iter().filter(|bytes| **bytes > 0).map(|bytes| format!("+{bytes}"));
            format!("opaque:{row_bytes}{}", given.collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_read_back() {
        for text in
            ["bf16", "fp8", "fp8:e5m2", "fp8:e5m2:ue8m0:64", "fp8:power", "opaque:64", "opaque:3584+448+3"]
        {
            assert_eq!(word(parse(text).expect("a wire")), text);
        }
        assert_eq!(parse("fp8:32:f32:e4m3"), parse("fp8:32"));
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "",
            "bf16:2",
            "fp8:",
            "fp8:e3m4",
            "fp8:16:32",
            "opaque",
            "opaque:x",
            "opaque:16+0",
            "opaque:16+1+2+3+4+5",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
