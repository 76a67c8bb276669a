//! Whatever the tokens are, the front end answers: IR that the rest of the crate accepts, or
//! sentences.

use crossdock_codegen::{back, text};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use proptest::prelude::*;

use crate::modules::lower;

/// Rust that uses most of the language.
const SOURCE: &str = r#"
    use crossdock::intrinsics::*;
    pub const WARP: u32 = 32;
    pub const PARTS: usize = 2 * 2;
    #[derive(Clone, Copy)]
    #[repr(C, align(16))]
    pub struct Place { pub rank: u32, pub row: u32, weights: [f32; PARTS] }
    impl Place {
        pub const NOWHERE: Place = Place { rank: u32::MAX, row: 0, weights: [0.0; PARTS] };
        pub const fn is_somewhere(self) -> bool { self.rank != Self::NOWHERE.rank }
        fn moved<const BY: u32>(&self, up: bool) -> Self { Place { row: if up { self.row + BY } else { 0 }, rank: self.rank, weights: self.weights } }
    }
    #[derive(Clone, Copy, PartialEq)]
    #[repr(u8)]
    pub enum Wire { Bf16, Fp8 = 1 + 3, Other }
    impl Wire {
        const fn of(x: u32) -> Self { match x { 0 | 7..=9 => Self::Bf16, y if y > 20 => Wire::Other, _ => Wire::Fp8 } }
    }
    fn steps(wire: Wire, x: i64, up: bool) -> i64 {
        const STEP: i64 = i64::MAX.wrapping_add(7);
        let kind = 'kind: { if wire == Wire::Other { break 'kind 3; } wire as i64 };
        match (x, up) { (-5..0, true) => STEP, (y @ (1 | 2), _) => y * kind, (mut y, false) => loop { y += 1; if y > 9 { break y } }, _ => trap() }
    }
    const fn rows(bytes: u32, row: u32) -> u32 { bytes.div_ceil(row).next_multiple_of(4) - 1 }
    fn wait(flag: Peer<u32>, limit: u64) -> bool {
        let start = global_timer();
        'spin: loop {
            if flag.load(Acquire, System) == 1 { return true; }
            let mut tries = 0i64;
            while tries < 3 && flag.at(1u32).read() != 0 || tries == -1 { tries += 1; if tries > 2 { continue 'spin; } }
            if global_timer() - start > limit { break; }
        }
        false
    }
    #[kernel(warps = 8, max_registers = 64)]
    pub fn run<const N: u32>(places: Global<Place>, out: Peers<f32>, flags: Peers<u32>, count: u32) {
        const { assert!(N != 0 && 128 % N == 0, "{} does not divide {N}", N) }
        let cache = shared::<f32>(64);
        let (mut sum, _) = (0.0, lane());
        for i in 0..=count {
            let place = if i < N { places.at(i).read() } else { Place::NOWHERE };
            #[unroll]
            for k in 0..PARTS { sum = place.weights[k].mul_add(2.0f32, sum); }
            if place.is_somewhere() && wait(flags.rank(place.rank), 1 << 20) { out.rank(place.rank).at(place.row).write(sum); }
            cache.at(i & 63).write(shuffle_xor(sum, 1));
            block_barrier();
        }
        let values = [cache.read(), { sum += 1.0; sum }, f32::from_bits(count)];
        sum += steps(Wire::of(count), -3, N == 2).saturating_add(1).clamp(0, 9) as f32;
        let total = values[0] + values[2] * (rows(count, N) as f32);
        if total.is_nan() { trap() } else { out.rank(0).write(total) }
    }
"#;

/// What happens to one token.
#[derive(Clone, Debug)]
enum Change {
    Remove(usize),
    Repeat(usize),
    Copy(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        any::<usize>().prop_map(Change::Remove),
        any::<usize>().prop_map(Change::Repeat),
        any::<(usize, usize)>().prop_map(|(from, to)| Change::Copy(from, to)),
    ]
}

fn count(stream: &TokenStream) -> usize {
    let size = |token: TokenTree| match token {
        TokenTree::Group(group) => 1 + count(&group.stream()),
        _ => 1,
    };
    stream.clone().into_iter().map(size).sum()
}

fn token(stream: &TokenStream, position: &mut usize) -> Option<TokenTree> {
    for token_here in stream.clone() {
        if *position == 0 {
            return Some(token_here);
        }
        *position -= 1;
        if let TokenTree::Group(group) = &token_here
            && let Some(found) = token(&group.stream(), position)
        {
            return Some(found);
        }
    }
    None
}

/// The tokens with the one at `position` replaced.
fn replaced(
    stream: TokenStream,
    position: &mut Option<usize>,
    with: &dyn Fn(TokenTree) -> Vec<TokenTree>,
) -> TokenStream {
    let mut out = Vec::new();
    for here in stream {
        match position {
            Some(0) => {
                *position = None;
                out.extend(with(here));
                continue;
            }
            Some(left) => *left -= 1,
            None => {}
        }
        match here {
            TokenTree::Group(group) => {
                let inside = replaced(group.stream(), position, with);
                let mut again = Group::new(group.delimiter(), inside);
                again.set_span(group.span());
                out.push(TokenTree::Group(again));
            }
            other => out.push(other),
        }
    }
    out.into_iter().collect()
}

fn changed(stream: TokenStream, change: &Change) -> TokenStream {
    let size = count(&stream).max(1);
    match change {
        Change::Remove(at) => replaced(stream, &mut Some(at % size), &|_| Vec::new()),
        Change::Repeat(at) => replaced(stream, &mut Some(at % size), &|token| vec![token.clone(), token]),
        Change::Copy(from, to) => match token(&stream, &mut (from % size)) {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::None => stream,
            Some(copied) => replaced(stream, &mut Some(to % size), &|_| vec![copied.clone()]),
            None => stream,
        },
    }
}

/// Lowers if it parses; what is lowered travels as text and can be linked or is refused in words.
fn answers(source: &str) -> Option<bool> {
    syn::parse_file(source).ok()?;
    let accepted = match lower("code", source) {
        Ok(module) => {
            let text = text::print(&module);
            assert_eq!(text::parse(&text).as_ref(), Ok(&module), "{text}");
            let _ = back::link(vec![module]);
            true
        }
        Err(mistakes) => {
            assert!(mistakes.iter().all(|mistake| !mistake.message.is_empty()));
            false
        }
    };
    Some(accepted)
}

#[test]
fn the_whole_source_is_understood() {
    let module = crate::modules::lowered(SOURCE);
    if let Err(error) = back::link(vec![module]) {
        panic!("{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_tokens_never_panic(changes in prop::collection::vec(change(), 1..4)) {
        let mut stream: TokenStream = SOURCE.parse().expect("the source is tokens");
        for change in &changes {
            stream = changed(stream, change);
        }
        answers(&stream.to_string());
    }
}
