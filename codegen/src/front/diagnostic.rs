//! The sink that every phase of the front end reports to, so that all mistakes of a module come out
//! together.

use proc_macro2::Span;

/// One mistake in device code, at its own span.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The tokens at fault.
    pub span: Span,
    /// One sentence that says what to write instead.
    pub message: String,
}

/// Collects mistakes in the order in which they are found.
#[derive(Debug, Default)]
pub(super) struct Diagnostics {
    found: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Adds one mistake; the same sentence at the same place is kept once.
    pub(super) fn report(&mut self, span: Span, message: impl Into<String>) {
        let message = message.into();
        let place = |span: Span| (span.start().line, span.start().column);
        if !self.found.iter().any(|known| known.message == message && place(known.span) == place(span)) {
            self.found.push(Diagnostic { span, message });
        }
    }

    /// Adds all mistakes of a part.
    pub(super) fn absorb(&mut self, part: Diagnostics) {
        for mistake in part.found {
            self.report(mistake.span, mistake.message);
        }
    }

    /// How many mistakes were found so far.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    /// `value` if nothing was found.
    pub(super) fn finish<T>(mut self, value: T) -> Result<T, Vec<Diagnostic>> {
        if self.found.is_empty() {
            Ok(value)
        } else {
            self.found.sort_by_key(|mistake| (mistake.span.start().line, mistake.span.start().column));
            Err(self.found)
        }
    }
}
