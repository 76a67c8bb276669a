//! Draws the flags of a run from its seed. A run is the command line that repeats it.

use clap::Parser;
use crossdock::host::Layout;
use crossdock::{Float8, Fp8, Opaque, ScaleFormat, Wire};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::arguments::{Arguments, Command};
use crate::failure::Failure;
use crate::run::arguments::RunArguments;

/// The flags that the caller wants in every run.
pub(super) fn fixed(with: &str) -> Result<Vec<String>, Failure> {
    let words: Vec<String> = with.split_whitespace().map(str::to_owned).collect();
    for own in ["--schedule-seed", "--output", "--json", "--trace", "--help"] {
        if words.iter().any(|word| word.split('=').next() == Some(own)) {
            return Err(Failure::arguments(format!("--with takes no {own}: runs have their own")));
        }
    }
    parse(&words)?;
    Ok(words)
}

/// The dimension of a run that is large. One at most, so that runs stay short.
#[derive(Clone, Copy, PartialEq)]
enum Large {
    Ranks,
    Experts,
    TopK,
    Hidden,
    Nothing,
}

/// The flags of a run: the fixed ones, and for the others small ones of every kind, one of them
/// sometimes large.
pub(super) fn flags(fixed: &[String], seed: u64) -> Vec<String> {
    let mut random = Pcg64::seed_from_u64(seed);
    let given = |flag: &str| {
        let position = fixed.iter().position(|word| word.split('=').next() == Some(flag))?;
        let inside = fixed[position].split_once('=').map(|(_, value)| value);
        inside.or(fixed.get(position + 1).map(String::as_str))
    };
    let number = |flag: &str| given(flag).and_then(|value| value.parse::<u32>().ok());
    let mut flags = fixed.to_vec();
    let mut add = |flag: &str, value: String| {
        if given(flag).is_none() {
            flags.extend([flag.to_owned(), value]);
        }
    };
    // Every draw is made, given or not, so that one more fixed flag changes as little as possible.
    let large = match random.random_range(0..24) {
        0 => Large::Ranks,
        1 => Large::Experts,
        2 => Large::TopK,
        3 => Large::Hidden,
        _ => Large::Nothing,
    };
    let divides = |ranks: &u32| number("--experts").is_none_or(|experts| experts % ranks == 0);
    let candidates = if large == Large::Ranks { &[1, 16, 72][..] } else { &[1, 2, 3, 6, 8] };
    let counts: Vec<u32> = candidates.iter().copied().filter(divides).collect();
    let ranks = counts[random.random_range(0..counts.len())];
    let ranks = number("--gpus-per-node").unwrap_or(ranks).max(1);
    let per_rank = match large {
        Large::Experts => 2048 / ranks.min(2048),
        Large::TopK => random.random_range(5..=32),
        _ => random.random_range(1..=5),
    };
    let per_rank = per_rank.max(number("--top-k").unwrap_or(1).div_ceil(ranks));
    let experts = number("--experts").unwrap_or(ranks.saturating_mul(per_rank));
    let most = if large == Large::TopK { 32 } else { 9 };
    let top_k = random.random_range(1..=experts.clamp(1, most));
    let wire = match random.random_range(0..10) {
        0..=3 => "bf16".to_owned(),
        4 | 5 => "fp8".to_owned(),
        6..=8 => {
            let element = Float8::ALL[random.random_range(0..Float8::ALL.len())];
            let scale = ScaleFormat::ALL[random.random_range(0..ScaleFormat::ALL.len())];
            let block = [16, 32, 64, 128, 7][random.random_range(0..5)];
            Wire::Fp8(Fp8 { element, block, scale }).to_string()
        }
        _ => {
            let (row_bytes, side) = (16 * random.random_range(1..=20), random.random_range(1..=30));
            Wire::Opaque(Opaque { row_bytes, sides: [side, 0, 0, 0] }).to_string()
        }
    };
    let is_pre_quantised = random.random_bool(0.5);
    let target = ["sm_80", "sm_90"][random.random_range(0..2)];
    // A row of fp8 has twice as many elements.
    let is_odd = number("--hidden").is_some_and(|hidden| hidden % 16 != 0);
    let wire = if is_odd && wire.starts_with("fp8") { "bf16".to_owned() } else { wire };
    let is_fp8 = given("--wire").unwrap_or(&wire).starts_with("fp8");
    let has_tokens = given("--tokens-file").is_some();
    // Rows are multiples of 16 bytes; few of these widths are powers of two.
    let pieces = match large {
        Large::Hidden => 21..=2048,
        Large::Ranks | Large::Experts => 1..=4,
        Large::TopK | Large::Nothing => 1..=20,
    };
    let hidden = random.random_range(pieces) * if is_fp8 { 16 } else { 8 };
    let most = if large == Large::Nothing { 24 } else { 3 };
    let mut one = || if random.random_bool(0.1) { 0 } else { random.random_range(1..=most) };
    let tokens = one();
    // Ranks may bring different numbers of tokens.
    let each: Vec<String> = (0..ranks).map(|_| one().min(tokens).to_string()).collect();
    let differ = random.random_bool(0.3);
    let tokens_flag = if differ { each.join(",") } else { tokens.to_string() };
    let routing = match random.random_range(0..8) {
        0 => "one-expert".to_owned(),
        1 | 2 => format!("sparse:0.{}", random.random_range(1..=9)),
        3 => "zipf:1.5".to_owned(),
        _ => "uniform".to_owned(),
    };
    let layout = match random.random_range(0..4) {
        0 => Layout::ByExpert { alignment: [1, 3, 16][random.random_range(0..3)] },
        // Room for every selection at one expert.
        1 if large != Large::Hidden => Layout::Masked { capacity: (ranks * tokens * top_k).max(1) },
        _ => Layout::BySource,
    };
    let multiprocessors = match random.random_range(0..4) {
        0 => random.random_range(1..=3).to_string(),
        1 => "all".to_owned(),
        _ => "auto".to_owned(),
    };
    add("--sms", multiprocessors);
    add("--gpus-per-node", ranks.to_string());
    add("--experts", experts.to_string());
    let files = ["--tokens-file", "--topk-file", "--weights-file"].iter().any(|flag| given(flag).is_some());
    if !files {
        add("--tokens", tokens_flag);
        add("--hidden", hidden.to_string());
        add("--top-k", top_k.to_string());
        if given("--groups").is_none() {
            add("--routing", routing);
        }
    }
    let are_drawn = !files && number("--tokens").is_none() && number("--top-k").is_none();
    add("--layout", if are_drawn { layout } else { Layout::BySource }.to_string());
    add("--wire", if has_tokens && wire.starts_with("opaque") { "bf16".to_owned() } else { wire });
    add("--target", target.to_owned());
    add("--seed", seed.to_string());
    if is_fp8 && is_pre_quantised && given("--pre-quantised").is_none() {
        flags.push("--pre-quantised".to_owned());
    }
    flags.extend(["--schedule-seed".to_owned(), seed.to_string()]);
    flags
}

/// The arguments of `crossdock run` with these flags.
pub(super) fn parse(flags: &[String]) -> Result<RunArguments, Failure> {
    let words = ["crossdock", "run"].into_iter().chain(flags.iter().map(String::as_str));
    let parsed = Arguments::try_parse_from(words).map_err(|error| {
        let text = error.to_string();
        let sentence = text.lines().next().unwrap_or_default();
        Failure::arguments(format!("--with: {}", sentence.trim_start_matches("error: ")))
    })?;
    match parsed.command {
        Command::Run(arguments) => Ok(*arguments),
        _ => Err(Failure::arguments("--with takes flags of `crossdock run`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_draw_is_a_possible_run_and_all_kinds_come_up() {
        let all: Vec<RunArguments> =
            (0..300).map(|seed| parse(&flags(&[], seed)).expect("flags of a run")).collect();
        for arguments in &all {
            assert!(arguments.top_k.is_some_and(|top_k| top_k <= arguments.shape.experts), "{arguments:?}");
            assert_eq!(arguments.shape.experts % arguments.round.gpus_per_node, 0, "{arguments:?}");
        }
        let some = |holds: &dyn Fn(&RunArguments) -> bool| all.iter().any(holds);
        for ranks in [1, 2, 3, 6, 8, 16, 72] {
            assert!(some(&|arguments| arguments.round.gpus_per_node == ranks), "{ranks} ranks");
        }
        assert!(some(&|arguments| arguments.tokens.as_deref() == Some(&[0])));
        assert!(some(&|arguments| arguments.tokens.as_ref().is_some_and(|tokens| tokens.len() > 2)));
        assert!(some(&|arguments| arguments.shape.experts > 1500));
        assert!(some(&|arguments| arguments.top_k.is_some_and(|top_k| top_k > 16)));
        assert!(some(&|arguments| arguments.hidden.is_some_and(|hidden| hidden > 8192)));
        for layout in ["BySource", "ByExpert", "Masked"] {
            assert!(some(&|arguments| format!("{:?}", arguments.round.layout).contains(layout)), "{layout}");
        }
        for budget in ["Auto", "All", "Multiprocessors"] {
            assert!(some(&|arguments| format!("{:?}", arguments.sms).contains(budget)), "{budget}");
        }
        assert!(some(&|arguments| arguments.top_k.is_some_and(|top_k| top_k > 1 && top_k % 2 == 1)));
        for routing in ["OneExpert", "Sparse", "Zipf", "Uniform"] {
            assert!(some(&|arguments| format!("{:?}", arguments.routing).contains(routing)), "{routing}");
        }
        let floats = Float8::ALL.iter().map(|float| float.word());
        let scales = ScaleFormat::ALL.iter().map(|scale| scale.word());
        for wire in floats.chain(scales).chain(["bf16", "opaque"]) {
            assert!(some(&|arguments| arguments.shape.wire.to_string().contains(wire)), "{wire}");
        }
        assert!(some(&|arguments| arguments.pre_quantised));
        for target in ["sm_80", "sm_90"] {
            assert!(some(&|arguments| format!("{:?}", arguments.round.target).contains(target)), "{target}");
        }
    }

    #[test]
    fn fixed_flags_stay() {
        let fixed = fixed("--gpus-per-node 4 --wire=fp8 --tokens 3").expect("flags of a run");
        for seed in 0..50 {
            let arguments = parse(&flags(&fixed, seed)).expect("flags of a run");
            assert_eq!((arguments.round.gpus_per_node, arguments.tokens), (4, Some(vec![3])));
            assert_eq!(arguments.hidden.map(|hidden| hidden % 16), Some(0), "rows of fp8");
        }
        assert!(super::fixed("--schedule-seed 3").is_err());
        assert!(super::fixed("--no-such-flag").is_err());
    }
}
