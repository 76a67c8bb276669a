//! Mistakes of a Rust file as rustc shows them: the sentence, the place, the line.

use std::fmt::Write;

use crossdock_codegen::Mistake;

/// Characters of a source line that are shown.
const MOST_SHOWN: usize = 160;

/// A file as the user named it, and as its modules name it.
pub(super) struct Text<'a> {
    pub(super) path: &'a str,
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

/// All mistakes, ready to follow the word `error`.
pub(super) fn render(mistakes: &[Mistake], file: &Text<'_>) -> String {
    mistakes.iter().map(|mistake| one(mistake, file)).collect::<Vec<_>>().join("\nerror: ")
}

fn one(mistake: &Mistake, file: &Text<'_>) -> String {
    let mut shown = mistake.message.clone();
    let (line, column) = (mistake.span.line, mistake.span.column as usize);
    if line == 0 {
        return shown;
    }
    let here = mistake.file == file.name;
    let path = if here { file.path } else { &mistake.file };
    let margin = " ".repeat(line.to_string().len());
    // Writing to a string does not fail.
    let _ = write!(shown, "\n{margin}--> {path}:{line}:{}", column + 1);
    let Some(source) = file.text.lines().nth(line as usize - 1).filter(|_| here) else { return shown };
    let visible: String = source.chars().take(MOST_SHOWN).collect();
    // Tabs stay tabs, so that the mark stands below its character.
    let before: String = visible.chars().take(column).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let _ = write!(shown, "\n{margin} |\n{line} | {}\n{margin} | {before}^", visible.trim_end());
    shown
}
