//! The decisions of a run, as a value and as text.

use std::fmt;
use std::str::FromStr;

use super::turn::{AGENT, Turn};

/// The decisions of a run: made by a machine with [`Config::record`](crate::Config::record),
/// repeated by [`Policy::Replay`](crate::Policy::Replay). It is kept as text:
///
/// ```
/// use crossdock_emulator::Recording;
///
/// let text = "crossdock schedule 1\nturns: w0/64 w1/512:2 a0/8*3\nstores: 4-1\n";
/// let recording: Recording = text.parse()?;
/// assert_eq!(recording.to_string(), text);
/// # Ok::<(), String>(())
/// ```
///
/// Warp 0 executes up to 64 instructions, warp 1 up to 512 beginning with its group of lanes number
/// 2, and agent 0, a copy, has three turns. The fourth strong load that may find an old store finds
/// the one before the newest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    pub(super) turns: Vec<Turn>,
    pub(super) loads: u64,
    /// Loads, by number from 0, that found an old store, and how many stores before the newest.
    pub(super) old: Vec<(u64, u64)>,
}

const HEADER: &str = "crossdock schedule 1";

impl Recording {
    pub(super) fn turn(&mut self, turn: Turn) {
        self.turns.push(turn);
    }

    /// A load found the store that stands `back` before the newest.
    pub(super) fn load(&mut self, back: usize) {
        if back != 0 {
            self.old.push((self.loads, back as u64));
        }
        self.loads += 1;
    }
}

impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{HEADER}\nturns:")?;
        for same in self.turns.chunk_by(|a, b| a == b) {
            let Turn { warp, budget, group } = same[0];
            let kind = if warp & AGENT == 0 { 'w' } else { 'a' };
            write!(f, " {kind}{}/{budget}", warp & !AGENT)?;
            if let Some(group) = group {
                write!(f, ":{group}")?;
            }
            if same.len() > 1 {
                write!(f, "*{}", same.len())?;
            }
        }
        write!(f, "\nstores:")?;
        for (load, back) in &self.old {
            write!(f, " {load}-{back}")?;
        }
        writeln!(f)
    }
}

/// The most turns that one word of a text may stand for: what a run of hours makes.
const MOST_REPEATED: usize = 1 << 28;

impl FromStr for Recording {
    type Err = String;

    fn from_str(text: &str) -> Result<Recording, String> {
        let rest = text.trim_start().strip_prefix(HEADER);
        let rest = rest.ok_or_else(|| format!("a recorded schedule begins with `{HEADER}`"))?;
        let mut recording = Recording::default();
        let mut section = "";
        for word in rest.split_whitespace() {
            match (word, section) {
                ("turns:" | "stores:", _) => section = word,
                (_, "turns:") => {
                    let (turn, count) = turn(word).ok_or_else(|| {
                        format!("`{word}` is no turn; one looks like `w3/64`, `w3/64:1`, `a0/8` or `w3/64*2`")
                    })?;
                    recording.turns.extend(std::iter::repeat_n(turn, count));
                }
                (_, "stores:") => {
                    let pair = word
                        .split_once('-')
                        .and_then(|(load, back)| Some((load.parse().ok()?, back.parse().ok()?)));
                    let pair = pair.ok_or_else(|| format!("`{word}` is no store; one looks like `17-1`"))?;
                    recording.old.push(pair);
                }
                _ => return Err(format!("`{word}` stands where `turns:` or `stores:` should")),
            }
        }
        if !recording.old.is_sorted_by_key(|(load, _)| *load) {
            return Err("the loads after `stores:` must be in ascending order".into());
        }
        Ok(recording)
    }
}

/// Reads a turn and how often it comes.
fn turn(word: &str) -> Option<(Turn, usize)> {
    let (word, count) = match word.split_once('*') {
        Some((word, count)) => {
            (word, count.parse().ok().filter(|count| (1..=MOST_REPEATED).contains(count))?)
        }
        None => (word, 1),
    };
    let (who, how) = word.split_once('/')?;
    let (budget, group) = match how.split_once(':') {
        Some((budget, group)) => (budget, Some(group.parse().ok()?)),
        None => (how, None),
    };
    let budget = budget.parse().ok().filter(|budget| *budget > 0)?;
    let number: usize = who.get(1..)?.parse().ok().filter(|number| number & AGENT == 0)?;
    let warp = match who.as_bytes()[0] {
        b'w' => number,
        b'a' => number | AGENT,
        _ => return None,
    };
    Some((Turn { warp, budget, group }, count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A text is read as what was written.
        #[test]
        fn texts_are_read_back(
            turns in proptest::collection::vec((0..5usize, any::<bool>(), 1..600u32, proptest::option::of(0..4u32)), 0..40),
            backs in proptest::collection::vec(0..3usize, 0..20),
        ) {
            let mut recording = Recording::default();
            for (number, is_agent, budget, group) in turns {
                recording.turn(Turn { warp: if is_agent { number | AGENT } else { number }, budget, group });
            }
            for back in backs {
                recording.load(back);
            }
            let read: Recording = recording.to_string().parse().expect("its own text");
            prop_assert_eq!((read.turns, read.old), (recording.turns, recording.old));
        }

        /// No text makes it panic.
        #[test]
        fn other_texts_are_refused(text in "crossdock schedule 1 (turns:|stores:)( [wa0-9/:*-]{0,8}){0,6}") {
            let _ = text.parse::<Recording>();
        }
    }
}
