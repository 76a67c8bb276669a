//! Messages of assertions.

use super::{Activation, Evaluator, Parameters};
use crate::Mistake;
use crate::ir::Expr;

impl<'p> Evaluator<'p> {
    pub(super) fn message(
        &self,
        activation: &mut Activation<'_, 'p>,
        message: &str,
        arguments: &[Expr],
    ) -> Result<String, Mistake> {
        let mut values = Vec::new();
        for argument in arguments {
            let value = self.value(activation, argument)?;
            values.push(value.first().map_or_else(String::new, |value| value.text()));
        }
        Ok(format_message(message, &values))
    }

    /// The text of a failed assertion in a function whose const parameters are known.
    pub(in crate::back) fn assertion(
        &self,
        module: usize,
        parameters: &Parameters,
        message: &str,
        arguments: &[Expr],
    ) -> Result<String, Mistake> {
        let mut activation = Activation { module, parameters, function: None, locals: Vec::new(), depth: 0 };
        self.message(&mut activation, message, arguments)
    }
}

/// Puts the values in place of each `{}`; `{{` and `}}` are braces.
fn format_message(message: &str, values: &[String]) -> String {
    let mut text = String::new();
    let mut values = values.iter();
    let mut rest = message.chars().peekable();
    while let Some(character) = rest.next() {
        match (character, rest.peek()) {
            ('{', Some('}')) => {
                rest.next();
                text.push_str(values.next().map_or("", String::as_str));
            }
            ('{', Some('{')) | ('}', Some('}')) => {
                rest.next();
                text.push(character);
            }
            _ => text.push(character),
        }
    }
    text
}
