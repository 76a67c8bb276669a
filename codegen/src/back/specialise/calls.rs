//! Calls: a `const fn` of constants is run now, everything else is inlined.

use super::frame::{Frame, ResultPlace};
use super::statements::each_parameter;
use super::value::{Value, Want};
use super::{Outcome, STATEMENTS_OF_A_CALL, Specialiser};
use crate::back::evaluate::Parameters;
use crate::ir::{Expr, Path, Span, Type};

impl<'p> Specialiser<'p> {
    /// The value of a call.
    pub(super) fn call(
        &mut self,
        frame: &mut Frame<'p>,
        span: Span,
        path: &'p Path,
        const_arguments: &'p [Expr],
        arguments: &'p [Expr],
        want: &Want,
    ) -> Outcome<Vec<Value>> {
        let program = self.program;
        let Some((module, function)) = program.function(path) else {
            return Err(self.mistake(frame, span, format!("there is no function `{path}`")));
        };
        self.statements += STATEMENTS_OF_A_CALL;
        let mut parameters = Parameters::new();
        let mut origins = std::collections::BTreeMap::new();
        for ((name, _), argument) in function.const_parameters.iter().zip(const_arguments) {
            let value = self
                .evaluator
                .expression(frame.module, &frame.parameters, argument)
                .map_err(|mistake| self.record(mistake))?;
            let [value] = value.as_slice() else {
                return Err(self.mistake(frame, argument.span, "a const argument must be a scalar"));
            };
            parameters.insert(name.clone(), *value);
            let mut from: Vec<String> = Vec::new();
            each_parameter(argument, &mut |mentioned| {
                for origin in frame.origins.get(mentioned).into_iter().flatten() {
                    if !from.contains(origin) {
                        from.push(origin.clone());
                    }
                }
            });
            origins.insert(name.clone(), from);
        }
        let mut inner = Frame::new(module, function, parameters);
        inner.origins = origins;
        let leaves = program.modules[module].krate() != self.krate;
        inner.outside = frame.outside.or_else(|| leaves.then_some((frame.module, span)));
        inner.site = frame.site.clone();
        inner.site.push(std::ptr::from_ref(path) as usize);
        for (local, argument) in arguments.iter().enumerate().take(function.parameters) {
            let name = inner.name(local);
            let into = match inner.varies[local] {
                true => Some(self.homes(&mut inner, local, span)?),
                false => None,
            };
            let values = self.value(frame, argument, &Want { name: Some(name.to_string()), into })?;
            inner.locals[local] = Some(values);
        }
        if let Some(value) = self.known(path, &inner, arguments.len()) {
            return Ok(value);
        }
        for local in 0..arguments.len().min(function.parameters) {
            if inner.varies[local] {
                self.arrive_home(&mut inner, local, span)?;
            }
        }
        inner.result = ResultPlace { is_kernel: false, want: want.clone(), value: None, joined: None };
        let source = self.body.source();
        self.block(&mut inner, &function.body)?;
        self.body.set_source(source);
        for home in inner.homes.iter().flatten().flatten() {
            self.homes.remove(home);
        }
        let count = self.count(&inner, &function.result, span)?;
        let result: Vec<Value> = match inner.result {
            ResultPlace { joined: Some((registers, end)), .. } => {
                self.body.place(end);
                registers.into_iter().map(Value::Register).collect()
            }
            ResultPlace { value: Some(value), .. } => value,
            ResultPlace { .. } => Vec::new(),
        };
        // A function that ends in an endless loop or a mistake has no value, whatever its type.
        match result.len() == count {
            true => Ok(result),
            false => Err(self.missing_result(frame, span)),
        }
    }

    fn missing_result(&mut self, frame: &Frame<'_>, span: Span) -> super::Stop {
        match self.mistakes.is_empty() {
            true => self.mistake(frame, span, "this call never returns a value"),
            false => super::Stop::Recorded,
        }
    }

    /// A varying parameter starts out in its home, except for constants.
    fn arrive_home(&mut self, inner: &mut Frame<'p>, local: usize, span: Span) -> Outcome<()> {
        let homes = self.homes(inner, local, span)?;
        if let Some(values) = inner.locals[local].as_mut() {
            for (value, home) in values.iter_mut().zip(homes) {
                if !matches!(value, Value::Constant(_)) {
                    self.move_into(home, value);
                    *value = Value::Register(home);
                }
            }
        }
        Ok(())
    }

    /// The value of a `const fn` whose arguments are all constant. A run that fails is no mistake:
    /// code at run time may wrap where a constant expression may not, so the call is inlined
    /// instead.
    fn known(&self, path: &Path, inner: &Frame<'p>, arguments: usize) -> Option<Vec<Value>> {
        if !inner.function.is_const || inner.function.result == Type::Unit {
            return None;
        }
        let mut constants = Vec::new();
        for values in inner.locals.iter().take(arguments) {
            let values = values.as_ref()?.iter().map(|value| match value {
                Value::Constant(constant) => Some(*constant),
                _ => None,
            });
            constants.push(values.collect::<Option<Vec<_>>>()?);
        }
        let value = self.evaluator.call(path, &inner.parameters, constants).ok()?;
        Some(value.into_iter().map(Value::Constant).collect())
    }
}
